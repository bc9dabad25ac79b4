/// What of a reply the caller has heard: maps samples played to words.
///
/// Text and audio arrive apart: segments of text first, then their audio in pieces, then the news that a segment's
/// audio is complete. Inside completed audio the words are spread over the samples by weight (letters, digits, pauses
/// at punctuation) or by the provider's word times; inside audio that still arrives, by the speed measured so far.
/// Segments that are completed by one report (a provider that knows no borders) count as one stretch of audio. Word
/// times may cover the first words only: those that follow are spread over what is left.
///
/// A word counts as heard when more than half of it was played. One value per reply; pure.
package struct HeardText: Equatable, Sendable {
    private struct Segment: Equatable {
        let index: Int
        let text: String
        let words: [SegmentWord]
        var samples: Int64 = 0
        var wordEnds: [Int64] = []

        init(index: Int, text: String, samples: Int64 = 0) {
            self.index = index
            self.text = text
            self.samples = samples
            words = SegmentWord.all(of: text)
        }

        var weight: Double { words.reduce(0) { $0 + $1.spoken + $1.pause } }

        /// The text up to a word, and what follows it.
        func split(afterWords count: Int) -> (head: String, tail: String) {
            guard count > 0 else { return ("", text) }
            guard count < words.count else { return (text, "") }
            let index = text.utf8.index(text.utf8.startIndex, offsetBy: words[count - 1].end)
            return (String(text[..<index]), String(text[index...].drop { $0.isWhitespace }))
        }

        mutating func take(_ ends: [Int64]) {
            if ends.count > wordEnds.count, ends.count <= words.count { wordEnds = ends }
        }
    }

    /// A word in its stretch, before it has a place.
    private struct Word {
        let segment: Int
        /// In its segment, counted from 1.
        let number: Int
        let spoken: Double
        var pause: Double
        /// Samples of the stretch before which it certainly does not begin.
        var notBefore: Double?
        /// Where it ends in the stretch, as far as the provider told.
        var end: Double?
    }

    /// A word and where in its stretch it is spoken. [samples]
    private struct Place {
        let segment: Int
        let number: Int
        let start: Double
        let end: Double

        var middle: Double { (start + end) / 2 }
    }

    /// A stretch of audio with its text.
    private struct Stretch: Equatable {
        var segments: [Segment]
        var samples: Int64
        var weight: Double
    }

    private let samplesPerSecond: Double
    /// Measured on completed audio, of this reply and of those before it.
    package private(set) var rate: SpeakingRate
    private var completed: [Stretch] = []
    private var open: [Segment] = []
    /// Audio that came before any text: it is the next segment's.
    private var early: Int64 = 0

    /// - Parameters:
    ///   - sampleRate: [Hz] Of the samples that are counted; only matters until some speech has been measured.
    ///   - rate: What was measured in the replies before, on samples of the same rate.
    package init(sampleRate: Int = 8_000, rate: SpeakingRate = SpeakingRate()) {
        samplesPerSecond = Double(max(sampleRate, 1))
        self.rate = rate
    }

    /// The whole text so far.
    package var text: String {
        SpokenWords.joined((completed.flatMap(\.segments) + open).map(\.text))
    }

    /// The next segment's text, before its audio. Segments come in order of their index.
    package mutating func append(segment index: Int, text: String) {
        open.append(Segment(index: index, text: text, samples: early))
        early = 0
    }

    /// More audio of a segment. Audio comes in the order of the segments; a model that speaks itself may be ahead of the
    /// text.
    package mutating func append(samples: Int, to segment: Int) {
        guard let position = open.lastIndex(where: { $0.index <= segment }) else {
            return early += Int64(max(samples, 0))
        }
        open[position].samples += Int64(max(samples, 0))
    }

    /// The audio of all segments up to and including this one has been appended.
    package mutating func complete(through index: Int) {
        let segments = Array(open.prefix { $0.index <= index })
        guard !segments.isEmpty else { return early = 0 }
        open.removeFirst(segments.count)
        let stretch = Self.stretch(of: segments)
        rate.measured(samples: stretch.samples, weight: stretch.weight)
        completed.append(stretch)
    }

    /// Word times of a provider that has them: where the first words end, in samples from the start of the segment's
    /// audio. A later report replaces an earlier one that is shorter.
    ///
    /// Ignored when it is not longer than what is known, has more words than the text, or is not in order.
    package mutating func setWordEnds(_ ends: [Int64], of segment: Int) {
        guard ends.first ?? 0 >= 0, zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }) else { return }
        if let position = open.firstIndex(where: { $0.index == segment }) {
            open[position].take(ends)
        } else if let stretch = completed.lastIndex(where: { $0.segments.contains { $0.index == segment } }),
            let position = completed[stretch].segments.firstIndex(where: { $0.index == segment })
        {
            completed[stretch].segments[position].take(ends)
        }
    }

    // MARK: - A voice that breaks off

    /// What is left when the voice breaks off.
    package struct Break: Equatable, Sendable {
        /// Audio of the reply that is worth hearing: it ends with a whole word. [samples]
        package var samples: Int64
        /// All audio up to and including this segment is there; nil when that is not known of any further one.
        package var through: Int?
    }

    /// Segments of which audio is owed, with the text that is still to be spoken.
    package var owed: [(index: Int, text: String)] { open.map { ($0.index, $0.text) } }

    /// No further audio comes of what was given to speak so far: whole words stay, the rest is owed.
    ///
    /// - Parameter handed: Samples of the reply that have been handed out. A word of which more than half is among
    ///   them counts as spoken; of a shorter piece the word is spoken again.
    package mutating func breakOff(handed: Int64) -> Break {
        let before = completed.reduce(0) { $0 + $1.samples }
        let stretch = Self.stretch(of: open)
        rate.doubt()
        let there = Double(stretch.samples)
        let words = Self.places(
            in: stretch, total: max(Self.expectedSamples(stretch, perWeight: samplesPerWeight), there))
        let out = min(Double(max(handed - before, 0)), there)
        var spoken = stretch.samples > 0 ? words.prefix { $0.end <= there }.count : 0
        if let torn = words.dropFirst(spoken).first, torn.middle < out { spoken += 1 }
        let end = spoken > 0 ? min(words[spoken - 1].end, there) : 0
        let kept = Int64(max(end, out))
        return Break(samples: before + kept, through: split(Array(words[..<spoken]), kept: kept))
    }

    /// What is owed is given up.
    package mutating func dropOwed() { open = [] }

    /// - Returns: The last segment of which nothing is owed.
    private mutating func split(_ spoken: [Place], kept: Int64) -> Int? {
        var done: [Segment] = []
        var rest: [Segment] = []
        for segment in open {
            let count = spoken.count { $0.segment == segment.index }
            let (head, tail) = segment.split(afterWords: count)
            if count > 0 { done.append(Segment(index: segment.index, text: head)) }
            if count < segment.words.count { rest.append(Segment(index: segment.index, text: tail)) }
        }
        if done.isEmpty, kept > 0 { done.append(Segment(index: open.first?.index ?? 0, text: "")) }
        if !done.isEmpty {
            done[0].samples = kept
            completed.append(Self.stretch(of: done))
        }
        let last = open.last?.index
        open = rest
        guard let first = rest.first else { return last }
        return first.index > 0 ? first.index - 1 : nil
    }

    /// The text that was heard when `samples` samples of the reply have been played.
    package func heard(upTo samples: Int64) -> String {
        var left = max(samples, 0)
        var pieces: [String] = []
        for stretch in completed {
            if left >= stretch.samples {
                pieces += stretch.segments.map(\.text)
                left -= stretch.samples
                continue
            }
            pieces.append(Self.cut(stretch, at: left, total: Double(stretch.samples)))
            return SpokenWords.joined(pieces)
        }
        let stretch = Self.stretch(of: open)
        if stretch.samples > 0 {
            // Never faster than the audio that is there already needs.
            let total = max(Self.expectedSamples(stretch, perWeight: samplesPerWeight), Double(stretch.samples))
            pieces.append(Self.cut(stretch, at: min(left, stretch.samples), total: total))
        }
        return SpokenWords.joined(pieces)
    }

    private var samplesPerWeight: Double { rate.samplesPerWeight(sampleRate: samplesPerSecond) }

    /// How long a stretch will be: what is known of it, and the rest by weight.
    private static func expectedSamples(_ stretch: Stretch, perWeight: Double) -> Double {
        var known = 0.0
        var weight = 0.0
        var pause = 0.0
        for word in words(of: stretch) {
            if let start = word.notBefore, start > known { (known, weight) = (start, 0) }
            if let end = word.end {
                (known, weight, pause) = (max(known, end), 0, 0)
            } else {
                weight += word.spoken + word.pause
                pause = word.pause
            }
        }
        return known + (weight - max(pause - SegmentWord.longestLastPause, 0)) * perWeight
    }

    /// The words of a stretch that end (by half) before `position`.
    private static func cut(_ stretch: Stretch, at position: Int64, total: Double) -> String {
        guard let last = places(in: stretch, total: total).prefix(while: { $0.middle < Double(position) }).last else {
            return ""
        }
        let pieces = stretch.segments.prefix { $0.index <= last.segment }.map { segment in
            segment.index < last.segment ? segment.text : segment.split(afterWords: last.number).head
        }
        return SpokenWords.joined(pieces)
    }

    /// Where each word of a stretch of `total` samples is spoken, in order.
    ///
    /// Words without a known end share the audio between the known places around them by weight.
    private static func places(in stretch: Stretch, total: Double) -> [Place] {
        var places: [Place] = []
        var waiting: [Word] = []
        var from = 0.0
        // The pause at the punctuation of a word whose end is known is the next word's beginning.
        var lead = 0.0
        func place(upTo end: Double, endsWithWord: Bool) {
            var whole = waiting.reduce(lead) { $0 + $1.spoken + $1.pause }
            if endsWithWord { whole -= waiting.last?.pause ?? 0 }
            let scale = max(end - from, 0) / max(whole, 1)
            var passed = lead
            for word in waiting {
                let start = from + passed * scale
                places.append(
                    Place(
                        segment: word.segment, number: word.number, start: start, end: start + word.spoken * scale))
                passed += word.spoken + word.pause
            }
            lead = endsWithWord ? max((waiting.last?.pause ?? 0) - 1, 0) : 0
            waiting = []
            from = max(from, end)
        }
        for word in words(of: stretch) {
            if let start = word.notBefore, !waiting.isEmpty || start > from { place(upTo: start, endsWithWord: false) }
            waiting.append(word)
            if let end = word.end { place(upTo: end, endsWithWord: true) }
        }
        if let last = waiting.indices.last {
            waiting[last].pause = min(waiting[last].pause, SegmentWord.longestLastPause)
        }
        place(upTo: total, endsWithWord: false)
        return places
    }

    /// Word times count where the start of the segment's audio is known: it is the first, or has audio of its own.
    private static func words(of stretch: Stretch) -> [Word] {
        var words: [Word] = []
        var before: Int64 = 0
        for segment in stretch.segments {
            let isTimed = !segment.wordEnds.isEmpty && (before == 0 || segment.samples > 0)
            for (number, known) in segment.words.enumerated() {
                var word = Word(
                    segment: segment.index, number: number + 1, spoken: known.spoken, pause: known.pause)
                if isTimed, number == 0 { word.notBefore = Double(before) }
                if isTimed, number < segment.wordEnds.count {
                    word.end = Double(before) + Double(segment.wordEnds[number])
                }
                words.append(word)
            }
            before += segment.samples
        }
        return words
    }

    private static func stretch(of segments: [Segment]) -> Stretch {
        let lastPause = segments.last?.words.last?.pause ?? 0
        return Stretch(
            segments: segments, samples: segments.reduce(0) { $0 + $1.samples },
            weight: segments.reduce(0) { $0 + $1.weight } - max(lastPause - SegmentWord.longestLastPause, 0))
    }
}
