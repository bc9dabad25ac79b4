import CVoiceEngine
import Synchronization
import VoiceBenchScript
import VoiceEngineThreads

/// Ends sessions and makes new ones, away from the thread that paces audio: `voice_session_destroy` waits for the loop.
///
/// `@unchecked Sendable`: `thread` is set once, before `init` returns; the tally belongs to the thread until `stop`.
final class Turnover: @unchecked Sendable {
    private enum Order: Sendable {
        /// End what the line had, and give it a new one.
        case renew(CallLine, old: UInt)
        case stop
    }

    private let engine: BenchEngine
    private let orders = Monitor<[Order]>([])
    private var thread: HostThread?
    private let results = Mutex((creation: DurationCounts(), failures: [String]()))

    init(_ engine: BenchEngine, core: Int?) {
        self.engine = engine
        thread = HostThread("turnover", core: core) { [unowned self] in work() }
    }

    /// Gives a line a session, after ending its old one.
    func renew(_ line: CallLine, after old: OpaquePointer?) {
        orders.update { $0.append(.renew(line, old: UInt(bitPattern: old))) }
    }

    /// Times of `voice_session_create` since this was last called, and what went wrong.
    func takeResults() -> (creation: DurationCounts, failures: [String]) {
        results.withLock { results in
            defer { results = (DurationCounts(), []) }
            return results
        }
    }

    /// Returns when everything ordered before is done.
    func stop() {
        orders.update { $0.append(.stop) }
        thread?.join()
    }

    private func work() {
        while true {
            let batch = orders.wait { orders -> [Order]? in
                guard !orders.isEmpty else { return nil }
                defer { orders = [] }
                return orders
            }
            for order in batch ?? [] {
                switch order {
                case .stop: return
                case .renew(let line, let old):
                    voice_session_destroy(OpaquePointer(bitPattern: old))
                    make(for: line)
                }
            }
        }
    }

    private func make(for line: CallLine) {
        let began = monotonicNanoseconds()
        do {
            let session = try engine.makeSession()
            let taken = monotonicNanoseconds() - began
            results.withLock { $0.creation.add(taken) }
            line.inbox.store(UInt(bitPattern: session), ordering: .releasing)
        } catch {
            results.withLock { $0.failures.append("\(error)") }
        }
    }
}
