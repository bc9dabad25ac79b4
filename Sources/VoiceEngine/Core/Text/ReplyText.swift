/// The text of a reply on its way from the model's tokens to what a voice is given:
///
/// ```
/// token ──► SpeakableText ──► TextSegmenter ──► SpeechNormalizer ──► SpokenSegment
///           marks go          whole sentences   numbers in words     original, spoken, way back
/// ```
///
/// One value per reply. Holds at most one segment of text; nothing is ever lost, and how the text was split into tokens
/// makes no difference.
package struct ReplyText: Sendable {
    private var speakable = SpeakableText()
    private var segmenter: TextSegmenter
    private let normalizer: SpeechNormalizer

    /// - Parameter language: BCP 47.
    package init(language: String, normalizer: SpeechNormalizer) {
        segmenter = TextSegmenter(language: language)
        self.normalizer = normalizer
    }

    /// Takes more text; returns what can be spoken now.
    package mutating func append(_ text: String) -> [SpokenSegment] {
        Self.spoken(segmenter.append(speakable.append(text)), by: normalizer)
    }

    /// The text has ended: returns what waits. More text may follow.
    package mutating func finish() -> [SpokenSegment] {
        Self.spoken(segmenter.append(speakable.finish()) + segmenter.finish(), by: normalizer)
    }

    private static func spoken(_ segments: [String], by normalizer: SpeechNormalizer) -> [SpokenSegment] {
        // Of most tokens comes no segment.
        segments.isEmpty ? [] : segments.map { normalizer.spoken($0) }
    }
}
