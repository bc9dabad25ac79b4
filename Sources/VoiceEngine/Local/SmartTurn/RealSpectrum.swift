internal import Glibc

/// The power spectrum of 400 real samples, which is no power of two: 200 complex numbers (even samples, odd samples)
/// through three passes of Stockham's algorithm with the factors 8, 5 and 5, then taken apart.
///
/// Allocates nothing after init. Not Sendable: one frame at a time.
final class RealSpectrum {
    static let size = 400
    static let bins = size / 2 + 1
    private static let half = size / 2
    private static let factors = [8, 5, 5]

    /// Of `bins` values, of the frame transformed last.
    let power: UnsafeMutableBufferPointer<Float>
    private var real: UnsafeMutableBufferPointer<Float>
    private var imaginary: UnsafeMutableBufferPointer<Float>
    private var nextReal: UnsafeMutableBufferPointer<Float>
    private var nextImaginary: UnsafeMutableBufferPointer<Float>
    /// cos and -sin of 2πk/200 and 2πk/400.
    private let turns: [(Float, Float)]
    private let halfTurns: [(Float, Float)]

    init() {
        func memory(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
            let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            memory.initialize(repeating: 0)
            return memory
        }
        func circle(_ count: Int) -> [(Float, Float)] {
            (0..<count).map { index in
                let angle = 2 * Double.pi * Double(index) / Double(count)
                return (Float(cos(angle)), Float(-sin(angle)))
            }
        }
        power = memory(Self.bins)
        real = memory(Self.half)
        imaginary = memory(Self.half)
        nextReal = memory(Self.half)
        nextImaginary = memory(Self.half)
        turns = circle(Self.half)
        halfTurns = circle(Self.size)
    }

    deinit {
        for memory in [power, real, imaginary, nextReal, nextImaginary] { memory.deallocate() }
    }

    /// - Parameters:
    ///   - frame: `size` samples.
    ///   - window: What each is multiplied with.
    func transform(_ frame: UnsafeBufferPointer<Float>, _ window: [Float]) {
        guard frame.count == Self.size, window.count == Self.size else { return }
        for index in 0..<Self.half {
            real[index] = frame[2 * index] * window[2 * index]
            imaginary[index] = frame[2 * index + 1] * window[2 * index + 1]
        }
        var length = Self.half
        var stride = 1
        turns.withUnsafeBufferPointer { turns in
            for factor in Self.factors {
                pass(factor, length: length, stride: stride, turns)
                swap(&real, &nextReal)
                swap(&imaginary, &nextImaginary)
                length /= factor
                stride *= factor
            }
        }
        takeApart()
    }

    /// y[q + s(rp + j)] = w(n)^(pj) · Σ x[q + s(p + mk)] w(r)^(jk), for a length n = rm and a stride s.
    private func pass(
        _ factor: Int, length: Int, stride: Int, _ turns: UnsafeBufferPointer<(Float, Float)>
    ) {
        let rows = length / factor
        // Steps on the circle of 200: for w(n) = stride, for w(r) = 200 / r.
        let step = Self.half / factor
        for p in 0..<rows {
            for j in 0..<factor {
                let (turnReal, turnImaginary) = turns[p * j * stride % Self.half]
                for q in 0..<stride {
                    var sumReal: Float = 0
                    var sumImaginary: Float = 0
                    var turn = 0
                    var source = q + stride * p
                    for _ in 0..<factor {
                        let (c, s) = turns[turn]
                        sumReal += real[source] * c - imaginary[source] * s
                        sumImaginary += real[source] * s + imaginary[source] * c
                        source += stride * rows
                        turn += j * step
                        if turn >= Self.half { turn %= Self.half }
                    }
                    let target = q + stride * (factor * p + j)
                    nextReal[target] = sumReal * turnReal - sumImaginary * turnImaginary
                    nextImaginary[target] = sumReal * turnImaginary + sumImaginary * turnReal
                }
            }
        }
    }

    /// The spectra of the even and the odd samples are the halves of what they became together.
    private func takeApart() {
        for bin in 0..<Self.bins {
            let (a, b) = (bin % Self.half, (Self.half - bin % Self.half) % Self.half)
            let evenReal = (real[a] + real[b]) / 2
            let evenImaginary = (imaginary[a] - imaginary[b]) / 2
            let oddReal = (imaginary[a] + imaginary[b]) / 2
            let oddImaginary = (real[b] - real[a]) / 2
            let (c, s) = halfTurns[bin]
            let sumReal = evenReal + oddReal * c - oddImaginary * s
            let sumImaginary = evenImaginary + oddReal * s + oddImaginary * c
            power[bin] = sumReal * sumReal + sumImaginary * sumImaginary
        }
    }
}
