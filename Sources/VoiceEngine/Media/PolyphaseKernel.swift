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
            if phase == 0 {
                let sources = Sources(samples: samples, rows: rows, taps: taps)
                let room = (inputs: filled &- next, outputs: output.count)
                let done =
                    filter.step == 1
                    ? sources.rise(from: next, phases, room, into: target)
                    : phases == 1 ? sources.fall(from: next, filter.step, room, into: target) : (inputs: 0, outputs: 0)
                next &+= done.inputs
                made = done.outputs
            }
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
}

/// Several outputs at a time, where they share inputs or coefficients: what costs is loading them. Each output is the
/// same sum in the same order as `dot` alone makes.
private struct Sources {
    let samples: UnsafeRawPointer
    let rows: UnsafeRawPointer
    let taps: Int

    typealias Counts = (inputs: Int, outputs: Int)

    /// To a multiple of the rate: the outputs of one place are made of the same inputs. Two places and two phases at a time.
    func rise(from next: Int, _ phases: Int, _ room: Counts, into target: UnsafeMutablePointer<Int16>) -> Counts {
        var (place, made) = (0, 0)
        while place &+ 1 &+ taps <= room.inputs, made &+ 2 &* phases <= room.outputs {
            let one = samples + (next &+ place) &* 4
            let (early, late) = (target + made, target + (made &+ phases))
            var phase = 0
            while phase &+ 2 <= phases {
                let row = rows + phase &* taps &* 4
                let four = dots(one, one + 4, row, row + taps &* 4)
                early[phase] = saturate(four.x)
                early[phase &+ 1] = saturate(four.y)
                late[phase] = saturate(four.z)
                late[phase &+ 1] = saturate(four.w)
                phase &+= 2
            }
            if phase < phases {
                let row = rows + phase &* taps &* 4
                early[phase] = saturate(dot(one, row, taps))
                late[phase] = saturate(dot(one + 4, row, taps))
            }
            place &+= 2
            made &+= 2 &* phases
        }
        return (place, made)
    }

    /// To a whole fraction of the rate: all outputs have the same coefficients. Four at a time.
    func fall(from next: Int, _ step: Int, _ room: Counts, into target: UnsafeMutablePointer<Int16>) -> Counts {
        var (place, made) = (0, 0)
        while place &+ 3 &* step &+ taps <= room.inputs, made &+ 4 <= room.outputs {
            let four = dots(samples + (next &+ place) &* 4, apart: step &* 4)
            for index in 0..<4 { target[made &+ index] = saturate(four[index]) }
            place &+= 4 &* step
            made &+= 4
        }
        return (place, made)
    }

    /// Two inputs with two rows: early with both, late with both.
    @inline(__always)
    private func dots(
        _ early: UnsafeRawPointer, _ late: UnsafeRawPointer, _ first: UnsafeRawPointer, _ second: UnsafeRawPointer
    ) -> SIMD4<Float> {
        var sums = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
        var offset = 0
        while offset < taps &* 4 {
            let (a, b) = (eight(early, offset), eight(late, offset))
            let (c, d) = (eight(first, offset), eight(second, offset))
            sums.0 += a * c
            sums.1 += a * d
            sums.2 += b * c
            sums.3 += b * d
            offset &+= 32
        }
        return SIMD4(total(sums.0), total(sums.1), total(sums.2), total(sums.3))
    }

    /// Four inputs with the one row.
    @inline(__always)
    private func dots(_ start: UnsafeRawPointer, apart: Int) -> SIMD4<Float> {
        var sums = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
        let (second, third, fourth) = (start + apart, start + 2 &* apart, start + 3 &* apart)
        var offset = 0
        while offset < taps &* 4 {
            let row = eight(rows, offset)
            sums.0 += eight(start, offset) * row
            sums.1 += eight(second, offset) * row
            sums.2 += eight(third, offset) * row
            sums.3 += eight(fourth, offset) * row
            offset &+= 32
        }
        return SIMD4(total(sums.0), total(sums.1), total(sums.2), total(sums.3))
    }
}

/// - Parameter count: A multiple of 8.
@inline(__always)
private func dot(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Float {
    var sum = SIMD8<Float>()
    var offset = 0
    while offset < count &* 4 {
        sum += eight(a, offset) * eight(b, offset)
        offset &+= 32
    }
    return total(sum)
}

@inline(__always)
private func eight(_ floats: UnsafeRawPointer, _ offset: Int) -> SIMD8<Float> {
    floats.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
}

@inline(__always)
private func total(_ eight: SIMD8<Float>) -> Float {
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}

/// Rounds to the nearest sample; clamps what a filter overshoots.
@inline(__always)
func saturate(_ value: Float) -> Int16 {
    // Adding 1.5 · 2^23 rounds and leaves the integer in the low bits of the fraction; a checked conversion costs more.
    let clamped = max(-32_768, min(32_767, value))
    return Int16(truncatingIfNeeded: Int32(bitPattern: (clamped + 12_582_912).bitPattern))
}
