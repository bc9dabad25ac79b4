import Glibc

/// The number of a call, hidden in the caller's silence: low tones (-50 dBFS) that the scripted speech-to-text reads
/// from the audio it gets, whatever codec and rate the engine uses. That ties the providers' logs to the caller's.
///
/// One mark: 120 ms of the sync tone, then five symbols of 60 ms, each one of sixteen tones: three digits of the
/// number (base 16, high first), their sum and the complement of the sum (mod 16) as a check.
enum Watermark {
    static let blockMilliseconds = 20
    private static let syncHertz = 800.0
    private static func symbolHertz(_ symbol: Int) -> Double { 1_000 + 100 * Double(symbol) }
    /// -50 dBFS: below every voice detector, above µ-law's quantisation.
    private static let amplitude = 146.0

    private static func symbols(_ call: Int) -> [Int] {
        let digits = [call >> 8 & 15, call >> 4 & 15, call & 15]
        let sum = digits.reduce(0, +) & 15
        return digits + [sum, 15 - sum]
    }

    /// One mark at 8 kHz, 420 ms.
    static func samples(call: Int) -> [Int16] {
        var out: [Int16] = []
        func tone(_ hertz: Double, _ milliseconds: Int) {
            for index in 0..<Telephone.samples(milliseconds: milliseconds) {
                out.append(Int16((amplitude * sin(2 * .pi * hertz * Double(index) / 8_000)).rounded()))
            }
        }
        tone(syncHertz, 120)
        for symbol in symbols(call) { tone(symbolHertz(symbol), 60) }
        return out
    }

    /// Reads a mark out of audio, 20 ms at a time.
    struct Reader {
        private let rate: Double
        private let blockSamples: Int
        private var pending: [Float] = []
        /// The strongest tone of each block: -1 sync, 0...15 a symbol, nil none.
        private var blocks: [Int?] = []

        init(sampleRate: Int) {
            rate = Double(sampleRate)
            blockSamples = sampleRate * Watermark.blockMilliseconds / 1_000
        }

        /// Takes audio and returns the number once a whole mark with a right check has passed.
        mutating func read(_ samples: some Sequence<Float>) -> Int? {
            pending += samples
            while pending.count >= blockSamples {
                blocks.append(strongest(pending[0..<blockSamples]))
                pending.removeFirst(blockSamples)
                if let call = decode() { return call }
                if blocks.count > 64 { blocks.removeFirst() }
            }
            return nil
        }

        /// The symbols lie 3 blocks apart; the block in the middle of each is whole, wherever the grid fell.
        private func decode() -> Int? {
            let last = blocks.count - 1 - 14
            guard last >= 3, blocks[last] == .some(-1), blocks[last - 1] == .some(-1), blocks[last - 2] == .some(-1),
                blocks[last + 1] != .some(-1)
            else { return nil }
            let symbols = (0..<5).compactMap { blocks[last + 2 + 3 * $0] }
            guard symbols.count == 5, symbols.allSatisfy({ $0 >= 0 }) else { return nil }
            let call = symbols[0] << 8 | symbols[1] << 4 | symbols[2]
            return Watermark.symbols(call) == symbols ? call : nil
        }

        private func strongest(_ block: ArraySlice<Float>) -> Int? {
            let energy = block.reduce(Float(0)) { $0 + $1 * $1 }
            // Between -62 and -38 dBFS: neither a silent line nor speech.
            let level = 10 * log10(Double(energy) / Double(block.count) / (32_768 * 32_768) + 1e-12)
            guard (-62 ... -38).contains(level) else { return nil }
            var best: (symbol: Int, power: Double) = (-2, 0)
            for symbol in -1..<16 {
                let hertz = symbol < 0 ? Watermark.syncHertz : Watermark.symbolHertz(symbol)
                let power = goertzel(block, hertz)
                if power > best.power { best = (symbol, power) }
            }
            // A pure tone holds (N/2) · energy; half of that separates it from noise and from a block with two tones.
            return best.power > 0.25 * Double(energy) * Double(block.count) ? best.symbol : nil
        }

        private func goertzel(_ block: ArraySlice<Float>, _ hertz: Double) -> Double {
            let coefficient = 2 * cos(2 * .pi * hertz / rate)
            var (one, two) = (0.0, 0.0)
            for sample in block { (one, two) = (Double(sample) + coefficient * one - two, one) }
            return one * one + two * two - coefficient * one * two
        }
    }
}
