import NIOCore
import NIOEmbedded
import VoiceEngineCarrier
import VoiceEngineCore
import VoiceEngineProviders
import VoiceEngineSession

/// A call of a host that pulls: from the ring that it pushes into to the ring that it pulls from, and its own side of
/// both.
final class HostedPath: FramePath {
    private let loop = EmbeddedEventLoop()
    private let ears = CountingEars()
    private let ports: HostPorts
    private let carrier: HostCarrier
    private let session: Session
    private let clock = FrameSession.clock()
    private let frames: [[UInt8]]
    private let line: BenchLine
    private var pulled = [UInt8](repeating: 0, count: 160)
    private var number = 0
    private(set) var spoken = 0

    init(_ situation: FrameSituation) throws {
        frames = situation.frames
        line = .telephone
        let format = AudioFormat.telephone
        ports = HostPorts(input: format, output: format, pulls: true)
        carrier = HostCarrier(ports: ports, playout: .pull, frameMilliseconds: 20, slow: { _ in })
        let setup = CallSetup(
            agent: "frames", callID: "frames", variables: [:], input: format,
            output: try AudioFormat(encoding: .pcm16, sampleRate: 8_000), leadMilliseconds: HostPorts.pullLead,
            strideMilliseconds: HostPorts.pullStride,
            wantsSilence: false, followsReader: true)
        session = FrameSession.make(setup, carrier: carrier, ears: ears, clock: clock, on: loop)
        carrier.session = session
        clock.add(carrier)
        try session.start()
        if situation == .agent { _ = session.say("go on") }
    }

    var heard: Int { ears.received }

    func frame() -> Int64 {
        loop.advanceTime(by: .milliseconds(20))
        let now = loop.instant
        let frame = frames[number % frames.count]
        number += 1
        let count = allocations {
            _ = frame.withUnsafeBytes { try? ports.push($0) }
            clock.tick(at: now)
            clock.tick(at: now + SessionClock.interval)
            pulled.withUnsafeMutableBytes { try? ports.pull(into: $0) }
        }
        if pulled.withUnsafeBytes({ line.isAudible($0) }) { spoken += 1 }
        return count
    }
}

/// Sessions that are ticked by hand.
enum FrameSession {
    static func make(
        _ setup: CallSetup, carrier: any Carrier, ears: CountingEars, clock: SessionClock, on loop: EmbeddedEventLoop
    ) -> Session {
        Session(
            setup: setup, policy: SessionPolicy(),
            providers: SessionProviders(
                speechToText: ears, languageModel: SilentMind(), textToSpeech: LongVoice()),
            carrier: carrier, context: ProviderContext(callID: setup.callID, eventLoop: loop, log: .none),
            clock: clock, observer: { _ in })
    }

    /// A clock that never fires: its timer costs once per loop and tick, whatever the calls.
    static func clock() -> SessionClock { SessionClock(eventLoop: EmbeddedEventLoop()) }
}
