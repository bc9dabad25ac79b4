package import VoiceEngineCore

extension ServerDocument {
    /// Which calls are taken.
    package struct Admission: Equatable, Sendable {
        /// New calls in a second, on average; nil: any number.
        package var callsPerSecond: Double?
        /// New calls at once, after a pause.
        package var burst = 10
        /// Live calls; nil: as many as the host says, or the engine can have.
        package var mostCalls: Int?
        /// Lateness of the loops' ticks, 99th percentile, above which no new calls are taken; zero: not looked at.
        /// The lead of a session is 60 ms: later frames are heard.
        package var late = Nanoseconds.milliseconds(80)

        init() {}

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            callsPerSecond = try reader.number("calls_per_second", 0.01...10_000)
            burst = Int(try reader.integer("burst", 1...10_000, default: 10))
            mostCalls = try reader.integer("most_calls", 1...65_535).map { Int($0) }
            late = try reader.milliseconds("late_ms", 0...1_000, default: 80)
            try reader.finish()
        }
    }
}
