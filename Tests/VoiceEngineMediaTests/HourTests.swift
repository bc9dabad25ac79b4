import Testing
import VoiceEngineCore
import VoiceEngineMedia

/// An hour of audio through a resampler: no sample is lost or doubled, and what waits does not grow.
@Suite struct HourTests {
    struct Row: CustomStringConvertible, Sendable {
        let from: Int
        let to: Int
        /// libsamplerate's; nil is what calls get.
        var converter: SampleRateKernel.Converter?
        var minutes = 60

        var description: String { "\(from) -> \(to)" + (converter == nil ? "" : " by libsamplerate") }
    }

    /// How libsamplerate counts depends on the ratio alone, so it takes its shortest filter here. That still costs six
    /// times ours: the hour is for a ratio that has no filter of ours, the others get less.
    private static let rows = [
        Row(from: 8_000, to: 16_000), Row(from: 16_000, to: 8_000), Row(from: 8_000, to: 24_000),
        Row(from: 24_000, to: 8_000), Row(from: 8_000, to: 48_000), Row(from: 48_000, to: 8_000),
        Row(from: 8_001, to: 8_000, converter: .fastest), Row(from: 44_100, to: 8_000, converter: .fastest, minutes: 3),
        Row(from: 8_000, to: 44_100, converter: .fastest, minutes: 3),
        Row(from: 11_025, to: 16_000, converter: .fastest, minutes: 6),
    ]

    @Test(arguments: rows)
    func noSampleIsLostOrDoubled(_ row: Row) throws {
        let seconds = row.minutes * 60
        let resampler =
            if let converter = row.converter {
                try Resampler(from: row.from, to: row.to, converter: converter)
            } else {
                try Resampler(from: row.from, to: row.to)
            }
        // 997 is prime to every frame length: all splits occur.
        let chunk = Signals.tone(400, rate: row.from, count: 997)
        var room = [Int16](repeating: 0, count: resampler.maximumOutput(forInput: 997))
        let total = row.from * seconds
        // What is due and not made is never more than the delay.
        let mostWaiting = (resampler.delay + 1) * row.to
        var (given, made, worst) = (0, 0, 0)
        while given < total {
            let count = min(997, total - given)
            var span = room.mutableSpan
            made += try resampler.process(chunk.span.extracting(0..<count), into: &span)
            given += count
            worst = max(worst, abs(given * row.to - made * row.from))
        }
        #expect(worst <= mostWaiting, "\(row)")
        var span = room.mutableSpan
        made += try resampler.flush(into: &span)
        #expect(made == row.to * seconds, "\(row)")
    }
}
