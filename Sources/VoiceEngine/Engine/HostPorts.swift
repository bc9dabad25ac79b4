internal import NIOCore
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineSession

// The C ABI as a carrier: host threads on one side of two rings, the call's loop on the other.
//
//     push ─► SampleRing ─► HostCarrier.tick ─► Session.receive
//     pull ◄─ PlayoutRing ◄─────────────── play ◄─ Session       or:  on_audio ◄─ play

/// How the agent's audio leaves a hosted call.
package enum HostPlayout: Sendable {
    /// The host's callback is given each frame; a borrowed pointer and its bytes.
    case callback(@Sendable (UnsafeRawBufferPointer) -> Void)
    case pull
}

/// The host threads' side of a hosted call: rings, and the conversion of what is pulled.
///
/// `@unchecked Sendable`: `scratch` is touched by the thread that holds `pulling`, `packet` by the one that holds
/// `pushing`.
package final class HostPorts: @unchecked Sendable {
    /// An Opus packet travels in a slot of fixed size behind its length, so that dropping the oldest drops whole
    /// packets.
    static let packetSlot = 2 + AudioFormat.maximumOpusPacketBytes
    /// [ms] of audio in front of a host that pulls: two frames of 60 ms.
    package static let pullLead = 120
    /// [samples] that are pulled at a time.
    private static let pullStep = 480

    let input: AudioFormat
    let output: AudioFormat
    let caller: SampleRing
    let agent: PlayoutRing?
    private let scratch: UnsafeMutableBufferPointer<Int16>
    private let packet: UnsafeMutableRawBufferPointer
    private let pushing = Atomic<Bool>(false)
    private let pulling = Atomic<Bool>(false)

    init(input: AudioFormat, output: AudioFormat, pulls: Bool) {
        self.input = input
        self.output = output
        // One second of caller audio, or of Opus packets of 20 ms.
        caller =
            input.encoding == .opus
            ? SampleRing(capacity: Self.packetSlot * 50, granule: Self.packetSlot)
            : SampleRing(capacity: input.bytes(forSamples: input.sampleRate), granule: input.bytesPerSample)
        agent =
            pulls
            ? PlayoutRing(
                capacity: output.samples(inMilliseconds: 2 * Self.pullLead), sampleRate: output.sampleRate) : nil
        scratch = .allocate(capacity: pulls ? Self.pullStep : 1)
        scratch.initialize(repeating: 0)
        packet = .allocate(byteCount: input.encoding == .opus ? Self.packetSlot : 2, alignment: 2)
        packet.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        scratch.deallocate()
        packet.deallocate()
    }

    /// - Returns: false when old audio had to make room.
    package func push(_ audio: UnsafeRawBufferPointer) throws(VoiceError) -> Bool {
        try Self.enter(pushing)
        defer { pushing.store(false, ordering: .releasing) }
        guard input.encoding == .opus else {
            try Self.check(audio.count, input)
            return caller.write(audio) == 0
        }
        guard audio.count <= AudioFormat.maximumOpusPacketBytes else {
            throw VoiceError(.badArgument, "bytes \(audio.count): expected one Opus packet of at most 1275 bytes")
        }
        packet.storeBytes(of: UInt16(audio.count), as: UInt16.self)
        packet.baseAddress.map {
            UnsafeMutableRawBufferPointer(start: $0 + 2, count: audio.count).copyMemory(from: audio)
        }
        return caller.write(UnsafeRawBufferPointer(packet)) == 0
    }

    /// Fills the buffer, with silence where the agent says nothing.
    package func pull(into audio: UnsafeMutableRawBufferPointer) throws(VoiceError) {
        guard let agent else {
            throw VoiceError(
                .unsupported, "this session hands its audio to on_audio; create it with VOICE_PLAYOUT_PULL")
        }
        try Self.check(audio.count, output)
        try Self.enter(pulling)
        defer { pulling.store(false, ordering: .releasing) }
        // Through `scratch`, because the host's buffer need not lie where samples may.
        var done = 0
        while done < audio.count {
            let count = min((audio.count - done) / output.bytesPerSample, scratch.count)
            let samples = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
            _ = agent.read(into: samples)
            let bytes = count * output.bytesPerSample
            write(samples, to: UnsafeMutableRawBufferPointer(rebasing: audio[done..<(done + bytes)]))
            done += bytes
        }
    }

    private func write(_ samples: UnsafeMutableBufferPointer<Int16>, to audio: UnsafeMutableRawBufferPointer) {
        switch output.encoding {
        case .pcm16, .opus: audio.copyMemory(from: UnsafeRawBufferPointer(samples))
        case .mulaw:
            var bytes = audio.bindMemory(to: UInt8.self).mutableSpan
            _ = G711.encodeMulaw(samples.span, into: &bytes)
        case .alaw:
            var bytes = audio.bindMemory(to: UInt8.self).mutableSpan
            _ = G711.encodeAlaw(samples.span, into: &bytes)
        }
    }

    private static func check(_ bytes: Int, _ format: AudioFormat) throws(VoiceError) {
        guard bytes.isMultiple(of: format.bytesPerSample) else {
            throw VoiceError(
                .badArgument, "bytes \(bytes): expected a whole number of samples of \(format.bytesPerSample) bytes")
        }
    }

    /// The rings have one writer and one reader; a second thread is sent away instead of breaking them.
    private static func enter(_ isBusy: borrowing Atomic<Bool>) throws(VoiceError) {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw VoiceError(.reentrant, "another thread is inside this function for the same session")
        }
    }

    /// What the host gets when the session has ended.
    package func silence(into audio: UnsafeMutableRawBufferPointer) {
        let quiet: UInt8 =
            switch output.encoding {
            case .mulaw: G711.mulawSilence
            case .alaw: G711.alawSilence
            case .pcm16, .opus: 0
            }
        audio.initializeMemory(as: UInt8.self, repeating: quiet)
    }
}

/// The loop's side of a hosted call. Confined to the call's loop.
final class HostCarrier: Carrier, Ticking {
    private let ports: HostPorts
    private let playout: HostPlayout
    private let slow: (Nanoseconds) -> Void
    /// A quarter of a frame: the loop has other calls to pace.
    private let patience: Nanoseconds
    private let chunk: UnsafeMutableRawBufferPointer
    private var handed: Int64 = 0
    weak var session: Session?

    /// - Parameter slow: Told when the host's `on_audio` took longer than a quarter of a frame.
    init(ports: HostPorts, playout: HostPlayout, frameMilliseconds: Int, slow: @escaping (Nanoseconds) -> Void) {
        self.ports = ports
        self.playout = playout
        self.slow = slow
        patience = .microseconds(Int64(frameMilliseconds) * 250)
        let bytes =
            ports.input.encoding == .opus
            ? HostPorts.packetSlot : ports.input.bytes(forSamples: ports.input.samples(inMilliseconds: 20))
        chunk = .allocate(byteCount: max(bytes, 1), alignment: 16)
        chunk.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { chunk.deallocate() }

    /// Takes what the host has pushed since the last tick.
    func tick(at now: Instant) {
        guard let session else { return }
        // At most one ring's worth a tick, so that a host that pushes without end cannot hold the loop.
        var budget = ports.caller.capacity
        while budget > 0 {
            let count = ports.caller.read(into: chunk).count
            guard count > 0 else { return }
            budget -= count
            if ports.input.encoding == .opus {
                let length = min(Int(chunk.load(as: UInt16.self)), count - 2)
                session.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[2..<(2 + length)]))
            } else {
                session.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<count]))
            }
        }
    }

    var fadesOnCut: Bool { ports.agent != nil }

    func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
        handed += Int64(samples)
        switch playout {
        case .pull:
            _ = ports.agent?.write(audio.bindMemory(to: Int16.self).span)
        case .callback(let deliver):
            let before = NIODeadline.now()  // the clock is read because what the host takes is not known otherwise
            deliver(audio)
            let taken = Nanoseconds((NIODeadline.now() - before).nanoseconds)  // the clock: see above
            if taken > patience { slow(taken) }
        }
    }

    func flush() {}

    func heardSamples(at now: Instant) -> Int64 { ports.agent?.readPosition ?? handed }

    func cut(at now: Instant) -> Int64 {
        guard let agent = ports.agent else { return handed }
        agent.cut()
        return agent.readPosition
    }

    func takeCutResult() -> CutResult {
        guard let agent = ports.agent else { return .final }
        guard let report = agent.takeCutReport() else { return .pending }
        return .settled(report.stop)
    }

    /// The host learns of these from the session's events.
    func perform(_ request: CarrierRequest) -> Bool { false }
}
