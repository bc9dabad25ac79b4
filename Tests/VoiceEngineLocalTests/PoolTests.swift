import Synchronization
import Testing
import VoiceEngineCore

@testable import VoiceEngineLocal

@Suite("Inference pool")
struct PoolTests {
    private static func pool(speechLimit: Int = 4) -> InferencePool {
        var configuration = InferencePool.Configuration(cores: 2)
        configuration.speechLimit = speechLimit
        return InferencePool(configuration)
    }

    /// Occupies the only thread of a lane until the gate opens.
    private static func block(_ pool: InferencePool, _ lane: InferencePool.Lane) throws -> (
        started: Gate, release: Gate
    ) {
        let started = Gate()
        let release = Gate()
        try pool.submit(to: lane) { _ in
            started.open()
            release.wait()
        }
        started.wait()
        return (started, release)
    }

    @Test("works off a lane in order")
    func order() throws {
        let pool = Self.pool(speechLimit: 100)
        let (_, release) = try Self.block(pool, .speech)
        let done = Collected<Int>()
        let last = Gate()
        for number in 0..<50 { try pool.submit(to: .speech) { _ in done.add(number) } }
        try pool.submit(to: .speech) { _ in last.open() }
        release.open()
        last.wait()
        #expect(done.all == Array(0..<50))
        pool.shutdown()
    }

    @Test("voice activity does not wait for speech or language")
    func lanes() throws {
        let pool = Self.pool()
        let (_, speech) = try Self.block(pool, .speech)
        let (_, language) = try Self.block(pool, .language)
        let done = Gate()
        try pool.submit(to: .realtime) { _ in done.open() }
        done.wait()  // would hang if it had to wait
        speech.open()
        language.open()
        pool.shutdown()
    }

    @Test("refuses when full, with the number that waits")
    func full() throws {
        let pool = Self.pool(speechLimit: 2)
        let (_, release) = try Self.block(pool, .speech)
        #expect(!pool.hasIdleThread(in: .speech))
        let first = try pool.submit(to: .speech) { _ in }
        try pool.submit(to: .speech) { _ in }
        #expect(throws: InferenceRefusal.full(waiting: 2)) { try pool.submit(to: .speech) { _ in } }
        // A cancelled job makes room.
        first.cancel()
        try pool.submit(to: .speech) { _ in }
        #expect(pool.load(of: .speech).waiting == 2)
        release.open()
        pool.shutdown()
    }

    /// A lane of one thread with two seconds of patience, in a time of its own, whose thread is busy until the gate opens.
    private static func impatientLane(_ kind: InferenceJob.Kind) -> (
        lane: InferenceLane, time: ScriptedTime, release: Gate
    ) {
        let time = ScriptedTime()
        let lane = InferenceLane(
            name: "lane", threads: 1, limit: 100, patience: .seconds(2),
            now: { time.now })
        let started = Gate()
        let release = Gate()
        _ = lane.submit(
            InferenceJob(kind) { _ in
                started.open()
                release.wait()
            })
        started.wait()
        return (lane, time, release)
    }

    @Test("refuses while the oldest job has waited for too long")
    func patience() {
        let (lane, time, release) = Self.impatientLane(.ordinary)
        let first = InferenceJob { _ in }
        #expect(lane.submit(first) == nil)
        time.set(seconds: 2)
        #expect(lane.submit(InferenceJob { _ in }) == nil)
        time.set(seconds: 3)
        #expect(lane.refusal == .full(waiting: 2), "told before a job is made")
        #expect(lane.submit(InferenceJob { _ in }) == .full(waiting: 2))
        // The one that is too old is not wanted any more; the next has waited for a second.
        first.cancel()
        #expect(lane.submit(InferenceJob { _ in }) == nil)
        release.open()
        lane.shutdown()
    }

    @Test("the rest of what is heard comes first, and is not refused because others wait long")
    func continuing() {
        let (lane, time, release) = Self.impatientLane(.ordinary)
        let order = Mutex<[String]>([])
        let last = Gate()
        #expect(lane.submit(InferenceJob { _ in order.withLock { $0.append("first") } }) == nil)
        time.set(seconds: 3)
        #expect(lane.submit(InferenceJob { _ in }) == .full(waiting: 1))
        let taken = InferenceJob(.continuing) { _ in order.withLock { $0.append("taken back") } }
        #expect(lane.submit(taken) == nil)
        #expect(lane.submit(InferenceJob(.continuing) { _ in order.withLock { $0.append("rest") } }) == nil)
        #expect(lane.submit(InferenceJob(.continuing) { _ in order.withLock { $0.append("its end") } }) == nil)
        taken.cancel()
        #expect(lane.load.waiting == 3)
        #expect(lane.refusal == .full(waiting: 3), "for others it is as full as before")
        time.set(seconds: 1)
        #expect(lane.submit(InferenceJob { _ in last.open() }) == nil)
        release.open()
        last.wait()
        #expect(order.withLock { $0 } == ["rest", "its end", "first"])
        lane.shutdown()
    }

    @Test("a number of jobs is the limit for all")
    func limitOfAll() throws {
        let pool = Self.pool(speechLimit: 1)
        let (_, release) = try Self.block(pool, .speech)
        try pool.submit(.continuing, to: .speech) { _ in }
        #expect(throws: InferenceRefusal.full(waiting: 1)) { try pool.submit(.continuing, to: .speech) { _ in } }
        release.open()
        pool.shutdown()
    }

    @Test("whoever waits for a model to be loaded is not late")
    func loading() {
        let (lane, time, release) = Self.impatientLane(.loading)
        let (begun, go, last) = (Gate(), Gate(), Gate())
        #expect(
            lane.submit(
                InferenceJob { _ in
                    begun.open()
                    go.wait()
                }) == nil)
        #expect(lane.submit(InferenceJob { _ in last.open() }) == nil)
        time.set(seconds: 60)
        #expect(lane.submit(InferenceJob { _ in }) == nil)
        release.open()
        begun.wait()
        // Loaded at 60 s: from here on time counts.
        time.set(seconds: 62)
        #expect(lane.submit(InferenceJob { _ in }) == nil)
        time.set(seconds: 63)
        #expect(lane.submit(InferenceJob { _ in }) == .full(waiting: 3))
        go.open()
        last.wait()
        lane.shutdown()
    }

    @Test("a job cancelled before it begins never runs; one that runs is told")
    func cancellation() throws {
        let pool = Self.pool()
        let (_, release) = try Self.block(pool, .speech)
        let ran = Collected<String>()
        let waiting = try pool.submit(to: .speech) { _ in ran.add("waiting") }
        waiting.cancel()
        let begun = Gate()
        let look = Gate()
        let looked = Gate()
        let running = try pool.submit(to: .speech) { job in
            begun.open()
            look.wait()
            ran.add(job.isCancelled ? "told" : "not told")
            looked.open()
        }
        release.open()
        begun.wait()
        running.cancel()
        look.open()
        looked.wait()
        #expect(ran.all == ["told"])
        pool.shutdown()
    }

    @Test("shutdown drops what waits, tells what runs, joins, and refuses from then on")
    func shutdown() throws {
        let pool = Self.pool()
        let ran = Collected<String>()
        let started = Gate()
        try pool.submit(to: .speech) { job in
            started.open()
            while !job.isCancelled {}
            ran.add("stopped")
        }
        started.wait()
        try pool.submit(to: .speech) { _ in ran.add("never") }
        pool.shutdown()
        #expect(ran.all == ["stopped"])
        #expect(throws: InferenceRefusal.shutDown) { try pool.submit(to: .speech) { _ in } }
        pool.shutdown()  // twice does no harm
    }
}

/// A clock that stands until it is set.
private final class ScriptedTime: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var now: Instant { Instant(nanoseconds: nanoseconds.load(ordering: .acquiring)) }
    func set(seconds: Int64) { nanoseconds.store(seconds * 1_000_000_000, ordering: .releasing) }
}
