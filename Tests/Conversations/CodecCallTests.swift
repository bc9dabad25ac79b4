import Testing
import VoiceEngineCore
import VoiceEngineMedia
import VoiceEngineProviders

@testable import VoiceEngineSession

/// Whole calls in every format that carriers speak. The caller says something and is answered, says something again and
/// interrupts that answer.
@Suite struct CodecCallTests {
    struct Line: CustomStringConvertible, Sendable {
        let encoding: AudioEncoding
        let rate: Int
        /// Of a tone's amplitude, and [dB] of what is no tone.
        let tolerance: Double
        let rest: Double

        var description: String { "\(encoding) at \(rate) Hz" }
    }

    private static let lines = [
        Line(encoding: .mulaw, rate: 8_000, tolerance: 0.01, rest: -35),
        Line(encoding: .alaw, rate: 8_000, tolerance: 0.01, rest: -35),
        Line(encoding: .pcm16, rate: 8_000, tolerance: 0.003, rest: -70),
        Line(encoding: .pcm16, rate: 16_000, tolerance: 0.003, rest: -70),
        Line(encoding: .pcm16, rate: 24_000, tolerance: 0.003, rest: -70),
        Line(encoding: .pcm16, rate: 48_000, tolerance: 0.003, rest: -70),
        Line(encoding: .opus, rate: 48_000, tolerance: 0.2, rest: -12),
        Line(encoding: .opus, rate: 16_000, tolerance: 0.2, rest: -12),
    ]

    @Test(arguments: lines)
    func twoTurnsAndAnInterruption(_ line: Line) throws {
        let call = try CodecCall(try AudioFormat(encoding: line.encoding, sampleRate: line.rate))
        call.mind.answers = [
            ScriptedAnswer(text: "One two three four five six."), ScriptedAnswer(text: "One two three four five six."),
            ScriptedAnswer(text: "Yes."),
        ]
        try call.start()
        call.caller(says: "is this the right number", at: 500, for: 800)
        try call.run(until: 5_000)
        call.caller(says: "please tell me more", at: 5_000, for: 800)
        // Half a second into the second answer.
        let started = { call.events.filter { $0.kind == .agentStarted } }
        while started().count < 2, call.played < 8_000 { try call.run(until: call.played + 20) }
        let interruption = call.played + 500
        call.caller(says: "no stop please wait", at: interruption, for: 800)
        try call.run(until: interruption + 5_000)

        let turns = started().map(\.turn)
        try #require(turns.count == 3, "\(call.events.map(\.kind))")
        try expectReplies(call, turns, line)
        try expectCallersTone(call, line)
        // One frame every 20 ms, from the first tick to the last.
        let frames = call.played / 20
        #expect(abs(Int64(call.carrier.frames.count) - frames) <= 1)
        #expect(call.carrier.handed == Int64(call.carrier.frames.count * line.rate / 50))
        #expect(call.carrier.heard.count == Int(call.carrier.handed))
        #expect(call.end())
    }

    /// Each reply is its own tone, whole or cut.
    private func expectReplies(_ call: CodecCall, _ turns: [TurnID], _ line: Line) throws {
        let heard = call.carrier.heard
        func place(_ kind: SessionEvent.Kind, _ turn: TurnID) throws -> Int {
            let event = try #require(call.events.first { $0.kind == kind && $0.turn == turn }, "\(kind) \(turn)")
            return min(Int((event.time - .zero).rawValue / 1_000_000) * line.rate / 1_000, heard.count)
        }
        let second = line.rate
        for turn in turns {
            // From just before the agent starts to where it has ended, codec and resampler included.
            let start = max(0, try place(.agentStarted, turn) - second / 20)
            let end = min(heard.count, start + second * 16 / 10)
            let loud = try #require(Tone.loudRange(of: heard[start..<end]), "\(turn): nothing heard")
            let middle = heard[(loud.lowerBound + loud.count / 4)..<(loud.upperBound - loud.count / 4)]
            let found = Tone.measure(middle, hertz: ToneVoice.hertz(turn), rate: line.rate)
            #expect(abs(found.amplitude / CodecCall.amplitude - 1) < line.tolerance, "\(turn): \(found)")
            #expect(found.rest < line.rest, "\(turn): \(found)")
            let made = Int(call.voice.made[turn] ?? 0) * line.rate / ToneVoice.rate
            if turn == turns[1] {
                #expect(loud.count < made * 3 / 4, "the interrupted reply was heard for \(loud.count) of \(made)")
            } else {
                #expect(abs(loud.count - made) <= second / 100, "\(turn): \(loud.count) of \(made) samples")
            }
        }
        // Paused as soon as the caller's voice is one: the tail is faded out, then nothing until the next reply.
        let pause = try #require(call.events.first { $0.kind == .bargeIn && $0.flags.contains(.paused) })
        #expect(call.events.contains { $0.kind == .bargeIn && $0.flags.contains(.confirmed) && $0.turn == turns[1] })
        let quietFrom = Int((pause.time - .zero).rawValue / 1_000_000 + 60) * line.rate / 1_000
        let quietTo = try place(.agentStarted, turns[2]) - second / 20
        #expect(quietTo - quietFrom > second / 2)
        #expect(heard[quietFrom..<quietTo].allSatisfy { $0.magnitude < 300 })
        // To the sample: positions count all that was made, also what the interruption dropped.
        let made = turns.map { Int(call.voice.made[$0] ?? 0) * line.rate / ToneVoice.rate }
        let speaker = try #require(call.session?.paths?.speaker)
        #expect(Int(speaker.heard(at: pause.time)) == made[0] + made[1] + made[2])
        #expect(Int(pause.position) > made[0] && Int(pause.position) < made[0] + made[1])
    }

    /// The recogniser gets the caller's audio at its own rate, sample for sample what the codec makes of it.
    private func expectCallersTone(_ call: CodecCall, _ line: Line) throws {
        let decoder = try FrameDecoder(from: call.format, to: RecordingEars.rate)
        var expected: [Int16] = []
        for frame in call.sent {
            var room = [Int16](repeating: 0, count: decoder.maximumSamples(forBytes: frame.count))
            var span = room.mutableSpan
            let count = try decoder.decode(frame.span, into: &span)
            expected += room[..<count]
        }
        let received = call.ears.received.withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
        #expect(received == expected)
        // Nothing is lost: 20 ms of each frame, less what the resampler holds back.
        let due = call.sent.count * RecordingEars.rate / 50
        #expect((0...(decoder.delay * RecordingEars.rate / line.rate + 1)).contains(due - received.count))
        let rate = RecordingEars.rate
        let said = received[(rate * 7 / 10)..<(rate * 11 / 10)]
        let found = Tone.measure(said, hertz: CodecCall.callerHertz, rate: rate)
        #expect(abs(found.amplitude / CodecCall.amplitude - 1) < line.tolerance, "\(found)")
        #expect(found.rest < line.rest, "\(found)")
    }
}
