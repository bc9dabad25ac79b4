import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore

@testable import VoiceEngineProviders
@testable import VoiceEngineSession

/// When the caller's turn is over, whoever says so. Words are reported 100 ms after they were spoken, a settled
/// transcript comes 40 ms after it was asked for; the model answers after 200 ms.
@Suite struct EndOfTurnTests {
    private static func finals(_ call: ScriptedCall) -> [String] {
        call.story.split(separator: "\n").filter { $0.contains("final") }.map(String.init)
    }

    // MARK: - Late words

    /// A recogniser of whole utterances somewhere far away: each request takes `time`.
    private final class SlowWriter: SpeechToTextProvider, @unchecked Sendable {
        final class Ears: UtteranceRecogniser {
            final class Request: UtteranceRequest {
                var isCancelled = false
                func cancel() { isCancelled = true }
            }

            let provider: SlowWriter
            let loop: any EventLoop

            init(_ provider: SlowWriter, _ loop: any EventLoop) { (self.provider, self.loop) = (provider, loop) }

            func prepare() {}
            func close() {}
            func recognise(_ samples: [Int16], _ completion: @escaping Completion) -> any UtteranceRequest {
                let request = Request()
                let text = provider.texts[min(provider.requests, provider.texts.count - 1)]
                provider.requests += 1
                loop.schedule(at: loop.milliseconds + provider.time) {
                    if !request.isCancelled { completion(.success(text)) }
                }
                return request
            }
        }

        let name = "writer"
        let time: Int64
        let texts: [String]
        var requests = 0

        init(time: Int64, texts: [String]) { (self.time, self.texts) = (time, texts) }

        func format(for native: AudioFormat) -> AudioFormat { native }
        func open(
            _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
        ) -> any SpeechToTextStream {
            WholeUtteranceStream(
                sampleRate: 8_000, context: context, recogniser: Ears(self, context.eventLoop), sink: sink)
        }
    }

    private func call(writer: SlowWriter, greeting: String? = nil) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        let call = try ScriptedCall(policy: policy) { providers in
            providers.speechToText = ProviderChain(
                ProviderLink(writer, health: ProviderHealth(role: .speechToText, provider: writer.name)))
        }
        call.mind.answers = [ScriptedAnswer(text: "We open at nine.")]
        return call
    }

    @Test func wordsThatComeAfterTheWaitAreTheCallersTurn() throws {
        let call = try call(writer: SlowWriter(time: 3_000, texts: ["when do you open"]))
        try call.play(
            """
            1000 caller "" 600
            9000 gone
            """)
        #expect(Self.finals(call) == ["4760 final \"when do you open\""])
        #expect(call.mind.requests.map(\.messages) == [[.user("when do you open")]])
        call.expectNothingLeft()
    }

    @Test func whoGoesOnBeforeTheWordsComeLosesNone() throws {
        let call = try call(writer: SlowWriter(time: 3_000, texts: ["cancelled", "a table for two please"]))
        try call.play(
            """
            1000 caller "" 600
            4000 caller "" 600
            12000 gone
            """)
        #expect(Self.finals(call) == ["7760 final \"a table for two please\""])
        call.expectNothingLeft()
    }

    @Test func aNoiseThatTheRecogniserTakesLongOverIsForgotten() throws {
        let writer = SlowWriter(time: 3_000, texts: ["", "hello"])
        let call = try call(writer: writer)
        try call.play(
            """
            1000 caller "" 300
            8000 caller "" 600
            14000 gone
            """)
        #expect(Self.finals(call) == ["11760 final \"hello\""] && writer.requests == 2)
        call.expectNothingLeft()
    }

    @Test func aWordOverTheAgentThatIsUnderstoodLateStillStopsIt() throws {
        let call = try call(
            writer: SlowWriter(time: 1_500, texts: ["stop it now"]),
            greeting: "one two three four five six seven eight nine ten eleven twelve one two three four five six seven"
        )
        try call.play(
            """
            1000 caller "" 400
            9000 gone
            """)
        let lines = call.story.split(separator: "\n").map(String.init)
        // Pause at 1560, 500 ms without words: the agent goes on, until they are there at 3060.
        #expect(lines.contains { $0.contains("barge-in resumed") })
        #expect(Self.finals(call) == ["3060 final \"stop it now\""])
        #expect(lines.contains { $0.hasPrefix("3060 heard") && $0.hasSuffix("interrupted") })
        call.expectNothingLeft()
    }

    // MARK: - What was asked for

    @Test func aNumberMayPause() throws {
        var policy = SessionPolicy()
        policy.greeting = "What is your phone number?"
        let call = try ScriptedCall(policy: policy)
        try call.play(
            """
            2000 caller "555 0142" 1000
            4200 caller "77 88 99" 1000
            12000 gone
            """)
        // Silence of 1200 ms is inside the number, 1500 ms end it; the transcript takes 40.
        #expect(Self.finals(call) == ["6740 final \"555 0142 77 88 99\""])
        call.expectNothingLeft()
    }

    @Test func theNextQuestionIsAnsweredAtOnce() throws {
        var policy = SessionPolicy()
        policy.greeting = "What is your phone number?"
        let call = try ScriptedCall(policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "Shall I book it?")]
        try call.play(
            """
            2000 caller "555 0142 77 88 99" 1000
            7000 caller "yes please" 600
            12000 gone
            """)
        #expect(
            Self.finals(call) == ["4540 final \"555 0142 77 88 99\"", "7940 final \"yes please\""])
        call.expectNothingLeft()
    }

    // MARK: - The sound

    private func call(_ sound: ScriptedSound, greeting: String? = nil) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = greeting
        return try ScriptedCall(policy: policy) { $0.endOfTurn = sound }
    }

    @Test func aPauseThatSoundsUnfinishedIsWaitedFor() throws {
        let sound = ScriptedSound(answers: [0.1, 0.9])
        let call = try call(sound)
        try call.play(
            """
            1000 caller "a table" 600
            2300 caller "by the window" 600
            6000 gone
            """)
        #expect(Self.finals(call) == ["3240 final \"a table by the window\""])
        // From half a second before the voice to the pause.
        #expect(sound.lengths == [(500 + 600 + 160) * 8, (500 + 1_900 + 160) * 8])
        call.expectNothingLeft()
    }

    @Test func aPauseThatSoundsUnfinishedAndIsNotEndsLater() throws {
        let call = try call(ScriptedSound(answers: [0.1]))
        try call.play(
            """
            1000 caller "a table" 600
            6000 gone
            """)
        #expect(Self.finals(call) == ["2540 final \"a table\""])
        call.expectNothingLeft()
    }

    @Test func aModelThatIsLateIsNotWaitedFor() throws {
        let call = try call(ScriptedSound(answers: [0.1], time: 400))
        try call.play(
            """
            1000 caller "a table" 600
            6000 gone
            """)
        #expect(Self.finals(call) == ["1940 final \"a table\""])
        call.expectNothingLeft()
    }

    @Test func aNumberThatSoundsFinishedWaitsLess() throws {
        let call = try call(ScriptedSound(answers: [0.9]), greeting: "What is your phone number?")
        try call.play(
            """
            2000 caller "555 0142 77 88 99" 1000
            8000 gone
            """)
        #expect(Self.finals(call) == ["3940 final \"555 0142 77 88 99\""])
        call.expectNothingLeft()
    }

    // MARK: - The recogniser's own signs

    private final class Signs: SpeechToTextProvider, @unchecked Sendable {
        let ears: ScriptedRecogniser
        let endOfTurnEvidence: EndOfTurnEvidence
        var name: String { ears.name }

        init(_ ears: ScriptedRecogniser, _ evidence: EndOfTurnEvidence) {
            (self.ears, endOfTurnEvidence) = (ears, evidence)
        }

        func format(for native: AudioFormat) -> AudioFormat { native }
        func open(
            _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
        ) -> any SpeechToTextStream { ears.open(context, format: format, sink: sink) }
    }

    /// - Parameter signs: What the recogniser says, and when. [ms]
    private func finals(
        evidence: EndOfTurnEvidence, signs: [(Int64, SpeechToTextEvent)], _ script: String
    ) throws -> [String] {
        let ears = ScriptedRecogniser()
        let call = try ScriptedCall { providers in
            providers.speechToText = ProviderChain(
                ProviderLink(
                    Signs(ears, evidence), health: ProviderHealth(role: .speechToText, provider: ears.name)))
        }
        ears.caller(says: "book a table for", from: 1_000, for: 800, on: call.loop)
        for (time, sign) in signs { call.loop.schedule(at: time) { ears.open.last?.sink(sign) } }
        try call.play(script)
        let finals = Self.finals(call)
        call.expectNothingLeft()
        return finals
    }

    private static let hanging = """
        1000 caller "" 800
        6000 gone
        """

    @Test func theRecognisersJudgementEndsWhatHangs() throws {
        let finals = try finals(evidence: .meaning, signs: [(2_000, .endOfTurn)], Self.hanging)
        #expect(finals == ["2000 final \"book a table for\""])
    }

    @Test func itsSilenceDoesNot() throws {
        let finals = try finals(evidence: .silence, signs: [(2_000, .endOfTurn)], Self.hanging)
        #expect(finals == ["2700 final \"book a table for\""])
    }

    @Test func aTurnThatIsTakenBackGoesOn() throws {
        // The detector does not hear that the caller goes on, the recogniser does.
        let finals = try finals(
            evidence: .meaning, signs: [(2_000, .earlyEndOfTurn), (2_600, .turnResumed), (3_300, .endOfTurn)],
            Self.hanging)
        #expect(finals == ["3300 final \"book a table for\""])
    }

    @Test func whatIsCommittedStaysSo() throws {
        let finals = try finals(
            evidence: .meaning, signs: [(2_000, .endOfTurn), (2_050, .turnResumed), (2_100, .turnStarted)],
            Self.hanging)
        #expect(finals == ["2000 final \"book a table for\""])
    }

    @Test func anEndThatIsToldAfterTheCallerWentOnIsOfThePauseBefore() throws {
        let finals = try finals(
            evidence: .meaning, signs: [(2_150, .endOfTurn)],
            """
            1000 caller "" 800
            2100 caller "" 400
            6000 gone
            """)
        #expect(finals == ["3400 final \"book a table for\""])
    }

    // MARK: - The wait

    @Test func aQuickRecogniserThatStaysSilentIsNotWaitedForLong() throws {
        let call = try ScriptedCall()
        try call.start()
        for turn in 0..<25 {
            let start = Int64(turn) * 5_000 + 1_000
            call.caller(says: "hello", at: start, for: 400)
            if turn == 22 { call.ears.settle = nil }
            call.run(until: start + 4_000)
        }
        let finals = Self.finals(call).compactMap { Int64($0.prefix { $0 != " " }) }
        let delays = finals.enumerated().map { $0.element - Int64($0.offset) * 5_000 - 1_400 }
        // 40 ms are usual, 150 are waited then; more and more as it stays silent.
        #expect(delays[..<22].allSatisfy { $0 == 340 } && delays[22] == 450)
        #expect(delays[24] > 450 && delays[24] < 700)
        call.session?.carrierClosed(reason: "the caller hung up")
        call.expectNothingLeft()
    }

    // MARK: - Echo

    /// A voice whose level changes as speech does, 200 ms a word.
    private final class WavingVoice: TextToSpeechProvider, @unchecked Sendable {
        final class Stream: TextToSpeechStream {
            let loop: any EventLoop
            var sink: ((TextToSpeechEvent) -> Void)?
            var random = SeededNumbers(state: 3)

            init(_ loop: any EventLoop, _ sink: @escaping (TextToSpeechEvent) -> Void) {
                (self.loop, self.sink) = (loop, sink)
            }

            func speak(_ text: String, as segment: SegmentID) {
                var samples: [Int16] = []
                for step in 0..<(10 * text.split(separator: " ").count) {
                    let level = step % 11 > 8 ? 100 : Int16(1_500 + random.next() % 6_500)
                    samples += (0..<160).map { ($0 / 8).isMultiple(of: 2) ? level : -level }
                }
                loop.schedule(at: loop.milliseconds + 10) { [weak self] in
                    samples.withUnsafeBytes { self?.sink?(.audio(segment, $0)) }
                    self?.sink?(.completed(segment))
                }
            }

            func finish(_ turn: TurnID) {}
            func cancel(_ turn: TurnID) {}
            func holdAudio(_ hold: Bool) {}
            func close() { sink = nil }
        }

        let name = "waves"
        func format(for native: AudioFormat) -> AudioFormat { native }
        func open(
            _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
        ) -> any TextToSpeechStream { Stream(context.eventLoop, sink) }
    }

    /// The caller's line repeats what is played 100 ms later, 20 dB lower. After 8 s the line is known; after 17 s the
    /// caller speaks.
    @Test func theAgentsEchoIsNotTheCaller() throws {
        var policy = SessionPolicy()
        policy.greeting = Array(repeating: "one two three four five six", count: 20).joined(separator: " ")
        let voice = WavingVoice()
        let call = try ScriptedCall(.callback, detects: false, policy: policy) { providers in
            providers.textToSpeech = ProviderChain(
                ProviderLink(voice, health: ProviderHealth(role: .textToSpeech, provider: voice.name)))
        }
        try call.start()
        var random = SeededNumbers(state: 7)
        for step in 1...900 {
            call.loop.advanceTime(by: .milliseconds(20))
            let played = call.carrier.heard
            let first = played.count - 800 - 160
            var frame = (first..<first + 160).map { played.indices.contains($0) ? played[$0] / 10 : 0 }
            if step > 850 {
                let level = Int16(random.next() % 3_000) + 6_000
                frame = frame.indices.map { ($0 / 8).isMultiple(of: 2) ? level : -level }
            }
            frame.withUnsafeBytes { call.session?.receive($0) }
            call.loop.run()
        }
        let starts = call.events.filter { $0.kind == .callerStarted }.map { ($0.time - .zero).wholeMilliseconds }
        #expect(starts.filter { (8_000..<16_900).contains($0) }.isEmpty, "\(starts)")
        #expect(starts.contains { $0 >= 16_900 && $0 < 17_100 }, "\(starts)")
        call.session?.carrierClosed(reason: "the caller hung up")
        call.expectNothingLeft()
    }

    private struct SeededNumbers {
        var state: UInt32
        mutating func next() -> UInt32 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return state >> 8
        }
    }
}

/// The neural detector behind its gate: what it is given, at which positions.
@Suite struct NeuralDetectorTests {
    private final class Ears: VoiceActivityProvider, @unchecked Sendable {
        final class Stream: VoiceActivityStream {
            let ears: Ears
            init(_ ears: Ears) { self.ears = ears }
            func send(_ samples: UnsafeBufferPointer<Int16>) {
                ears.log.append((ears.position, Array(samples)))
                ears.position += samples.count
            }
            func skip(_ count: Int64) { ears.position += Int(count) }
            func close() {}
        }

        let name = "ears"
        var position = 0
        var log: [(position: Int, samples: [Int16])] = []

        func open(_ context: ProviderContext, sink: @escaping (SpeechWindow) -> Void) -> any VoiceActivityStream {
            Stream(self)
        }
    }

    @Test func isGivenOnlyWhatMatters() throws {
        let ears = Ears()
        let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
        let detector = NeuralDetector(provider: ears, format: format)
        detector.open(ProviderContext(callID: "call", eventLoop: EmbeddedEventLoop(), log: .none)) { _ in }
        // Windows of 10 ms: sound at 2 s and at 10 s, for 100 ms each.
        for index in 0..<1_500 {
            let samples = (0..<80).map { Int16((index * 80 + $0) % 30_000) }
            samples.withUnsafeBufferPointer { detector.take($0) }
            let isSound = (200..<210).contains(index) || (1_000..<1_010).contains(index)
            detector.heard(
                SpeechWindow(start: Int64(index * 80), count: 80, probability: isSound ? 0.9 : 0.1),
                isInUtterance: false)
        }
        // Every sample at its own position.
        for (position, samples) in ears.log {
            #expect(samples == samples.indices.map { Int16((position + $0) % 30_000) })
        }
        #expect(ears.log.map(\.position).first == (200 - 10) * 80)
        // Twice 100 ms before, 100 ms of sound, and a second behind it.
        let given = ears.log.reduce(0) { $0 + $1.samples.count }
        #expect(given == 2 * (800 + 800 + 8_000))
    }
}
