internal import CLinux
internal import Glibc

/// Tells which of many sockets have input (epoll(7), level-triggered: who is not read is told again). Threads: one at a
/// time.
final class ReadySockets {
    /// Told at once; whoever comes after them is told first the next time.
    private static let most = 64

    private let set: Int32
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: ReadySockets.most)

    /// nil when the process has no descriptors left.
    init?() {
        set = voice_watch_descriptor()
        guard set >= 0 else { return nil }
        events.initialize(repeating: epoll_event())
    }

    deinit {
        close(set)
        events.deallocate()
    }

    /// False when the socket cannot be watched.
    func add(_ socket: Int32, as number: UInt64) -> Bool { voice_watch(set, socket, number) }

    /// Without effect on who is not here.
    func remove(_ socket: Int32) { voice_watch_forget(set, socket) }

    /// - Returns: Whether these were all. Without waiting.
    func forEachReady(_ body: (UInt64) -> Void) -> Bool {
        let count = Int(epoll_wait(set, events.baseAddress, Int32(events.count), 0))
        // Interrupted by a signal: they are told the next time.
        guard count > 0 else { return true }
        for event in events[..<count] { body(event.data.u64) }
        return count < events.count
    }
}
