/// Runs a `PolyphaseFilter` over a stream. Any split of the input gives bit-identical output: every output is one dot
/// product over the same inputs in the same order.
final class PolyphaseKernel {
    private let filter: PolyphaseFilter
    /// The last `taps - 1` inputs, then the block, as floats in the range of Int16.
    private let buffer: UnsafeMutableBufferPointer<Float>
    private var filled: Int
    /// Index in `buffer` of the oldest input of the next output, and its phase.
    private var next: Int
    private var phase: Int

    init(_ filter: PolyphaseFilter) {
        self.filter = filter
        buffer = .allocate(capacity: filter.taps + Resampler.blockSamples)
        (filled, next, phase) = (0, 0, 0)
        reset()
    }

    deinit {
        buffer.deallocate()
    }

    /// [inputs] by which the output lags: half the filter.
    var delay: Int { filter.taps / 2 }

    func reset() {
        // The first output lies at input 0: half of its filter is the silence before the start.
        buffer.initialize(repeating: 0)
        filled = filter.taps / 2 - 1
        next = 0
        phase = 0
    }

    /// - Parameters:
    ///   - input: at most `Resampler.blockSamples`.
    ///   - output: room for every output that the input completes.
    /// - Returns: outputs made.
    func process(_ input: UnsafeBufferPointer<Int16>, into output: UnsafeMutableBufferPointer<Int16>) -> Int {
        for index in 0..<input.count { buffer[filled &+ index] = Float(input[index]) }
        filled += input.count
        return produce(into: output)
    }

    private func produce(into output: UnsafeMutableBufferPointer<Int16>) -> Int {
        let (taps, phases) = (filter.taps, filter.phases)
        let (whole, part) = (filter.step / phases, filter.step % phases)
        // In locals, so that they stay in registers.
        let filled = filled
        var (next, phase, made) = (next, phase, 0)
        filter.coefficients.withUnsafeBytes { table in
            guard let samples = UnsafeRawPointer(buffer.baseAddress), let rows = table.baseAddress,
                let target = output.baseAddress
            else { return }
            while next &+ taps <= filled, made < output.count {
                target[made] = saturate(dot(samples + next &* 4, rows + phase &* taps &* 4, taps))
                made &+= 1
                next &+= whole
                phase &+= part
                if phase >= phases {
                    phase &-= phases
                    next &+= 1
                }
            }
        }
        (self.next, self.phase) = (next, phase)
        keepTail()
        return made
    }

    /// Makes the outputs that still need inputs, as if silence followed.
    func drain(into output: UnsafeMutableBufferPointer<Int16>) -> Int {
        let silence = filter.taps / 2 + 1
        (buffer.baseAddress.unsafelyUnwrapped + filled).update(repeating: 0, count: silence)
        filled += silence
        return produce(into: output)
    }

    /// Moves what the next outputs still need to the front.
    private func keepTail() {
        let from = min(next, filled)
        if from == 0 { return }
        guard let base = buffer.baseAddress else { return }
        base.update(from: base + from, count: filled - from)
        filled -= from
        next -= from
    }

    /// `count` is a multiple of 8. Two sums of eight lanes, because one would wait for its own addition.
    @inline(__always)
    private func dot(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Float {
        var even = SIMD8<Float>()
        var odd = SIMD8<Float>()
        var offset = 0
        let bytes = count &* 4
        while offset &+ 64 <= bytes {
            even +=
                a.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                * b.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            odd +=
                a.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD8<Float>.self)
                * b.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD8<Float>.self)
            offset &+= 64
        }
        if offset < bytes {
            even +=
                a.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                * b.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
        }
        let eight = even + odd
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

/// Rounds to the nearest sample; clamps what a filter overshoots.
@inline(__always)
func saturate(_ value: Float) -> Int16 {
    // Adding 1.5 · 2^23 rounds and leaves the integer in the low bits of the fraction; a checked conversion costs more.
    let clamped = max(-32_768, min(32_767, value))
    return Int16(truncatingIfNeeded: Int32(bitPattern: (clamped + 12_582_912).bitPattern))
}
