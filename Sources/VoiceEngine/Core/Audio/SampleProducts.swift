/// Sums of products of 16-bit samples, exact.
///
/// The loop adds two products, as the machine does in one instruction (`pmaddwd`), and the halves of that sum apart, in
/// 32 bits: half as many instructions as sums of 64 bits take, which every x86-64 can only add two at a time.
package enum SampleProducts {
    /// [samples] of one stretch: the lower halves of 2^15 pairs just stay below 2^31.
    private static let stretch = 1 << 16

    /// Σ x[n] · y[n] over as many samples as the shorter one has.
    package static func sum(_ x: UnsafeBufferPointer<Int16>, _ y: UnsafeBufferPointer<Int16>) -> Int64 {
        let count = min(x.count, y.count)
        var sum: Int64 = 0
        var index = 0
        while count &- index >= 2 {
            let end = min(count & ~1, index &+ stretch)
            sum &+= pairs(x, y, from: index, to: end)
            index = end
        }
        if index < count { sum &+= Int64(x[index]) &* Int64(y[index]) }
        return sum
    }

    @inline(__always)
    private static func pairs(
        _ x: UnsafeBufferPointer<Int16>, _ y: UnsafeBufferPointer<Int16>, from start: Int, to end: Int
    ) -> Int64 {
        var low: Int32 = 0
        var high: Int32 = 0
        let pairs = (end &- start) &>> 1
        for pair in 0..<pairs {
            let index = start &+ pair &* 2
            let two = Int32(x[index]) &* Int32(y[index]) &+ Int32(x[index &+ 1]) &* Int32(y[index &+ 1])
            // Two products of -32768 each are 2^31, one too many for an Int32; none are as little as -2^31.
            let shifted = two &- 1
            low &+= shifted & 0xFFFF
            high &+= shifted &>> 16
        }
        return Int64(high) &* 65_536 &+ Int64(low) &+ Int64(pairs)
    }
}
