/// Ramps that take a voice out or bring it back without a click.
///
/// The curve is 3x² - 2x³, within 1 % of a raised cosine and, like it, flat at both ends; in Q15 it needs no table and
/// no C library. 5–10 ms are enough: shorter clicks, longer sounds like a fade.
package enum Fade {
    /// Takes `samples` from full level down to silence, in place. The last sample becomes 0.
    package static func out(_ samples: inout MutableSpan<Int16>) {
        samples.withUnsafeMutableBufferPointer { apply($0, rising: false) }
    }

    /// Brings `samples` from silence up to full level, in place. The first sample becomes 0.
    package static func `in`(_ samples: inout MutableSpan<Int16>) {
        samples.withUnsafeMutableBufferPointer { apply($0, rising: true) }
    }

    /// Gain in Q15 (32768 is 1) at `index` of a rising ramp whose last sample is `last` (at least 1).
    private static func gain(_ index: Int, last: Int) -> Int32 {
        // x in Q15; x² and x³ brought back to Q15 each time, so that nothing exceeds 2^31.
        let x = Int64(index) * 32_768 / Int64(last)
        let square = (x * x) >> 15
        return Int32(truncatingIfNeeded: 3 * square - 2 * ((square * x) >> 15))
    }

    private static func apply(_ samples: UnsafeMutableBufferPointer<Int16>, rising: Bool) {
        let last = samples.count - 1
        if last < 0 { return }
        if last == 0 {
            samples[0] = 0
            return
        }
        for index in 0...last {
            let factor = gain(rising ? index : last - index, last: last)
            // |sample| · gain <= 2^15 · 2^15; the gain never exceeds 1, so that the result fits.
            samples[index] = Int16(truncatingIfNeeded: (Int32(samples[index]) &* factor) >> 15)
        }
    }
}
