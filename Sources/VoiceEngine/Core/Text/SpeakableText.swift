/// Turns what a language model writes into what can be said: without Markdown, emoji, code blocks, tags, `<think>`
/// passages and control characters. Text may arrive split anywhere; at most a few characters are held back until it is
/// clear what they are.
///
/// Kept are letters, digits and punctuation as they are: numbers and abbreviations are the voice's business. Line
/// breaks are kept, since they end a segment; link targets are dropped, link texts kept.
package struct SpeakableText: Sendable {
    private enum State {
        case text
        /// Only marks so far on this line ("## ", "- ", "> ").
        case lineStart
        /// After "<": a tag, or a less-than sign. `held` has what came.
        case tag
        /// Inside <think>; `held` has the end of what came, as long as it may be the closing tag.
        case thinking
        /// Inside a code block, at the start of a line; `held` has its backticks.
        case codeLineStart
        /// Inside a code block, further on in a line; `held` has the backticks just before.
        case codeLine
        /// After one or two backticks within a line; `held` has them.
        case ticks
        /// After "]": a link target may follow.
        case bracketClosed
        case linkTarget
        /// After one of `*`, `_`, `~`: emphasis, or a sign.
        case emphasis
        /// After "&": an entity such as "&amp;", or a sign; `held` has what came.
        case entity
        /// After "\\": a mark that is meant as it is.
        case escaped
    }

    private static let entities: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "#39": "'", "#x27": "'", "#34": "\"", "nbsp": " ",
        "ndash": "–", "mdash": "—", "hellip": "…", "euro": "€", "pound": "£", "copy": "©", "deg": "°", "laquo": "«",
        "raquo": "»", "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "#8217": "’", "#160": " ",
    ]
    /// [characters] Longer is no entity.
    private static let longestEntity = 8
    private static let thinkingTags: Set<String> = ["think", "thinking", "thought", "reasoning"]
    /// [characters] Longer is no tag of a language model.
    private static let longestTag = 64

    private var state = State.lineStart
    private var held: [Unicode.Scalar] = []
    private var closingTag: [Unicode.Scalar] = []
    /// The last character before what is held.
    private var last: Unicode.Scalar = "\n"
    private var output = String.UnicodeScalarView()

    package init() {}

    /// Takes more text; returns what of it can be said.
    package mutating func append(_ text: String) -> String {
        if let last = lastOfPlain(text) {
            (self.last, state) = (last, .text)
            return text
        }
        for scalar in text.unicodeScalars where scalar != "\r" { take(scalar) }
        return takeOutput()
    }

    /// The last character of a text that is said as it is, as most are; nil for any other.
    private func lastOfPlain(_ text: String) -> Unicode.Scalar? {
        let isAtStart: Bool
        switch state {
        case .text: isAtStart = false
        case .lineStart: isAtStart = true
        case .tag, .thinking, .codeLineStart, .codeLine, .ticks, .bracketClosed, .linkTarget, .emphasis, .entity,
            .escaped:
            return nil
        }
        guard held.isEmpty else { return nil }
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            guard Self.isPlain(scalar), last != nil || !isAtStart || scalar.isAlphanumeric else { return nil }
            last = scalar
        }
        return last
    }

    /// Whether a character within a line is said as it is, whatever stands around it.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "<", "*", "_", "~", "&", "\\", "]", "[", "`", "|": false
        case _: scalar.isSpoken
        }
    }

    /// The text has ended: returns what was held back. Passages that were never closed are dropped. A new text may
    /// follow.
    package mutating func finish() -> String {
        switch state {
        case .tag: release()
        case .entity: releaseEntity()
        case .escaped: say("\\")
        case .text, .lineStart, .thinking, .codeLineStart, .codeLine, .ticks, .bracketClosed, .linkTarget, .emphasis:
            break
        }
        held = []
        state = .lineStart
        last = "\n"
        return takeOutput()
    }

    private mutating func takeOutput() -> String {
        defer { output = String.UnicodeScalarView() }
        return String(output)
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        switch state {
        case .text: takeText(scalar)
        case .lineStart: takeLineStart(scalar)
        case .tag: takeTag(scalar)
        case .thinking: takeThinking(scalar)
        case .codeLineStart: takeCodeLineStart(scalar)
        case .codeLine: takeCodeLine(scalar)
        case .ticks: takeTicks(scalar)
        case .bracketClosed:
            state = scalar == "(" ? .linkTarget : .text
            if scalar != "(" { takeText(scalar) }
        case .linkTarget:
            if scalar == ")" || scalar == "\n" { state = .text }
        case .emphasis: takeEmphasis(scalar)
        case .entity: takeEntity(scalar)
        case .escaped: takeEscaped(scalar)
        }
    }

    private mutating func takeEntity(_ scalar: Unicode.Scalar) {
        if scalar == ";" {
            let name = String(scalars: held.dropFirst())
            guard let meant = Self.entities[name] else {
                releaseEntity()
                return takeText(scalar)
            }
            held = []
            state = .text
            say(meant)
        } else if scalar.isASCIILetter || scalar == "#" || scalar.isASCIIDigit,
            held.count < Self.longestEntity
        {
            held.append(scalar)
        } else {
            releaseEntity()
            take(scalar)
        }
    }

    private mutating func releaseEntity() {
        let text = held
        held = []
        state = .text
        for scalar in text { say(scalar) }
    }

    private mutating func takeEscaped(_ scalar: Unicode.Scalar) {
        state = .text
        if scalar.isOne(of: "\\`*_{}[]()#+-.!~|<>&") { return say(scalar) }
        say("\\")
        take(scalar)
    }

    private mutating func takeText(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\n":
            say(scalar)
            held = []
            state = .lineStart
        case "<", "*", "_", "~":
            held = [scalar]
            state = scalar == "<" ? .tag : .emphasis
        case "&":
            held = [scalar]
            state = .entity
        case "\\": state = .escaped
        case "]": state = .bracketClosed
        case "[": break
        case "`":
            held = [scalar]
            state = .ticks
        case "|", "\t": say(" ")
        // The joiners shape letters in Indic and Persian script; between emoji they are lost with them.
        case "\u{200C}", "\u{200D}": if last.isAlphabetic { say(scalar) }
        default: if scalar.isSpoken { say(scalar) }
        }
    }

    private mutating func takeLineStart(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "`":
            held.append(scalar)
            if held.suffix(3) == ["`", "`", "`"] {
                held = []
                state = .codeLine
            }
        case "#", ">", "-", "+", "*", "=", "•", "·", "‣", "▪", "–", "—": held.append(scalar)
        case " ", "\t": if !held.isEmpty { held.append(" ") }
        case "\n": held = []
        default:
            // A sign that touches a digit belongs to it: "-5 degrees", "#1".
            if let sign = held.last, sign.isOne(of: "-+#"), scalar.isNumeric {
                say(sign)
            }
            held = []
            state = .text
            takeText(scalar)
        }
    }

    private mutating func takeTag(_ scalar: Unicode.Scalar) {
        let isFirst = held.count == 1
        let mayContinue =
            isFirst ? scalar == "/" || scalar == "!" || scalar.isASCIILetter : scalar != "<" && scalar != "\n"
        if !isFirst && scalar == ">" {
            let name = String(scalars: held.dropFirst().prefix { $0.isASCIILetter }).lowercased()
            held = []
            state = .text
            guard Self.thinkingTags.contains(name) else { return say(" ") }
            closingTag = Array("</\(name)>".unicodeScalars)
            state = .thinking
        } else if mayContinue && held.count < Self.longestTag {
            held.append(scalar)
        } else {
            release()
            take(scalar)
        }
    }

    /// What is held was no tag.
    private mutating func release() {
        let text = held
        held = []
        state = .text
        say("<")
        for scalar in text.dropFirst() { takeText(scalar) }
    }

    private mutating func takeThinking(_ scalar: Unicode.Scalar) {
        let lower = scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
        if held.count < closingTag.count, lower == closingTag[held.count] {
            held.append(lower)
        } else {
            held = lower == "<" ? [lower] : []
        }
        guard held == closingTag else { return }
        held = []
        state = last == "\n" ? .lineStart : .text
    }

    private mutating func takeTicks(_ scalar: Unicode.Scalar) {
        guard scalar == "`" else {
            held = []
            state = .text
            return takeText(scalar)
        }
        held.append(scalar)
        guard held.count == 3 else { return }
        held = []
        state = .codeLine
    }

    /// A block may end in the line that it began in.
    private mutating func takeCodeLine(_ scalar: Unicode.Scalar) {
        held = scalar == "`" ? held + [scalar] : []
        if scalar == "\n" {
            state = .codeLineStart
        } else if held.count == 3 {
            held = []
            state = .text
            say(" ")
        }
    }

    private mutating func takeCodeLineStart(_ scalar: Unicode.Scalar) {
        switch scalar {
        case " ": break
        case "\n": held = []
        case "`":
            held.append(scalar)
            guard held.count == 3 else { return }
            held = []
            say("\n")
            state = .lineStart
        default:
            held = []
            state = .codeLine
        }
    }

    private mutating func takeEmphasis(_ scalar: Unicode.Scalar) {
        guard let mark = held.first else { return }
        if scalar == mark {
            held.append(scalar)
            return
        }
        // "john_doe", "3 * 4" and "~5" mean the sign itself.
        let isInside = last.isAlphanumeric && scalar.isAlphanumeric
        let isAlone = last == " " && scalar == " "
        let isSign: Bool
        switch mark {
        case "_": isSign = isInside
        case "*": isSign = isAlone && held.count == 1
        case _: isSign = held.count == 1
        }
        let count = held.count
        held = []
        state = .text
        if isSign { for _ in 0..<count { say(mark) } }
        takeText(scalar)
    }

    private mutating func say(_ scalar: Unicode.Scalar) {
        output.append(scalar)
        last = scalar
    }
}
