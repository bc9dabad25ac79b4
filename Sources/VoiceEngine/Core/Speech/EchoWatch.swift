/// Which stretches of the caller's audio are only the agent's own voice that came back: `EchoGate`, step by step, and
/// what it said of the last second. Pure: counts samples.
package struct EchoWatch: Sendable {
    private let stepSamples: Int
    private var gate = EchoGate()
    private var energy: UInt64 = 0
    private var filled = 0
    /// Of the last 64 steps, the newest in bit 0.
    private var verdicts: UInt64 = 0
    /// Position after the newest whole step.
    private var end: Int64 = 0

    /// - Parameter sampleRate: [Hz] of the caller's audio.
    package init(sampleRate: Int) { stepSamples = max(1, sampleRate / 50) }

    /// What is known of the line; nil: no echo.
    package var echo: EchoGate.Echo? { gate.echo }

    /// Takes samples from `samples` at `offset` until one step of 20 ms is complete: then `judge` it. Call it until it
    /// returns false.
    /// - Parameter offset: [samples] where to go on; is moved on. 0 for a new chunk.
    package mutating func takesStep(of samples: Span<Int16>, offset: inout Int) -> Bool {
        let count = min(stepSamples - filled, samples.count - offset)
        guard count > 0 else { return false }
        energy &+= SignalLevel.energy(of: samples.extracting(offset..<offset + count))
        offset += count
        filled += count
        return filled == stepSamples
    }

    /// - Parameter played: [dBFS] of what the caller was played meanwhile.
    package mutating func judge(played: Float) {
        let power = Double(energy) / (Double(stepSamples) * 1_073_741_824)
        let isEcho = gate.isEcho(played: played, heard: Float(SignalLevel.decibels(power: power)))
        verdicts = verdicts << 1 | (isEcho ? 1 : 0)
        end += Int64(stepSamples)
        (energy, filled) = (0, 0)
    }

    /// Whether more than half of a window is echo. What comes after the newest whole step is taken to be like it.
    package func isEcho(_ window: SpeechWindow) -> Bool {
        guard verdicts != 0 else { return false }
        return 2 * echoes(from: window.start, until: window.end) > Int64(window.count)
    }

    /// Whether nothing else is in it.
    package func isOnlyEcho(from start: Int64, until after: Int64) -> Bool {
        guard verdicts != 0, after > start else { return false }
        return echoes(from: start, until: after) == after - start
    }

    /// [samples] of echo in a stretch.
    private func echoes(from start: Int64, until after: Int64) -> Int64 {
        var count: Int64 = 0
        if after > end, verdicts & 1 == 1 { count += after - max(start, end) }
        var stepEnd = end
        for step in 0..<64 {
            guard stepEnd > start else { break }
            let stepStart = stepEnd - Int64(stepSamples)
            if verdicts >> UInt64(step) & 1 == 1 { count += max(min(after, stepEnd) - max(start, stepStart), 0) }
            stepEnd = stepStart
        }
        return count
    }
}
