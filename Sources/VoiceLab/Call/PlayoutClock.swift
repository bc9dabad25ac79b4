import DequeModule

/// The loudspeaker of the simulated telephone: plays what the server sent, 8,000 samples per second, and tells exactly
/// when each mark is reached. Pure: time is the index of a sample of the call.
///
/// ```
///   media ─▶ [ audio | mark a | audio | audio | mark b ] ─▶ played, one byte per sample; silence when empty
///   clear ─▶ empties the queue; a and b come back at once although their audio was never heard
/// ```
struct PlayoutClock {
    enum Cause: String, Sendable { case played, cleared }

    /// A mark that goes back to the server.
    struct Echo: Equatable {
        var name: String
        /// The sample at which it was due.
        var sample: Int
        var cause: Cause
    }

    /// What a media message did.
    enum Acceptance: Equatable {
        case queued
        /// The queue had run dry `samples` before, though the audio did not end with a mark: an audible gap.
        case queuedAfterGap(samples: Int)
        /// Beyond Twilio's ten minutes: discarded, warning 31931.
        case discarded
    }

    private enum Entry {
        case audio([UInt8], played: Int)
        case mark(String)
    }

    /// Ten minutes: more queued audio than this is discarded by Twilio.
    static let maxQueuedSamples = 600 * Telephone.samplesPerSecond
    /// A new beginning rather than a gap in what is being said: longer than any network hiccup worth calling one.
    static let longestGap = Telephone.samples(milliseconds: 300)
    /// Less than this behind a clear is how the cleared audio fades out; the silence after it is the server's will.
    static let longestFade = Telephone.samples(milliseconds: 40)

    private var queue: Deque<Entry> = []
    private(set) var queuedSamples = 0
    /// The line as the caller heard it, from sample 0 of the call.
    private(set) var played: [UInt8] = []
    private var lastPlayed = -1
    private var endedWithMark = true
    /// Samples that may still come as the end of what was cleared.
    private var fadeLeft = 0

    /// Plays up to, not including, `sample`, and returns the marks that were reached on the way, in order.
    mutating func advance(to sample: Int) -> [Echo] {
        var echoes: [Echo] = []
        while let entry = queue.first {
            switch entry {
            case .mark(let name):
                echoes.append(Echo(name: name, sample: played.count, cause: .played))
                endedWithMark = true
                queue.removeFirst()
            case .audio(let bytes, let done):
                guard played.count < sample else { return echoes }
                let count = min(bytes.count - done, sample - played.count)
                played += bytes[done..<done + count]
                queuedSamples -= count
                lastPlayed = played.count
                endedWithMark = false
                queue.removeFirst()
                if done + count < bytes.count { queue.prepend(.audio(bytes, played: done + count)) }
            }
        }
        if played.count < sample { played += [UInt8](repeating: MuLaw.silence, count: sample - played.count) }
        return echoes
    }

    /// Queues audio that arrived at `sample`; `advance(to:)` has been called for it.
    mutating func media(_ payload: [UInt8], at sample: Int) -> Acceptance {
        guard queuedSamples + payload.count <= Self.maxQueuedSamples else { return .discarded }
        let goesOn = lastPlayed >= 0 && !endedWithMark && fadeLeft == 0
        let gap = queue.isEmpty && goesOn ? sample - lastPlayed : 0
        fadeLeft = max(fadeLeft - payload.count, 0)
        queue.append(.audio(payload, played: 0))
        queuedSamples += payload.count
        endedWithMark = false
        return gap > 0 && gap <= Self.longestGap ? .queuedAfterGap(samples: gap) : .queued
    }

    /// Queues a mark behind the audio; with nothing to play it comes back at once.
    mutating func mark(_ name: String, at sample: Int) -> [Echo] {
        queue.append(.mark(name))
        return queue.count == 1 ? advance(to: sample) : []
    }

    /// Empties the queue.
    ///
    /// - Returns: the pending marks, all due now, and how many samples will never be heard.
    mutating func clear(at sample: Int) -> (echoes: [Echo], dropped: Int) {
        let dropped = queuedSamples
        var echoes: [Echo] = []
        for case .mark(let name) in queue { echoes.append(Echo(name: name, sample: sample, cause: .cleared)) }
        queue.removeAll()
        queuedSamples = 0
        endedWithMark = true
        fadeLeft = Self.longestFade
        return (echoes, dropped)
    }

    /// The sample at which the next pending mark is due, if any is pending.
    var nextMark: Int? {
        var sample = played.count
        for entry in queue {
            switch entry {
            case .audio(let bytes, let done): sample += bytes.count - done
            case .mark: return sample
            }
        }
        return nil
    }
}
