/// What a detector says about one stretch of caller audio.
package struct SpeechWindow: Equatable, Sendable {
    /// Position of the first sample of the stretch in the caller's stream.
    package let start: Int64
    /// [samples] Length of the stretch; at least 1.
    package let count: Int
    /// How likely it is that somebody speaks: 0...1.
    package let probability: Float

    package init(start: Int64, count: Int, probability: Float) {
        self.start = start
        self.count = count
        self.probability = probability
    }

    /// The same stretch with nobody in it.
    package var silenced: SpeechWindow { SpeechWindow(start: start, count: count, probability: 0) }

    /// Position after the last sample of the stretch.
    package var end: Int64 { start + Int64(count) }
}
