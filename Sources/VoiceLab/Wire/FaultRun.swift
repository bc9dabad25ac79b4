import Glibc
import NIOCore

/// Sends what one connection has to say the way its faults want it. Confined to its loop.
///
/// Bounded: a provider that sends slower than it speaks keeps 4 MB, and is silent about the rest.
final class FaultRun {
    private static let maximumBytes = 4 << 20

    private let channel: any Channel
    private var machine: FaultMachine
    private var queue: [(due: Int64, bytes: ByteBuffer)] = []
    private var queued = 0
    private var lastDue: Int64 = 0
    private var timer: Scheduled<Void>?
    private var closes = false
    /// A linear congruential generator: the same garbage in every run.
    private var noise: UInt32 = 0x1abe_1abe

    init(_ faults: [Fault], _ channel: any Channel) {
        machine = FaultMachine(faults)
        self.channel = channel
    }

    func send(_ bytes: ByteBuffer) { perform(machine.sending(), bytes) }

    func received() { perform(machine.receiving(), ByteBuffer()) }

    /// Closes behind everything that waits.
    func close() {
        closes = true
        pump()
    }

    /// The connection is gone.
    func cancel() {
        timer?.cancel()
        queue = []
    }

    private func perform(_ action: FaultMachine.Action, _ bytes: ByteBuffer) {
        switch action {
        case .nothing: break
        case .garbage(let count): channel.writeAndFlush(garbage(count), promise: nil)
        case .end(let ending): end(ending)
        case .send(let delay, let piece, let gap): enqueue(bytes, delay: delay, piece: piece, gap: gap)
        }
    }

    private func garbage(_ count: Int) -> ByteBuffer {
        ByteBuffer(
            bytes: (0..<count).map { _ -> UInt8 in
                noise = noise &* 1_664_525 &+ 1_013_904_223
                return UInt8(truncatingIfNeeded: noise >> 24)
            })
    }

    private func enqueue(_ bytes: ByteBuffer, delay: Int, piece: Int?, gap: Int) {
        guard queued + bytes.readableBytes <= Self.maximumBytes else { return }
        queued += bytes.readableBytes
        var bytes = bytes
        var due = max(lastDue, monotonicNanoseconds() + Int64(delay) * 1_000_000)
        while let slice = bytes.readSlice(length: min(piece ?? .max, bytes.readableBytes)), slice.readableBytes > 0 {
            due += Int64(gap) * 1_000_000
            queue.append((due, slice))
        }
        lastDue = due
        pump()
    }

    private func pump() {
        timer?.cancel()
        let now = monotonicNanoseconds()
        let ready = queue.prefix { $0.due <= now }
        // First out of the queue: a write that finds the connection gone cancels this run before it returns.
        queue.removeFirst(ready.count)
        for item in ready {
            queued -= item.bytes.readableBytes
            channel.writeAndFlush(item.bytes, promise: nil)
        }
        if let next = queue.first {
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            timer = channel.eventLoop.scheduleTask(in: .nanoseconds(next.due - now)) { bound.value.pump() }
        } else if closes {
            channel.close(promise: nil)
        }
    }

    private func end(_ ending: Fault.Ending) {
        cancel()
        // Without TLS's goodbye, as a process that dies.
        try? channel.pipeline.syncOperations.handler(type: LabTLSHandler.self).saysGoodbye = ending != .reset
        switch ending {
        case .close: channel.close(promise: nil)
        case .half: channel.close(mode: .output, promise: nil)
        case .reset:
            // A socket that does not linger is reset when it is closed.
            if let socket = channel as? any SocketOptionProvider {
                _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            }
            channel.close(promise: nil)
        }
    }
}
