import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// A scripted voice that delivers 8 kHz whatever is asked, so that recordings are exact to the sample.
private struct TelephoneVoice: TextToSpeechProvider {
    let voice: ScriptedVoice

    var name: String { voice.name }

    func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: 8_000)) ?? .telephone
    }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream { voice.open(context, format: format, sink: sink) }
}

/// Clips with the voice that makes them.
private struct Studio {
    let recorder = ScriptedVoice(name: "voice")
    let cache = ClipCache()

    init() { recorder.spells = true }

    var clips: VoiceClips { VoiceClips(cache: cache, key: "voice", voice: TelephoneVoice(voice: recorder)) }

    func record(_ texts: [String]) {
        let loop = EmbeddedEventLoop()
        let context = ProviderContext(callID: "studio", eventLoop: loop, log: .none)
        clips.record(texts.map { ClipScript($0, policy: SessionPolicy()) }, with: context)
        loop.advanceTime(by: .seconds(60))
    }

    func call(
        _ kind: RecordingCarrier.Kind = .wire, _ change: (inout SessionPolicy) -> Void
    ) throws -> ScriptedCall {
        var policy = SessionPolicy()
        change(&policy)
        let call = try ScriptedCall(kind, policy: policy) { $0.clips = clips }
        call.voice.spells = true
        return call
    }
}

extension ScriptedCall {
    /// The whole words that the caller heard.
    fileprivate var heardWords: [String] {
        Spelling.words(in: carrier.heard).filter { $0.samples > 800 }.map(\.word)
    }

    fileprivate func time(of kind: SessionEvent.Kind) -> Int64? {
        events.first { $0.kind == kind }.map { ($0.time - .zero).wholeMilliseconds }
    }
}

/// What is said in every call is recorded once, and known as exactly as what is spoken live.
@Suite struct ClipTests {
    private let greeting = "One two three four five six."

    @Test(arguments: RecordingCarrier.Kind.allCases)
    func theGreetingSoundsWithinOneFrame(kind: RecordingCarrier.Kind) throws {
        let studio = Studio()
        studio.record([greeting])
        let call = try studio.call(kind) { $0.greeting = greeting }
        try call.play("4000 gone")
        #expect(try #require(call.time(of: .agentStarted)) <= 20)
        #expect(call.heardWords == ["one", "two", "three", "four", "five", "six"])
        #expect(call.story.contains("heard \"\(greeting)\"\n"))
        #expect(call.voice.spoken.isEmpty, "nothing is paid for twice")
        call.expectNothingLeft()
    }

    @Test(arguments: RecordingCarrier.Kind.allCases)
    func whatWasHeardOfARecordingIsCutAtTheWord(kind: RecordingCarrier.Kind) throws {
        for start in stride(from: Int64(120), through: 1_000, by: 80) {
            let studio = Studio()
            studio.record([greeting])
            let call = try studio.call(kind) { $0.greeting = greeting }
            try call.play("\(start) caller \"stop please now\" 500\n6000 gone")
            let heard = try #require(call.events.first { $0.kind == .agentHeard })
            #expect(heard.flags.contains(.interrupted), "\(start)")
            let words = heard.text.lowercased().filter { $0 != "." }.split(separator: " ").map(String.init)
            let spoken = Spelling.words(in: call.carrier.heard)
                .filter { Spelling.words.prefix(6).contains($0.word) && $0.samples > 64 }
            let halves = spoken.filter { $0.samples > 800 }.count
            // Within a fade of the middle of a word either is right.
            let isClose = spoken.contains { abs($0.samples - 800) <= 100 }
            #expect(words == Spelling.words.prefix(words.count).map { $0 }, "\(start)")
            #expect(words.count == halves || isClose && abs(words.count - halves) == 1, "\(start): \(words) \(spoken)")
            call.expectNothingLeft()
        }
    }

    @Test func aTextOfTheCallIsRecordedOnceTwoCallsHaveSaidIt() throws {
        let studio = Studio()
        for (number, recordings) in [(1, 0), (2, 1), (3, 1)] {
            let call = try studio.call { $0.greeting = greeting }
            try call.play("5000 gone")
            #expect(call.heardWords.count == 6)
            #expect(call.voice.spoken.count == (number == 3 ? 0 : 1), "call \(number)")
            #expect(studio.recorder.spoken.count == recordings, "call \(number)")
            call.expectNothingLeft()
        }
        #expect(studio.recorder.open == 0)
    }

    @Test func anotherTextOrVoiceHasAClipOfItsOwn() throws {
        let studio = Studio()
        studio.record([greeting])
        let call = try studio.call { $0.greeting = "One two." }
        try call.play("3000 gone")
        #expect(call.voice.spoken == ["One two."])
        let other = VoiceClips(cache: studio.cache, key: "other", voice: TelephoneVoice(voice: ScriptedVoice()))
        #expect(other.rendering(of: ClipScript(greeting, policy: SessionPolicy()), at: 8_000) == nil)
    }

    @Test func aTextThatTheHostSaysIsSpokenLive() throws {
        let studio = Studio()
        studio.record(["One two."])
        let call = try studio.call { _ in }
        try call.play("500 say \"One two.\"\n3000 gone")
        #expect(call.voice.spoken == ["One two."])
    }

    @Test func severalSegmentsAreOneClip() throws {
        let studio = Studio()
        let text = "One two three four. Five six seven. Eight nine ten."
        studio.record([text])
        #expect(studio.recorder.spoken.count > 1)
        let call = try studio.call { $0.greeting = text }
        try call.play("5000 gone")
        #expect(call.heardWords.count == 10)
        #expect(call.events.filter { $0.kind == .agentText }.map(\.text) == studio.recorder.spoken)
        #expect(call.story.contains("heard \"\(text)\"\n"))
    }

    @Test func theCacheIsBounded() {
        let cache = ClipCache(largest: 100_000, most: 10)
        let voice = ScriptedVoice()
        let clips = VoiceClips(cache: cache, key: "v", voice: TelephoneVoice(voice: voice))
        let loop = EmbeddedEventLoop()
        let context = ProviderContext(callID: "studio", eventLoop: loop, log: .none)
        for number in 0..<40 {
            // One word: 200 ms, 3,200 bytes; ten: 32,000.
            let text = Array(repeating: "w\(number)", count: number.isMultiple(of: 2) ? 1 : 10).joined(separator: " ")
            clips.record([ClipScript(text, policy: SessionPolicy())], with: context)
            loop.advanceTime(by: .seconds(5))
            #expect(cache.count <= 10 && cache.size <= 100_000 + 32_000)
        }
        #expect(voice.spoken.count == 40 && voice.open == 0)
    }
}

/// Something to hear while the answer is slow to come.
@Suite struct FillerTests {
    private func call(
        _ kind: RecordingCarrier.Kind = .wire, texts: [String] = ["Seven eight."], after: Int64 = 1_200,
        answer: Int64 = 3_000
    ) throws -> ScriptedCall {
        let studio = Studio()
        studio.record(texts)
        let call = try studio.call(kind) {
            $0.manners.fillerAfter = .milliseconds(after)
            $0.manners.fillers = texts
        }
        call.mind.answers = [ScriptedAnswer(text: "One two three.", after: answer)]
        return call
    }

    private func fillers(_ call: ScriptedCall) -> [String] {
        call.events.filter { $0.kind == .agentText && $0.name == "filler" }.map {
            "\(($0.time - .zero).wholeMilliseconds) \($0.text)"
        }
    }

    @Test(arguments: RecordingCarrier.Kind.allCases)
    func isHeardBeforeALateAnswer(kind: RecordingCarrier.Kind) throws {
        let call = try call(kind)
        try call.play("1000 type \"hi\"\n9000 gone")
        #expect(fillers(call) == ["2200 Seven eight."])
        #expect(call.heardWords == ["seven", "eight", "one", "two", "three"])
        #expect(
            call.events.filter { $0.kind == .agentHeard }.map(\.text) == ["One two three."], "no part of the answer")
        let metrics = try #require(call.events.first { $0.kind == .turnMetrics }?.metrics)
        #expect(metrics.stages[3] == .milliseconds(3_000), "the answer itself is measured")
        #expect(metrics.total >= .milliseconds(3_100))
        call.expectNothingLeft()
    }

    @Test(arguments: RecordingCarrier.Kind.allCases)
    func endsWithItsWordWhenTheAnswerComes(kind: RecordingCarrier.Kind) throws {
        for answer in stride(from: Int64(1_000), through: 1_700, by: 50) {
            let call = try call(kind, texts: ["Seven eight nine ten eleven twelve."], answer: answer)
            try call.play("1000 type \"hi\"\n9000 gone")
            let words = Spelling.words(in: call.carrier.heard).filter { $0.samples > 64 }
            #expect(words.suffix(3).map(\.word) == ["one", "two", "three"], "\(answer)")
            // Whole words, but for the fade.
            #expect(words.allSatisfy { $0.samples >= 1_536 && $0.samples <= 1_600 }, "\(answer): \(words)")
            #expect(call.events.first { $0.kind == .agentHeard }?.text == "One two three.", "\(answer)")
            call.expectNothingLeft()
        }
    }

    @Test func isNotHeardBeforeATimelyAnswer() throws {
        let call = try call(answer: 400)
        try call.play("1000 type \"hi\"\n6000 gone")
        #expect(fillers(call).isEmpty && call.heardWords == ["one", "two", "three"])
    }

    @Test func isInterruptedLikeAnyReply() throws {
        let call = try call(texts: ["Seven eight nine ten eleven twelve."])
        try call.play("1000 type \"hi\"\n2500 caller \"stop please now\" 500\n9000 gone")
        let story = call.story
        #expect(story.contains("barge-in confirmed"))
        #expect(story.contains("heard \"\" interrupted"))
        #expect(story.contains("final \"stop please now\""))
        #expect(!call.heardWords.contains("twelve"))
        #expect(fillers(call).count == 1, "no second one before an answer was heard")
        call.expectNothingLeft()
    }

    @Test func aBackchannelOverItLetsItGoOn() throws {
        let call = try call(texts: ["Seven eight nine ten."])
        try call.play("1000 type \"hi\"\n2400 caller \"mhm\" 200\n9000 gone")
        // The word that was broken off is heard in two pieces.
        var words: [String] = []
        for (word, samples) in Spelling.words(in: call.carrier.heard) where samples > 64 && words.last != word {
            words.append(word)
        }
        #expect(words == ["seven", "eight", "nine", "ten", "one", "two", "three"])
        #expect(call.events.first { $0.kind == .agentHeard }?.text == "One two three.")
    }

    @Test func changesFromTurnToTurn() throws {
        let call = try call(texts: ["Seven eight.", "Nine ten."])
        try call.play("1000 type \"a\"\n8000 type \"b\"\n15000 type \"c\"\n22000 gone")
        #expect(fillers(call) == ["2200 Seven eight.", "9200 Nine ten.", "16200 Seven eight."])
        let single = try self.call()
        try single.play("1000 type \"a\"\n8000 type \"b\"\n15000 type \"c\"\n22000 gone")
        #expect(
            fillers(single) == ["2200 Seven eight.", "16200 Seven eight."].prefix(fillers(single).count).map { $0 })
        #expect(fillers(single).first == "2200 Seven eight." && !fillers(single).contains("9200 Seven eight."))
    }

    @Test func bridgesASlowTool() throws {
        let call = try call(answer: 200)
        call.mind.answers = [.tool("book"), ScriptedAnswer(text: "One two three.")]
        try call.play("1000 type \"hi\"\n4000 result call-1 \"{}\"\n9000 gone")
        #expect(fillers(call) == ["2200 Seven eight."])
        #expect(call.heardWords == ["seven", "eight", "one", "two", "three"])
    }

    @Test func aModelThatFailsIsApologisedFor() throws {
        let call = try call()
        call.mind.answers = [ScriptedAnswer(text: "", after: 2_000, end: .failed(.unavailable))]
        try call.play("1000 type \"hi\"\n9000 gone")
        #expect(call.story.contains("I am sorry"))
        call.expectNothingLeft()
    }
}

/// Silence, length and goal of a call.
@Suite struct GoodbyeTests {
    private func call(_ change: (inout SessionPolicy) -> Void) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.manners.goodbye = "Goodbye then."
        change(&policy)
        return try ScriptedCall(policy: policy)
    }

    @Test func aSilentCallerHearsAGoodbye() throws {
        let call = try call {
            $0.manners.checkInAfter = .seconds(5)
            $0.manners.hangUpAfterCheckIns = 1
        }
        try call.play("6000 say \"Hello.\"\n30000 end")
        let tail = call.story.split(separator: "\n").suffix(5).map { $0.drop { $0.isNumber }.dropFirst() }
        #expect(
            tail == [
                "agent starts", "agent stops", "heard \"Goodbye then.\"", "hang-up \"the caller is silent\"",
                "closed \"the caller is silent\"",
            ])
        call.expectNothingLeft()
    }

    /// The carrier plays something for longer than callers are silent: they listen.
    @Test func nobodyIsAskedWhileTheCarrierPlays() throws {
        let call = try call {
            $0.manners.checkInAfter = .seconds(5)
            $0.manners.checkIn = "Still there?"
        }
        try call.play("1000 plays on\n3000 say \"One moment.\"\n20000 plays off\n25500 end")
        let texts = call.story.split(separator: "\n").filter { $0.contains(" text ") }
        #expect(texts == ["3000 text \"One moment.\"", "25000 text \"Still there?\""])
    }

    @Test func aCallerWhoAnswersTheGoodbyeIsThere() throws {
        let call = try call {
            $0.manners.checkInAfter = .seconds(5)
            $0.manners.hangUpAfterCheckIns = 1
            $0.manners.goodbye = "Goodbye then and thank you very much indeed."
        }
        try call.play("11200 caller \"wait I am here\" 800\n15000 gone")
        #expect(call.story.contains("final \"wait I am here\""))
        #expect(call.events.last?.text == "the caller hung up")
        call.expectNothingLeft()
    }

    @Test func theLongestCallIsAnnounced() throws {
        let call = try call {
            $0.manners.longestCall = .seconds(20)
            $0.manners.callWarningBefore = .seconds(8)
            $0.manners.callWarning = "Not much time."
        }
        try call.play("40000 end")
        #expect(
            call.story == """
                12000 text "Not much time."
                12100 agent starts
                12700 agent stops
                12700 heard "Not much time."
                20000 text "Goodbye then."
                20100 agent starts
                20500 agent stops
                20500 heard "Goodbye then."
                20500 hang-up "the call reached its longest duration"
                20500 closed "the call reached its longest duration"
                """)
        call.expectNothingLeft()
    }

    @Test func theReplyUnderWayIsHeardOutBeforeTheGoodbye() throws {
        let call = try call { $0.manners.longestCall = .seconds(10) }
        call.mind.answers = [ScriptedAnswer(text: "one two three four five six seven eight nine ten.")]
        try call.play("9000 type \"hi\"\n9600 caller \"\" 300\n40000 end")
        let heard = call.events.filter { $0.kind == .agentHeard }
        #expect(heard.last?.text == "Goodbye then.")
        #expect(heard.first?.flags == [])
        #expect(call.events.last?.text == "the call reached its longest duration")
        call.expectNothingLeft()
    }

    @Test func aGoodbyeWithoutAVoiceEndsTheCallAllTheSame() throws {
        let call = try call {
            $0.manners.longestCall = .seconds(10)
            $0.failover.retry.retries = 0
        }
        call.voice.fails = true
        try call.play("60000 end")
        #expect(call.events.last?.kind == .closed)
        call.expectNothingLeft()
    }

    @Test func theGoalIsReached() throws {
        let call = try call { $0.builtInTools.tools = [.goalReached] }
        call.mind.answers = [
            .tool("goal_reached", #"{"outcome":"booked for Monday"}"#, saying: "Thank you, goodbye.")
        ]
        try call.play("1000 type \"Monday is fine\"\n9000 end")
        #expect(call.story.contains("heard \"Thank you, goodbye.\"\n"))
        #expect(call.story.hasSuffix("closed \"goal reached: booked for Monday\""))
        #expect(call.carrier.requests == [.hangUp(reason: "goal reached: booked for Monday")])
        call.expectNothingLeft()
    }

    @Test func aGoalWithoutAWordEndsWithTheGoodbye() throws {
        let call = try call { $0.builtInTools.tools = [.goalReached] }
        call.mind.answers = [.tool("goal_reached", "not even JSON")]
        try call.play("1000 type \"Monday is fine\"\n9000 end")
        #expect(call.story.contains("heard \"Goodbye then.\"\n"))
        #expect(call.story.hasSuffix("closed \"goal reached\""))
        call.expectNothingLeft()
    }
}
