/// Keeps what a model thinks between `<think>` and `</think>` out of what is spoken. Pure.
///
/// Servers that have no parser for the model's thoughts put them into the text. A piece that could be the beginning of
/// a tag waits for the next one; a thought that never ends is not spoken.
struct ThoughtFilter {
    private static let opening: [Character] = Array("<think>")
    private static let closing: [Character] = Array("</think>")

    private var isThinking = false
    /// A tag has ended; blanks before the answer's first word are not part of it.
    private var dropsBlanks = false
    /// The beginning of what may be a tag.
    private var held: [Character] = []

    /// - Returns: What of the answer can be spoken by now.
    mutating func take(_ text: String) -> String {
        if !isThinking, !dropsBlanks, held.isEmpty, !text.contains("<") { return text }
        var spoken = ""
        for character in text {
            let tag = isThinking ? Self.closing : Self.opening
            if character == tag[held.count] {
                held.append(character)
                guard held.count == tag.count else { continue }
                held = []
                isThinking.toggle()
                dropsBlanks = !isThinking
                continue
            }
            let late = held
            held = []
            for character in late { speak(character, into: &spoken) }
            if character == tag[0] { held = [character] } else { speak(character, into: &spoken) }
        }
        return spoken
    }

    /// The answer has ended.
    ///
    /// - Returns: What waited and was no tag.
    mutating func end() -> String {
        defer { held = [] }
        return isThinking ? "" : String(held)
    }

    private mutating func speak(_ character: Character, into spoken: inout String) {
        if isThinking { return }
        if dropsBlanks, character.isWhitespace { return }
        dropsBlanks = false
        spoken.append(character)
    }
}
