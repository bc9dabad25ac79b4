import CLinux
import CVoiceBench
import Foundation

/// A thread of the benchmark, named so that its time is told apart from the engine's.
///
/// `@unchecked Sendable`: `thread` is made once; the condition guards the flag.
final class HostThread: @unchecked Sendable {
    private let condition = NSCondition()
    private var isOver = false

    /// - Parameters:
    ///   - name: At most 9 characters count.
    ///   - core: The processor that it may use; nil: as the process.
    init(_ name: String, core: Int? = nil, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            (ProcessTimes.hostPrefix + name).withCString { voice_thread_name($0) }
            if let core, voice_bench_pin(Int32(core)) != 0 { print("processor \(core) cannot be had") }
            body()
            condition.lock()
            isOver = true
            condition.broadcast()
            condition.unlock()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    func join() {
        condition.lock()
        while !isOver { condition.wait() }
        condition.unlock()
    }
}
