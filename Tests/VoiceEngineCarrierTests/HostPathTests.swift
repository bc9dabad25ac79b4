import CAllocationCounter
import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineMedia
import VoiceEngineProviders
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// The way of a hosted call's audio, from the host's push to its pull, through a whole session.
@Suite struct HostPathTests {
    struct Line: CustomStringConvertible, Sendable {
        let encoding: AudioEncoding
        let rate: Int
        let pulls: Bool

        var description: String { "\(encoding) at \(rate) Hz, \(pulls ? "pulled" : "by callback")" }
    }

    private static let lines = [
        Line(encoding: .mulaw, rate: 8_000, pulls: true), Line(encoding: .alaw, rate: 8_000, pulls: true),
        Line(encoding: .pcm16, rate: 8_000, pulls: true), Line(encoding: .pcm16, rate: 24_000, pulls: true),
        Line(encoding: .pcm16, rate: 48_000, pulls: false), Line(encoding: .opus, rate: 48_000, pulls: false),
        Line(encoding: .opus, rate: 16_000, pulls: false), Line(encoding: .mulaw, rate: 8_000, pulls: false),
    ]

    /// After the set-up, 1,000 frames in and 1,000 frames out while the agent speaks take no memory at all: ring, decoder,
    /// detector, recogniser's converter, playout, encoder, ring.
    @Test(arguments: lines)
    func aThousandFramesDoNotAllocate(_ line: Line) throws {
        let call = try HostedCall(line.encoding, line.rate, pulls: line.pulls)
        // 25 s of speech wait for the pacer.
        #expect(call.session.say("go on"))
        // The first frames come out: what is made lazily is made now.
        for _ in 0..<50 { call.frame() }
        let (heard, received) = (call.audible, call.ears.received)
        var allocations: Int64 = 0
        for _ in 0..<1_000 { allocations += call.frame() }
        #expect(allocations == 0)
        #expect(call.isWell)
        // It really went all the way: 20 s of the voice came out, 20 s of the caller went in.
        #expect(call.audible - heard >= 990)
        #expect(abs(call.ears.received - received - 1_000 * 640) <= 640)
    }

    @Test func theCounterCountsHere() throws {
        let call = try HostedCall(.mulaw, 8_000, pulls: true)
        call.ears.isWasteful = true
        var allocations: Int64 = 0
        for _ in 0..<100 { allocations += call.frame() }
        #expect(voice_test_allocations() == -1 || allocations >= 98)
    }

    @Test func aHostThatPullsIsGivenNoiseInPlaceOfSilence() throws {
        let format = try AudioFormat(encoding: .pcm16, sampleRate: 8_000)
        let ports = HostPorts(input: format, output: format, pulls: true, comfortNoise: -50)
        var samples = [Int16](repeating: 0, count: 8_000)
        try samples.withUnsafeMutableBytes { try ports.pull(into: $0) }
        #expect(abs(SignalLevel.rms(samples.span) + 50) < 1)
        let quiet = HostPorts(input: format, output: format, pulls: true)
        try samples.withUnsafeMutableBytes { try quiet.pull(into: $0) }
        #expect(samples.allSatisfy { $0 == 0 })
    }
}

/// A session between the rings of a host, its own loop's clock, and providers that do the least.
private final class HostedCall {
    let session: Session
    let ears = CountingEars()
    /// Frames out that were not silent.
    private(set) var audible = 0
    /// Every push was taken whole and every pull filled.
    private(set) var isWell = true

    private let loop = EmbeddedEventLoop()
    /// It never fires: the test ticks by hand, because NIO's timers allocate, once per loop and tick.
    private let clock = SessionClock(eventLoop: EmbeddedEventLoop())
    private let ports: HostPorts
    private let carrier: HostCarrier
    private let frames: [[UInt8]]
    private let heard: Heard
    private var pulled: [UInt8]
    private let pulls: Bool
    private let quiet: UInt8
    private var number = 0

    /// What the callback saw last, without a copy.
    private final class Heard: @unchecked Sendable {
        var frames = 0
    }

    init(_ encoding: AudioEncoding, _ rate: Int, pulls: Bool) throws {
        let format = try AudioFormat(encoding: encoding, sampleRate: rate)
        self.pulls = pulls
        let heard = Heard()
        self.heard = heard
        quiet = encoding == .mulaw ? 0xFF : encoding == .alaw ? 0xD5 : 0
        let silence = quiet
        ports = HostPorts(input: format, output: format, pulls: pulls)
        let isOpus = encoding == .opus
        carrier = HostCarrier(
            ports: ports,
            playout: pulls
                ? .pull
                : .callback { audio in
                    // Opus of silence is a few bytes.
                    let isAudible = isOpus ? audio.count > 20 : audio.contains { $0 != silence }
                    if isAudible { heard.frames += 1 }
                }, frameMilliseconds: 20, slow: { _ in })
        pulled = [UInt8](repeating: 0, count: format.bytes(forSamples: rate / 50))
        frames = try Self.speech(format)
        let output = pulls ? try AudioFormat(encoding: .pcm16, sampleRate: rate) : format
        session = Session(
            setup: CallSetup(
                agent: "test", callID: "call", variables: [:], input: format, output: output,
                leadMilliseconds: pulls ? HostPorts.pullLead : 0,
                strideMilliseconds: pulls ? HostPorts.pullStride : 0, wantsSilence: !pulls, followsReader: pulls),
            policy: SessionPolicy(),
            providers: SessionProviders(
                speechToText: ears, languageModel: SilentModel(), textToSpeech: LongVoice(), voiceActivity: nil),
            carrier: carrier, context: ProviderContext(callID: "call", eventLoop: loop, log: .none),
            clock: clock, observer: { _ in })
        carrier.session = session
        clock.add(carrier)
        try session.start()
    }

    /// 20 ms: the host pushes a frame, the loop ticks twice, the host pulls a frame.
    /// - Returns: Allocations of all that.
    @discardableResult
    func frame() -> Int64 {
        loop.advanceTime(by: .milliseconds(20))
        let now = loop.instant
        let before = voice_test_allocations()
        let isTaken = frames[number % frames.count].withUnsafeBytes { (try? ports.push($0)) ?? false }
        clock.tick(at: now)
        clock.tick(at: now + .milliseconds(10))
        if pulls {
            let isGiven: Void? = pulled.withUnsafeMutableBytes { try? ports.pull(into: $0) }
            isWell = isWell && isGiven != nil
        }
        let after = voice_test_allocations()
        isWell = isWell && isTaken
        number += 1
        audible = pulls ? audible + (pulled.contains { $0 != quiet } ? 1 : 0) : heard.frames
        return after - before
    }

    /// A second of hum with its own beat: loud enough to be coded, too even to be taken for a voice.
    private static func speech(_ format: AudioFormat) throws -> [[UInt8]] {
        let encoder = try FrameEncoder(from: format.sampleRate, to: format, frameMs: 20)
        return try (0..<50).map { frame in
            let samples = (0..<format.sampleRate / 50).map { index -> Int16 in
                let phase = (index + frame * format.sampleRate / 50) * 100 * 2 / format.sampleRate
                return phase.isMultiple(of: 2) ? 12 : -12
            }
            var bytes = [UInt8](repeating: 0, count: encoder.maximumFrameBytes)
            var target = bytes.mutableSpan
            let count = try encoder.encode(samples.span, into: &target)
            return Array(bytes[..<count])
        }
    }
}

/// A recogniser for PCM16 at 16 kHz that counts bytes.
private final class CountingEars: SpeechToTextProvider, @unchecked Sendable {
    final class Stream: SpeechToTextStream {
        let ears: CountingEars

        init(_ ears: CountingEars) { self.ears = ears }

        func send(_ audio: UnsafeRawBufferPointer) {
            ears.received += audio.count
            if ears.isWasteful { ears.wasted = Array(audio) }
        }

        func hint(_ hint: VoiceHint) {}
        func finishUtterance() {}
        func utteranceCommitted() {}
        func close() {}
    }

    let name = "ears"
    /// [bytes]
    var received = 0
    /// Allocates with each frame.
    var isWasteful = false
    var wasted: [UInt8] = []

    func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? native
    }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (SpeechToTextEvent) -> Void
    ) -> any SpeechToTextStream { Stream(self) }
}

/// A voice whose every text is 25 s of a square wave, there at once.
private final class LongVoice: TextToSpeechProvider {
    final class Stream: TextToSpeechStream {
        let sink: (TextToSpeechEvent) -> Void

        init(_ sink: @escaping (TextToSpeechEvent) -> Void) { self.sink = sink }

        func speak(_ text: String, as segment: SegmentID) {
            let second = (0..<24_000).map { Int16(($0 / 40).isMultiple(of: 2) ? 6_000 : -6_000) }
            for _ in 0..<25 { second.withUnsafeBytes { sink(.audio(segment, $0)) } }
        }

        func finish(_ turn: TurnID) {}
        func cancel(_ turn: TurnID) {}
        func holdAudio(_ hold: Bool) {}
        func close() {}
    }

    let name = "voice"

    func format(for native: AudioFormat) -> AudioFormat {
        (try? AudioFormat(encoding: .pcm16, sampleRate: 24_000)) ?? native
    }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream { Stream(sink) }
}

private struct SilentModel: LanguageModelProvider {
    final class Nothing: Generation {
        func cancel() {}
    }

    let name = "mind"

    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation { Nothing() }
}
