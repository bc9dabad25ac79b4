/// How late the ticks of all event loops came, counted since the engine was made.
package struct TickLateness: Equatable, Sendable {
    /// [s] Upper bounds of the buckets, ascending; the last bucket has none.
    package var bounds: [Double]
    /// Ticks in each bucket, one more than `bounds`.
    package var counts: [Int]

    package init(bounds: [Double], counts: [Int]) {
        self.bounds = bounds
        self.counts = counts
    }
}
