import Foundation

/// What a resampler does to tones, how late it is, and what it costs: so that equals can be compared.
struct RateMeasurement {
    /// [dB] The loudest image or alias of any tone: above, what has no business there; below, what was not kept out.
    var rejection = -200.0
    /// [dB] The same, of what a telephone carries: images of tones, and aliases, up to 0.425 of the lower rate (3.4 kHz
    /// of 8).
    var rejectionInBand = -200.0
    /// [dB] Largest deviation from equal loudness up to 0.425 of the lower rate.
    var ripple = 0.0
    /// [ms] Of input that must follow a sample before it comes out.
    var delay = 0.0
    /// [µs] A frame of 20 ms.
    var cost = 0.0

    private static let amplitude = 16_000.0
    private static let band = 0.425

    private let from: Double
    private let to: Double
    private let make: () -> RateConverter?

    /// - Returns: nil when the resampler is not installed.
    init?(from: Int, to: Int, _ maker: RateConverters.Maker) {
        (self.from, self.to) = (Double(from), Double(to))
        make = { maker.make(from, to) }
        guard make() != nil else { return nil }
        measureTones()
        measureDelay()
        measureCost()
    }

    /// [samples] Of 20 ms.
    private var frame: Int { Int(from) / 50 }
    private var room: Int { Int(from + to) }

    // MARK: Tones

    private mutating func measureTones() {
        let lower = min(from, to)
        for hertz in stride(from: lower / 80, to: lower * 0.495, by: lower / 53) {
            let output = played(hertz)
            if hertz <= lower * Self.band {
                ripple = max(ripple, abs(level(of: hertz, in: output)))
            }
            for image in images(of: hertz) {
                note(level(of: image, in: output), isInBand: hertz <= lower * Self.band)
            }
        }
        guard to < from else { return }
        for hertz in stride(from: to * 0.505, to: from * 0.495, by: lower / 53) {
            let alias = folded(hertz)
            note(level(of: alias, in: played(hertz)), isInBand: alias <= to * Self.band)
        }
    }

    private mutating func note(_ level: Double, isInBand: Bool) {
        rejection = max(rejection, level)
        if isInBand { rejectionInBand = max(rejectionInBand, level) }
    }

    /// [Hz] Where a tone appears again when the rate grows.
    private func images(of hertz: Double) -> [Double] {
        guard to > from else { return [] }
        return (1...Int(to / from)).flatMap { [Double($0) * from - hertz, Double($0) * from + hertz] }
            .filter { $0 < to * 0.495 }
    }

    /// [Hz] Where a tone above half the rate comes down.
    private func folded(_ hertz: Double) -> Double {
        let rest = hertz.truncatingRemainder(dividingBy: to)
        return rest > to / 2 ? to - rest : rest
    }

    /// What becomes of a tone, without its beginning.
    private func played(_ hertz: Double) -> [Double] {
        let step = 2 * Double.pi * hertz / from
        let input = (0..<Int(from * 0.6)).map { Int16((Self.amplitude * sin(step * Double($0))).rounded()) }
        let output = make()?.convert(input, pieces: frame, room: room) ?? []
        return output.dropFirst(Int(to * 0.25)).prefix(Int(to * 0.25)).map(Double.init)
    }

    /// [dB] Of one frequency, relative to the tone that went in; through a window whose side lobes are 92 dB down.
    private func level(of hertz: Double, in signal: [Double]) -> Double {
        guard signal.count > 16 else { return -200 }
        let step = 2 * Double.pi * hertz / to
        let turn = 2 * Double.pi / Double(signal.count)
        var (real, imaginary, weight) = (0.0, 0.0, 0.0)
        for (index, value) in signal.enumerated() {
            let place = turn * Double(index)
            let window = 0.358_75 - 0.488_29 * cos(place) + 0.141_28 * cos(2 * place) - 0.011_68 * cos(3 * place)
            real += value * window * cos(step * Double(index))
            imaginary += value * window * sin(step * Double(index))
            weight += window
        }
        let found = 2 * (real * real + imaginary * imaginary).squareRoot() / weight
        return 20 * log10(max(found / Self.amplitude, 1e-10))
    }

    // MARK: Delay and cost

    /// An impulse, sample by sample: when does its peak come out?
    private mutating func measureDelay() {
        guard let converter = make() else { return }
        let place = Int(from) / 10
        let target = UnsafeMutableBufferPointer<Int16>.allocate(capacity: room)
        defer { target.deallocate() }
        target.initialize(repeating: 0)
        var peak = (value: 0, input: place)
        for index in 0..<Int(from) {
            let sample = [index == place ? Int16(32_000) : 0]
            let made = sample.withUnsafeBufferPointer { converter.convert($0, into: target) }
            let largest = target[..<made].map { abs(Int($0)) }.max() ?? 0
            if largest > peak.value { peak = (largest, index) }
        }
        delay = Double(peak.input - place) / from * 1_000
    }

    private mutating func measureCost() {
        guard let converter = make() else { return }
        let input = (0..<frame * 50).map { Int16(truncatingIfNeeded: $0 &* 7_919) / 4 }
        let target = UnsafeMutableBufferPointer<Int16>.allocate(capacity: room)
        defer { target.deallocate() }
        target.initialize(repeating: 0)
        let second = KernelTimer.nanoseconds {
            input.withUnsafeBufferPointer { input in
                for start in stride(from: 0, to: input.count, by: frame) {
                    _ = converter.convert(UnsafeBufferPointer(rebasing: input[start..<start + frame]), into: target)
                }
            }
        }
        cost = second / 50 / 1_000
    }
}
