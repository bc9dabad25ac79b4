import Glibc
import Testing

@testable import VoiceLab

func sinOf(_ angle: Double) -> Double { sin(angle) }

@Suite struct ListenMachineTests {
    private static let settings = ListenMachine.Settings(
        form: AudioForm(encoding: .mulaw, sampleRate: 8_000), interimResults: true, endpointingMilliseconds: 300,
        utteranceEndMilliseconds: 1_000, vadEvents: true)

    private func speech(_ milliseconds: Int) -> [UInt8] {
        MuLaw.encode(BenchClip.speechLike(milliseconds: milliseconds, pitchHertz: 120))
    }

    private func silence(_ milliseconds: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: milliseconds * 8) }

    @Test func wordsComeInTimeAndTheEndAfterTheSilence() {
        var machine = ListenMachine(settings: Self.settings, connection: 5)
        #expect(machine.audio(silence(500)) == [])
        let events = machine.audio(speech(1_000))
        #expect(events.first == .speechStarted(at: 0.5) || events.first == .speechStarted(at: 0.51))
        let interims = events.compactMap { if case .results(let results) = $0 { results } else { nil } }
        #expect(interims.map(\.words.count) == [1, 2, 3])
        #expect(interims.allSatisfy { !$0.isFinal && !$0.speechFinal })
        #expect(interims.last?.transcript == "hello \(Tag(call: 5, utterance: 1).word) please")
        #expect(machine.audio(silence(280)) == [])
        let final = machine.audio(silence(40)).compactMap {
            if case .results(let results) = $0 { results } else { nil }
        }
        #expect(final.count == 1 && final[0].isFinal && final[0].speechFinal && !final[0].fromFinalize)
        #expect(final.first?.transcript == interims.last?.transcript)
        #expect(machine.audio(silence(990)).count == 1)
        #expect(machine.utterance == 1)
    }

    @Test func finalizeMakesWhatIsThereFinal() {
        var machine = ListenMachine(settings: Self.settings, connection: 5)
        #expect(machine.finalize() == [])
        _ = machine.audio(speech(600))
        guard case .results(let results)? = machine.finalize().first else {
            Issue.record("no result")
            return
        }
        #expect(results.isFinal && results.fromFinalize && !results.speechFinal && results.words.count == 2)
        #expect(machine.finalize() == [] && machine.close() == [])
    }

    @Test func speechBehindAFinalizeIsTheSameUtterance() {
        var machine = ListenMachine(settings: Self.settings, connection: 5)
        _ = machine.audio(speech(600))
        _ = machine.finalize()
        _ = machine.audio(speech(600))
        #expect(machine.utterance == 1)
        _ = machine.audio(silence(400))
        _ = machine.audio(speech(600))
        #expect(machine.utterance == 2)
    }

    @Test func anySplitOfTheAudioGivesTheSameWords() {
        let bytes = AudioForm(encoding: .linear16, sampleRate: 8_000).encoded(
            [Int16](repeating: 0, count: 800) + BenchClip.speechLike(milliseconds: 900, pitchHertz: 120)
                + [Int16](repeating: 0, count: 4_000))
        var settings = Self.settings
        settings.form = AudioForm(encoding: .linear16, sampleRate: 8_000)
        var whole = ListenMachine(settings: settings, connection: 1)
        let expected = whole.audio(bytes)
        var pieces = ListenMachine(settings: settings, connection: 1)
        var events: [ListenMachine.Event] = []
        for start in stride(from: 0, to: bytes.count, by: 331) {
            events += pieces.audio(bytes[start..<min(start + 331, bytes.count)])
        }
        #expect(events == expected && !events.isEmpty)
    }

    @Test(arguments: [0, 1, 0x123, 0xFFF]) func theWatermarkIsReadThroughEveryCodec(call: Int) {
        let quiet = [Int16](repeating: 0, count: 333)
        let samples = quiet + Watermark.samples(call: call) + quiet
        for form in [AudioForm(encoding: .mulaw, sampleRate: 8_000), AudioForm(encoding: .linear16, sampleRate: 8_000)]
        {
            var settings = Self.settings
            settings.form = form
            var machine = ListenMachine(settings: settings, connection: 77)
            // Through µ-law in any case, as on the telephone.
            let heard = form.encoded(MuLaw.decode(MuLaw.encode(samples)))
            #expect(machine.audio(heard) == [])
            #expect(machine.call == call && machine.knowsCall)
        }
    }

    @Test func neitherSpeechNorNoiseIsAWatermark() {
        var reader = Watermark.Reader(sampleRate: 8_000)
        var random = SeededRandom(seed: 3)
        let noise = (0..<40_000).map { _ in Float(Int(random.next() % 300) - 150) }
        #expect(reader.read(noise) == nil)
        #expect(reader.read(BenchClip.speechLike(milliseconds: 3_000, pitchHertz: 120).map { Float($0) / 60 }) == nil)
    }
}

@Suite struct SpeakMachineTests {
    private static let settings = SpeakMachine.Settings(firstByteNanoseconds: 80_000_000, speed: 10)
    private let tag = Tag(call: 3, utterance: 2)

    @Test func aSentenceBeginsAfterTheDelayAndFlushedComesLast() {
        var machine = SpeakMachine(settings: Self.settings)
        machine.speak("Hello \(tag.word)".utf8, at: 0)
        #expect(machine.wake == nil)
        machine.speak(" there.".utf8, at: 1_000_000)
        #expect(machine.wake == 81_000_000)
        #expect(machine.flush(at: 2_000_000) == [])
        #expect(machine.advance(to: 80_999_999) == [])
        let tone = ToneBank.index(tag)
        #expect(
            machine.advance(to: 81_000_000)
                == [.audio(tone: tone, offset: 0, milliseconds: 100, tag: tag, isFirst: true)])
        let rest = machine.advance(to: 10_000_000_000)
        let length = rest.reduce(100) { sum, output in
            if case .audio(_, _, let milliseconds, _, let isFirst) = output, !isFirst {
                sum + milliseconds
            } else {
                sum
            }
        }
        #expect(length == "Hello \(tag.word) there.".utf8.count * 65)
        #expect(rest.last == .flushed(sequence: 0) && machine.wake == nil)
    }

    @Test func clearDropsWhatIsNotOut() {
        var machine = SpeakMachine(settings: Self.settings)
        machine.speak("A long sentence that is cut.".utf8, at: 0)
        _ = machine.flush(at: 0)
        _ = machine.advance(to: 100_000_000)
        #expect(machine.clear() == [.cleared(sequence: 0)])
        #expect(machine.advance(to: 99_000_000_000) == [] && machine.wake == nil)
    }

    @Test func theTwentyFirstFlushOfAMinuteIsRefused() {
        var machine = SpeakMachine(settings: Self.settings)
        for index in 0..<20 { #expect(machine.flush(at: Int64(index)) == []) }
        #expect(machine.flush(at: 21) == [.tooManyFlushes])
        #expect(machine.flush(at: 60_000_000_100) == [])
    }

    @Test func punctuationAloneIsNoAudio() {
        var machine = SpeakMachine(settings: Self.settings)
        machine.speak(" ... ".utf8, at: 0)
        _ = machine.flush(at: 0)
        #expect(machine.advance(to: 1_000_000_000) == [.flushed(sequence: 0)])
    }

    @Test func tonesAreRecognizedThroughMuLaw() {
        let bank = ToneBank(format: AudioForm(encoding: .mulaw, sampleRate: 8_000))
        for index in 0..<ToneBank.count {
            bank.withBytes(index, offset: 7_913, count: 160) { bytes in
                #expect(ToneBank.recognize(MuLaw.decode(Array(bytes))[...]) == index)
            }
        }
        #expect(ToneBank.recognize([Int16](repeating: 0, count: 160)[...]) == nil)
        for utterance in 1..<60 {
            #expect(
                ToneBank.index(Tag(call: 9, utterance: utterance))
                    != ToneBank.index(Tag(call: 9, utterance: utterance + 1)))
        }
    }
}

@Suite struct ChatScriptTests {
    @Test(arguments: [0, 1, 63, 64, 4_095]) func tagsSurviveText(call: Int) {
        for utterance in [0, 1, 62, 63] {
            let tag = Tag(call: call, utterance: utterance)
            #expect(Tag(lastIn: "so \(Tag(call: 1, utterance: 1).word), Well \(tag.word).".utf8) == tag)
            #expect(Tag(lastIn: tag.word.capitalized.utf8) == tag)
        }
        #expect(Tag(lastIn: "no tags at all, taggart".utf8) == nil)
    }

    @Test func requestsAreCheckedAsTheRealEndpointDoes() throws {
        let tag = Tag(call: 8, utterance: 3)
        let body =
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":"#
            + #"[{"role":"system","content":"x"},{"role":"user","content":"hello \#(tag.word)"}]}"#
        #expect(
            try ChatScript.request(Array(body.utf8))
                == .init(tag: tag, model: "m", messages: 2, streams: true, includesUsage: true))
        for wrong in [
            "", "[]", #"{"model":"m"}"#, #"{"model":"m","messages":[]}"#, #"{"model":"m","messages":[{"role":"me"}]}"#,
        ] {
            #expect(throws: WireViolation.self) { try ChatScript.request(Array(wrong.utf8)) }
        }
    }

    @Test func tokensCarryTheirBlanksAndTheEndsOfSentences() {
        let script = ChatScript(firstTokenNanoseconds: 0, tokenNanoseconds: 0, sentences: ["Yes TAG now.", "Bye."])
        let tokens = script.tokens(for: Tag(call: 0, utterance: 0))
        #expect(tokens.map(\.text) == ["Yes", " tagbababa", " now.", " Bye."])
        #expect(tokens.map(\.endsSentence) == [false, false, true, true])
    }
}
