/// The sound of the caller's turn so far, its newest seconds: what a model judges that hears whether it is finished.
///
/// While nobody speaks it keeps what may become the beginning. All memory is taken at init, but the system provides
/// only what the longest utterance touched. Positions are the detector's samples.
package struct UtteranceSound: ~Copyable {
    private enum State {
        case idle
        /// The turn began here.
        case since(Int64)
    }

    /// [samples] handed out at most, and of what is before an onset: words begin softly.
    private let longest: Int
    private let lead: Int
    /// [samples] kept while nobody speaks: a voice is noticed up to half a second after it began.
    private let idle: Int
    private let memory: UnsafeMutableBufferPointer<Int16>
    private var count = 0
    /// Position after the newest sample.
    private var end: Int64 = 0
    private var state = State.idle

    /// - Parameter seconds: of sound that the model looks at.
    package init(sampleRate: Int, seconds: Int) {
        longest = sampleRate * seconds
        lead = sampleRate / 2
        idle = sampleRate
        memory = .allocate(capacity: longest + 2 * idle)
        // Not initialised as a whole: that would touch it all. Only what was written is read.
    }

    deinit { memory.deallocate() }

    package mutating func append(_ samples: UnsafeBufferPointer<Int16>) {
        end += Int64(samples.count)
        let samples = UnsafeBufferPointer(rebasing: samples.suffix(longest))
        if count + samples.count > limit { keep(max(0, min(count, kept - samples.count))) }
        if let source = samples.baseAddress, let target = memory.baseAddress {
            (target + count).update(from: source, count: samples.count)
        }
        count += samples.count
    }

    /// The caller is audible since `onset`.
    package mutating func began(at onset: Int64) {
        if case .idle = state { state = .since(max(0, onset - Int64(lead))) }
    }

    /// What was said became a turn, or is forgotten.
    package mutating func committed() { state = .idle }

    /// The turn so far. Borrowed until return; empty when nobody has spoken.
    package borrowing func withSound<Result>(_ body: (UnsafeBufferPointer<Int16>) -> Result) -> Result {
        guard case .since(let start) = state else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        let length = Int(min(end - start, Int64(min(count, longest))))
        return body(UnsafeBufferPointer(rebasing: memory[(count - length)..<count]))
    }

    // MARK: -

    private var limit: Int { if case .idle = state { 2 * idle } else { longest + 2 * idle } }
    private var kept: Int { if case .idle = state { idle } else { longest } }

    private mutating func keep(_ newest: Int) {
        if let base = memory.baseAddress { base.update(from: base + (count - newest), count: newest) }
        count = newest
    }
}
