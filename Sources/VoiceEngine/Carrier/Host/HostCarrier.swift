internal import NIOCore
package import VoiceEngineCore
package import VoiceEngineSession

/// The loop's side of a hosted call. Confined to the call's loop.
package final class HostCarrier: Carrier, Ticking {
    private let ports: HostPorts
    private let playout: HostPlayout
    private let slow: (Nanoseconds) -> Void
    /// A quarter of a frame: the loop has other calls to pace.
    private let patience: Nanoseconds
    private let chunk: UnsafeMutableRawBufferPointer
    private var handed: Int64 = 0
    private var rhythm = PushRhythm()
    package var seat = SessionClock.Seat()
    /// To be cleared at the end of the call: the session keeps its carrier.
    package var session: (any CallSession)?

    /// - Parameter slow: Told when the host's `on_audio` took longer than a quarter of a frame.
    package init(ports: HostPorts, playout: HostPlayout, frameMilliseconds: Int, slow: @escaping (Nanoseconds) -> Void)
    {
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

    package func gather(_ milliseconds: Int) { rhythm.gathered = milliseconds }

    /// Takes what the host has pushed since the last tick.
    package func tick(at now: Instant) -> Instant {
        guard let session else { return .distantFuture }
        // At most one ring's worth a tick, so that a host that pushes without end cannot hold the loop.
        var budget = ports.caller.capacity
        var samples = 0
        while budget > 0 {
            let count = ports.caller.read(into: chunk).count
            guard count > 0 else { break }
            budget -= count
            if ports.input.encoding == .opus {
                let length = min(Int(chunk.load(as: UInt16.self)), count - 2)
                session.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[2..<(2 + length)]))
                samples += ports.input.samples(inMilliseconds: 20)
            } else {
                session.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<count]))
                samples += ports.input.samples(inBytes: count)
            }
        }
        // Rounded up: 20 ms are no whole number of samples at every rate.
        let rate = ports.input.sampleRate
        return rhythm.next(after: now, taken: (samples * 1_000 + rate - 1) / rate)
    }

    package var fadesOnCut: Bool { ports.agent != nil }

    package func play(_ audio: UnsafeRawBufferPointer, samples: Int) {
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

    package func flush() {}

    package func heardSamples(at now: Instant) -> Int64 { ports.agent?.readPosition ?? handed }

    package func cut(at now: Instant) -> Int64 {
        guard let agent = ports.agent else { return handed }
        agent.cut()
        return agent.readPosition
    }

    package func takeCutResult() -> CutResult {
        guard let agent = ports.agent else { return .final }
        guard let report = agent.takeCutReport() else { return .pending }
        return .settled(report.stop)
    }

    /// The host learns of these from the session's events.
    package func perform(_ request: CarrierRequest) -> Bool { false }
}
