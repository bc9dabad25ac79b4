/// The words of one utterance that two streams recognised, one after the other. Pure.
package struct TranscriptJoin: Equatable, Sendable {
    /// What the stream before is relied on for.
    package var kept: String
    /// The two may have heard some of the same words.
    package var overlaps: Bool

    package init(kept: String = "", overlaps: Bool = false) {
        self.kept = kept
        self.overlaps = overlaps
    }

    package func joined(with text: String) -> String {
        guard !kept.isEmpty else { return text }
        guard !text.isEmpty else { return kept }
        guard overlaps else { return kept + " " + text }
        let before = kept.split(separator: " ")
        let after = text.split(separator: " ")
        let (left, right) = (before.map(Self.plain), after.map(Self.plain))
        let most = min(left.count, right.count)
        let common = (0...most).reversed().first { left.suffix($0).elementsEqual(right.prefix($0)) } ?? 0
        return (before + after.dropFirst(common)).joined(separator: " ")
    }

    private static func plain(_ word: Substring) -> String {
        word.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}
