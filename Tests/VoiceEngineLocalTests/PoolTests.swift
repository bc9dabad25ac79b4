import Testing

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
