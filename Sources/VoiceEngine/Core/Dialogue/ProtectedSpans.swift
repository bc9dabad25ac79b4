/// Texts that must be heard to their end: legal notices, a price, a warning.
package struct ProtectedTexts: Equatable, Sendable {
    /// Normalised, with a space at both ends.
    private let phrases: [String]

    package init(_ texts: [String] = []) { phrases = texts.map(Self.normalised).filter { $0.count > 2 } }

    package var isEmpty: Bool { phrases.isEmpty }

    /// Whether a segment holds one of the texts, or is a sentence (three words at least) of a longer one.
    package func cover(_ segment: String) -> Bool {
        guard !phrases.isEmpty else { return false }
        let spoken = Self.normalised(segment)
        let isSentence = spoken.count(where: { $0 == " " }) > 3
        return phrases.contains { spoken.contains($0) || isSentence && $0.contains(spoken) }
    }

    private static func normalised(_ text: String) -> String {
        " \(Backchannel.words(in: text).joined(separator: " ")) "
    }
}

/// Which samples of a reply must be heard to their end. Fed like `HeardText`; one value per reply; pure.
package struct ProtectedSpans: Equatable, Sendable {
    private struct Segment: Equatable {
        let index: Int
        let isProtected: Bool
        var samples: Int64 = 0
    }

    private enum Place: Equatable { case free, protected }

    private var segments: [Segment] = []
    /// Segments before this index have all their audio.
    private var complete = 0
    private var place = Place.free

    package init() {}

    /// Nothing of the reply is protected.
    package var isEmpty: Bool { segments.allSatisfy { !$0.isProtected } }

    /// The next segment's text. Segments come in order of their index.
    package mutating func append(segment index: Int, isProtected: Bool) {
        segments.append(Segment(index: index, isProtected: isProtected))
    }

    /// More audio of a segment.
    package mutating func append(samples: Int, to segment: Int) {
        guard let position = segments.lastIndex(where: { $0.index <= segment }) else { return }
        segments[position].samples += Int64(max(samples, 0))
    }

    /// The audio of all segments up to and including this one is there.
    package mutating func complete(through index: Int) { complete = max(complete, index + 1) }

    /// The voice broke off: audio behind this position is not heard, and is spoken again.
    package mutating func truncate(to samples: Int64) {
        var left = max(samples, 0)
        for position in segments.indices {
            segments[position].samples = min(segments[position].samples, left)
            left -= segments[position].samples
        }
    }

    /// Whether what is heard at this position of the reply, or follows there, is protected.
    package func isProtected(at position: Int64) -> Bool {
        var end: Int64 = 0
        for segment in segments {
            end += segment.samples
            // At the end of what is there, more of the same may come.
            if position < end || position == end && segment.index >= complete { return segment.isProtected }
        }
        return false
    }

    /// The reply was heard up to here.
    /// - Returns: true when a protected stretch has just ended.
    package mutating func advance(to position: Int64) -> Bool {
        let now: Place = isProtected(at: position) ? .protected : .free
        defer { place = now }
        return place == .protected && now == .free
    }
}
