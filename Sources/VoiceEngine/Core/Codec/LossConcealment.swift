/// Fills the place of lost audio with what was heard last, fading to silence: for encodings that code sample by sample.
/// (Opus conceals by itself.) Pure; all memory is taken at the start.
///
/// The last 20 ms are repeated, to and fro so that no repetition has a seam, and fall linearly to nothing within
/// `fadeMilliseconds`: longer invented speech sounds like a machine (ITU-T G.711 Appendix I fades as fast).
package struct LossConcealment: ~Copyable {
    package static let fadeMilliseconds = 60

    private let format: AudioFormat
    /// The end of what was heard, as it came.
    private let last: UnsafeMutableRawBufferPointer
    private var lastCount = 0
    /// The same as samples, and what is made of them.
    private let known: UnsafeMutableBufferPointer<Int16>
    private let made: UnsafeMutableBufferPointer<Int16>
    private let encoded: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter format: With Opus nothing is concealed.
    package init(_ format: AudioFormat) {
        self.format = format
        let frame = format.samples(inMilliseconds: 20)
        last = .allocate(byteCount: frame * format.bytesPerSample, alignment: 8)
        known = .allocate(capacity: frame)
        known.initialize(repeating: 0)
        made = .allocate(capacity: frame)
        made.initialize(repeating: 0)
        encoded = .allocate(capacity: frame * format.bytesPerSample)
        encoded.initialize(repeating: 0)
    }

    deinit {
        last.deallocate()
        known.deallocate()
        made.deallocate()
        encoded.deallocate()
    }

    /// Audio that was played.
    package mutating func heard(_ audio: UnsafeRawBufferPointer) {
        guard format.bytesPerSample > 0 else { return }
        lastCount = min(audio.count, last.count) / format.bytesPerSample * format.bytesPerSample
        last.copyMemory(from: UnsafeRawBufferPointer(rebasing: audio[(audio.count - lastCount)...]))
    }

    /// Makes up `milliseconds` of audio and hands it out in pieces of at most 20 ms. Borrowed until `body` returns.
    package mutating func conceal(milliseconds: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard format.bytesPerSample > 0 else { return }
        let count = decodeLast()
        let fade = format.samples(inMilliseconds: Self.fadeMilliseconds)
        let total = format.samples(inMilliseconds: milliseconds)
        var position = 0
        while position < total {
            let piece = min(total - position, made.count)
            for index in 0..<piece {
                let gain = max(0, fade - position - index)
                // 16 bits times at most 2,880 samples of fade.
                made[index] = Int16(truncatingIfNeeded: Int(sample(position + index, of: count)) * gain / fade)
            }
            var target = encoded.mutableSpan
            let bytes = format.encoding.encode(
                UnsafeBufferPointer(rebasing: made[..<piece]).span, into: &target)
            body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(encoded)[..<bytes]))
            position += piece
        }
        // What was made up is not repeated by the next gap.
        lastCount = 0
    }

    private func decodeLast() -> Int {
        var target = known.mutableSpan
        let source = UnsafeRawBufferPointer(rebasing: last[..<lastCount]).assumingMemoryBound(to: UInt8.self)
        return format.encoding.decode(source.span, into: &target)
    }

    /// Backwards from the end of what was heard, then forwards again.
    private func sample(_ position: Int, of count: Int) -> Int16 {
        guard count > 0 else { return 0 }
        let place = position % (2 * count)
        return place < count ? known[count - 1 - place] : known[place - count]
    }
}
