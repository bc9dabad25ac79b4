import Synchronization
import VoiceBenchScript

/// So many calls at real pacing: one thread that pulls and pushes the frames of all lines, on a grid of 1 ms, so that
/// calls are spread over the 20 ms of a frame as they are in life.
///
/// `@unchecked Sendable`: `lines`, `tally` and `nextLine` belong to the pacing thread until `stop` has returned.
final class CallsRun: @unchecked Sendable {
    private enum Phase: Int { case filling, measuring, ending }

    private static let slots = 20
    private static let slot: Int64 = 1_000_000

    private let engine: BenchEngine
    private let turnover: Turnover
    private let lines: [CallLine]
    /// [s] Over which the calls begin, one after the other.
    let ramp: Double
    private let phase = Atomic<Int>(Phase.filling.rawValue)
    private var tally = CallsTally()
    private var started = 0
    private var thread: HostThread?

    init(_ engine: BenchEngine, calls: Int, sounds: CallerSounds, core: Int?) {
        self.engine = engine
        turnover = Turnover(engine, core: core)
        lines = (0..<calls).map { _ in CallLine(sounds) }
        // Calls of 21 s that began over 21 s go on beginning at that pace.
        ramp = min(max(Double(calls) / 190, 4), 21)
        thread = HostThread("host", core: core) { [unowned self] in pace() }
    }

    /// From now on everything counts.
    func measure() {
        _ = turnover.takeResults()
        phase.store(Phase.measuring.rawValue, ordering: .sequentiallyConsistent)
    }

    /// Counting ends; calls go on.
    func rest() { phase.store(Phase.filling.rawValue, ordering: .sequentiallyConsistent) }

    /// Ends all calls.
    func stop() -> (tally: CallsTally, creation: DurationCounts, failures: [String]) {
        phase.store(Phase.ending.rawValue, ordering: .sequentiallyConsistent)
        thread?.join()
        let results = turnover.takeResults()
        // First what was on its way to a line when the pacing ended.
        turnover.stop()
        for line in lines where line.isInCall() { line.hangUp() }
        for line in lines where line.isInCall() { line.end() }
        return (tally, results.creation, results.failures)
    }

    private func pace() {
        let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: engine.line.frameBytes, alignment: 16)
        defer { frame.deallocate() }
        frame.initializeMemory(as: UInt8.self, repeating: 0)
        var ignored = CallsTally()
        let began = monotonicNanoseconds() + Self.slot
        var step: Int64 = 0
        while let phase = Phase(rawValue: phase.load(ordering: .relaxed)), phase != .ending {
            let due = began + step * Self.slot
            sleep(until: due)
            startLines(at: due - began)
            let slot = Int(step % Int64(Self.slots))
            if phase == .measuring {
                serve(slot, due, frame, &tally)
            } else {
                serve(slot, due, frame, &ignored)
            }
            step += 1
        }
    }

    private func startLines(at time: Int64) {
        let due = min(Int(Double(time) / (ramp * 1e9) * Double(lines.count)) + 1, lines.count)
        while started < due {
            turnover.renew(lines[started], after: nil)
            started += 1
        }
    }

    private func serve(
        _ slot: Int, _ due: Int64, _ frame: UnsafeMutableRawBufferPointer, _ tally: inout CallsTally
    ) {
        for index in stride(from: slot, to: lines.count, by: Self.slots) {
            let line = lines[index]
            guard line.isInCall() else { continue }
            tally.lateness.add(monotonicNanoseconds() - due)
            if let over = line.frame(into: frame, engine.line, &tally) { turnover.renew(line, after: over) }
        }
    }
}
