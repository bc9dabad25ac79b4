/// The scripted voice: texts in, when to send how much of which tone out, as Deepgram's `/v1/speak` does. Pure.
///
/// Synthesis starts with the first whole sentence; `Flush` speaks the rest and is answered when its audio is out; `Clear`
/// drops everything that is not out yet.
struct SpeakMachine {
    struct Settings: Equatable, Sendable {
        /// From a text that starts synthesis to its first bytes.
        var firstByteNanoseconds: Int64
        /// Audio is sent this many times faster than it plays.
        var speed: Double
        /// Length of one message.
        var chunkMilliseconds = 100
        /// Speaking rate: 15 characters a second are an ordinary voice.
        var millisecondsPerCharacter = 65
    }

    enum Output: Equatable {
        /// Send this stretch of a tone: `offset` and `milliseconds` of the reply's audio.
        case audio(tone: Int, offset: Int, milliseconds: Int, tag: Tag?, isFirst: Bool)
        case flushed(sequence: Int)
        case cleared(sequence: Int)
        case tooManyFlushes
        case close
    }

    private enum Job {
        case audio(tone: Int, offset: Int, remaining: Int, tag: Tag?)
        case flushed
        case close
    }

    private static let maxFlushesPerMinute = 20

    let settings: Settings
    private var text: [UInt8] = []
    private var jobs: [Job] = []
    /// When the job at the head may go on.
    private var due: Int64 = 0
    private var flushes: [Int64] = []
    private var sequence = 0
    private var offsets: [Int: Int] = [:]

    init(settings: Settings) { self.settings = settings }

    /// When `advance` has something to do next; nil while there is nothing.
    var wake: Int64? { jobs.isEmpty ? nil : due }

    mutating func speak(_ piece: some Sequence<UInt8>, at now: Int64) {
        text += piece
        // A sentence is enough to begin; what follows its end waits for more.
        guard let end = text.lastIndex(where: { ".!?".utf8.contains($0) }) else { return }
        synthesize(Array(text[...end]), at: now)
        text.removeSubrange(...end)
    }

    mutating func flush(at now: Int64) -> [Output] {
        flushes.removeAll { now - $0 > 60_000_000_000 }
        guard flushes.count < Self.maxFlushesPerMinute else { return [.tooManyFlushes] }
        flushes.append(now)
        synthesize(text, at: now)
        text.removeAll()
        append(.flushed, at: now, delay: 0)
        return []
    }

    mutating func clear() -> [Output] {
        text.removeAll()
        jobs.removeAll()
        sequence += 1
        return [.cleared(sequence: sequence - 1)]
    }

    mutating func close(at now: Int64) { append(.close, at: now, delay: 0) }

    /// Everything that is due by `now`.
    mutating func advance(to now: Int64) -> [Output] {
        var out: [Output] = []
        while let job = jobs.first, due <= now {
            switch job {
            case .flushed:
                jobs.removeFirst()
                out.append(.flushed(sequence: sequence))
                sequence += 1
            case .close:
                jobs.removeFirst()
                out.append(.close)
            case .audio(let tone, let offset, let remaining, let tag):
                let length = min(settings.chunkMilliseconds, remaining)
                out.append(.audio(tone: tone, offset: offset, milliseconds: length, tag: tag, isFirst: offset == 0))
                due += Int64(Double(length) * 1e6 / settings.speed)
                offsets[tone] = offset + length
                if remaining > length {
                    jobs[0] = .audio(tone: tone, offset: offset + length, remaining: remaining - length, tag: tag)
                } else {
                    jobs.removeFirst()
                }
            }
        }
        return out
    }

    private mutating func synthesize(_ sentence: [UInt8], at now: Int64) {
        let letters = sentence.count { UInt8(ascii: "A") <= $0 }
        // White space and punctuation alone give no audio.
        guard letters > 0 else { return }
        let tag = Tag(lastIn: sentence)
        let tone = ToneBank.index(tag)
        var offset = 0
        if case .audio(tone, let begun, let remaining, _)? = jobs.last(where: {
            if case .audio = $0 { true } else { false }
        }) {
            offset = begun + remaining
        } else if let before = offsets[tone] {
            offset = before
        }
        let length = sentence.count * settings.millisecondsPerCharacter
        append(
            .audio(tone: tone, offset: offset, remaining: length, tag: tag), at: now,
            delay: settings.firstByteNanoseconds)
        offsets = offsets.filter { $0.key == tone }
        offsets[tone] = offset + length
    }

    private mutating func append(_ job: Job, at now: Int64, delay: Int64) {
        if jobs.isEmpty { due = max(due, now + delay) }
        jobs.append(job)
    }
}
