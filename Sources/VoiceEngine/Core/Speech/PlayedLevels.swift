/// How loud the agent is on its way to the caller, in steps of 20 ms: written as frames are handed out, read in step
/// with the caller's audio. Pure, of fixed size.
///
/// A carrier that is given some frames ahead leaves that many steps waiting here, so that what is read is what is being
/// played about now; what delay is left, `EchoGate` finds by itself.
package struct PlayedLevels: Sendable {
    /// [dBFS] of nothing.
    package static let silence = -Float.infinity
    /// [steps] that can wait, 640 ms: no carrier is given more ahead. Full means: the oldest is dropped.
    private static let capacity = 32

    private let stepSamples: Int
    private var levels = SIMD32<Float>(repeating: silence)
    private var first = 0
    private var count = 0
    private var energy: UInt64 = 0
    private var filled = 0

    /// - Parameter sampleRate: [Hz] of what is handed out.
    package init(sampleRate: Int) { stepSamples = max(1, sampleRate / 50) }

    /// A frame of any length was handed out.
    package mutating func note(_ samples: Span<Int16>) {
        var index = 0
        while index < samples.count {
            let next = min(index + stepSamples - filled, samples.count)
            energy &+= SignalLevel.energy(of: samples.extracting(index..<next))
            filled += next - index
            index = next
            if filled == stepSamples { complete() }
        }
    }

    /// The level of the next 20 ms; silence when nothing is being played.
    package mutating func next() -> Float {
        guard count > 0 else { return Self.silence }
        let level = levels[first]
        first = (first + 1) % Self.capacity
        count -= 1
        return level
    }

    /// What was handed out and waits is not played.
    package mutating func drop() { (first, count, energy, filled) = (0, 0, 0, 0) }

    private mutating func complete() {
        let power = Double(energy) / (Double(stepSamples) * 1_073_741_824)
        if count == Self.capacity { _ = next() }
        levels[(first + count) % Self.capacity] = Float(SignalLevel.decibels(power: power))
        count += 1
        (energy, filled) = (0, 0)
    }
}
