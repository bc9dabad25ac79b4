import NIOCore
import NIOEmbedded
import Testing
import VoiceBenchScript
import VoiceEngineCore
import VoiceEngineProviders

@Suite struct ScriptedProvidersTests {
    private let loop = EmbeddedEventLoop()
    private var context: ProviderContext { ProviderContext(callID: "test", eventLoop: loop, log: .none) }

    /// What was told, with its time in milliseconds.
    private final class Notes {
        var lines: [String] = []
    }

    private func now() -> Int64 { loop.instant.nanoseconds / 1_000_000 }

    @Test func earsTellWordsAsTheyComeAndSettleThemWhenAsked() {
        let notes = Notes()
        let ears = ScriptedEars().open(context, format: .telephone) { event in
            guard case .transcript(let transcript) = event else { return }
            notes.lines.append(
                "\(now()) \(transcript.text)\(transcript.isSettled ? "." : "") \(transcript.coveredMilliseconds ?? -1)")
        }
        let frame = [UInt8](repeating: 0xFF, count: 160)
        ears.hint(.started(atMilliseconds: 0))
        for _ in 0..<25 {
            loop.advanceTime(by: .milliseconds(20))
            frame.withUnsafeBytes { ears.send($0) }
            loop.run()
        }
        #expect(notes.lines == ["200 I 200", "480 I would 480"])
        ears.finishUtterance()
        loop.advanceTime(by: .milliseconds(29))
        #expect(notes.lines.count == 2)
        loop.advanceTime(by: .milliseconds(1))
        #expect(notes.lines.last == "530 I would. 500")
        ears.utteranceCommitted()
        ears.finishUtterance()
        ears.close()
        loop.advanceTime(by: .seconds(1))
        #expect(notes.lines.count == 3)
    }

    @Test func theMindAnswersAfter120MillisecondsAndNotOnceItIsCancelled() {
        let notes = Notes()
        let request = ChatRequest(prompt: "", messages: [], tools: [])
        _ = ScriptedMind().generate(request, context: context) { event in
            switch event {
            case .text(let text): notes.lines.append("\(now())\(text)")
            case .finished: notes.lines.append("\(now()) end")
            case .toolCall, .failed: notes.lines.append("?")
            }
        }
        loop.advanceTime(by: .seconds(2))
        let words = ScriptedMind.reply.split(separator: " ").count
        #expect(notes.lines.first == "120Certainly," && notes.lines.count == words + 1)
        #expect(notes.lines.last == "\(120 + 12 * words) end")
        let cancelled = ScriptedMind().generate(request, context: context) { _ in notes.lines.append("late") }
        loop.advanceTime(by: .milliseconds(130))
        cancelled.cancel()
        let told = notes.lines.count
        loop.advanceTime(by: .seconds(2))
        #expect(notes.lines.count == told)
    }

    @Test func theVoiceSpeaksEightTimesFasterThanItPlaysAndCanBeHeld() {
        let notes = Notes()
        let turn = TurnID.none.next
        let voice = ScriptedVoice().open(context, format: .telephone) { event in
            switch event {
            case .audio(let segment, let audio): notes.lines.append("\(now()) \(segment.index) \(audio.count)")
            case .completed(let segment): notes.lines.append("\(now()) \(segment.index) done")
            case .wordEnds, .failed: notes.lines.append("?")
            }
        }
        // 10 characters are 650 ms: three chunks of 200 ms.
        voice.speak("0123456789", as: SegmentID(turn: turn, index: 0))
        voice.speak("01", as: SegmentID(turn: turn, index: 1))
        loop.advanceTime(by: .milliseconds(105))
        #expect(notes.lines == ["80 0 1600", "105 0 1600"])
        voice.holdAudio(true)
        loop.advanceTime(by: .seconds(1))
        #expect(notes.lines.count == 2)
        voice.holdAudio(false)
        loop.advanceTime(by: .milliseconds(25))
        #expect(notes.lines.suffix(2) == ["1130 0 1600", "1130 0 done"])
        voice.cancel(turn)
        loop.advanceTime(by: .seconds(1))
        #expect(notes.lines.count == 4)
        voice.close()
    }

    @Test func aToneIsAudibleEverywhere() throws {
        for encoding in [AudioEncoding.mulaw, .alaw, .pcm16] {
            let format = try AudioFormat(encoding: encoding, sampleRate: 8_000)
            let chunk = Tone.chunk(format)
            #expect(chunk.count == format.bytes(forSamples: 1_600))
            for start in stride(from: 0, to: chunk.count, by: 8) {
                #expect(chunk[start..<start + 8].contains { $0 != encoding.silence })
            }
        }
    }
}
