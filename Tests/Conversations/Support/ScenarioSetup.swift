import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// The lines of a scenario before anything happens.
///
///     on every carrier          on a reader               on which kinds of carrier; default: a wire
///     greeting "…" [to its end]                            said first; to its end: not interruptible
///     answer "…" [after MS] [every MS] [fails|hangs]       the next answer of the model; the last one is repeated
///     answer calls NAME [ID] [ARGUMENTS] "…"               says the text and calls a tool
///     earlier caller "…"        earlier agent "…"          the conversation begins with this
///     language TAG              barge-in off               check-in after MS        longest call MS
///     tools answer within MS    keys off                   retries N                minimum words N
///     backchannel "…"           always "…"                 apology none
///     words after MS            settled after MS|never     nothing is recognised    own detector
///     voice after MS            voice every MS             voice fails              voice goes on when cancelled
///     model goes on when cancelled
struct Setup {
    var policy: SessionPolicy
    var history: [ChatMessage] = []
    var detects = true
    private var changes: [(ScriptedCall) -> Void] = []
    private var answers: [ScriptedAnswer] = []

    /// The engine's defaults, with the phrases that an agent document interrupts by when it does not say.
    init(_ lines: [String]) throws {
        policy = SessionPolicy()
        policy.overlap.always = ["stop", "wait"]
        for line in lines where line.first?.isLetter == true { try read(line) }
    }

    func apply(to call: ScriptedCall) {
        if !answers.isEmpty { call.mind.answers = answers }
        for change in changes { change(call) }
    }

    private mutating func read(_ line: String) throws {
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        let text = pieces.count > 1 ? pieces[1].replacing("\\n", with: "\n") : ""
        let words = pieces[0].split(separator: " ").map(String.init)
        let rest = pieces.count > 2 ? pieces[2].split(separator: " ").map(String.init) : []
        func number() throws -> Int64 {
            try #require(words.last.flatMap { Int64($0) }, "a number is missing: \(line)")
        }
        switch words.prefix(2).joined(separator: " ") {
        case "on every", "on a": break
        case "greeting":
            policy.greeting = text
            policy.greetingIsInterruptible = rest.isEmpty
        case "answer": answers.append(Self.answer(text, rest))
        case "answer calls":
            let arguments = words.dropFirst(2).map { $0 }
            answers.append(
                .tool(
                    arguments[0], arguments.count > 2 ? arguments[2] : "{}",
                    id: arguments.count > 1 ? arguments[1] : "call-1", saying: text))
        case "earlier caller": history.append(.user(text))
        case "earlier agent": history.append(.assistant(text, toolCalls: []))
        case "barge-in off": policy.bargeIn.isEnabled = false
        case "check-in after": policy.manners.checkInAfter = .milliseconds(try number())
        case "longest call": policy.manners.longestCall = .milliseconds(try number())
        case "tools answer": policy.toolTimeout = .milliseconds(try number())
        case "keys off": policy.keypad.isEnabled = false
        case "minimum words": policy.overlap.minimumWords = Int(try number())
        case "backchannel": policy.overlap.backchannels.append(text)
        case "always": policy.overlap.always.append(text)
        case "apology none": policy.manners.onFailure = nil
        case "own detector": detects = false
        case _ where words[0] == "language": policy.language = words[1]
        case _ where words[0] == "retries": policy.failover.retry.retries = Int(try number())
        case _: try readProviders(line, words)
        }
    }

    private mutating func readProviders(_ line: String, _ words: [String]) throws {
        let number = words.last.flatMap { Int64($0) }
        switch words.prefix(2).joined(separator: " ") {
        case "words after": changes.append { $0.ears.latency = number ?? 0 }
        case "settled never": changes.append { $0.ears.settle = nil }
        case "settled after": changes.append { $0.ears.settle = number }
        case "nothing is": changes.append { $0.ears.hears = false }
        case "voice after": changes.append { $0.voice.latency = number ?? 0 }
        case "voice every": changes.append { $0.voice.every = number ?? 0 }
        case "voice fails": changes.append { $0.voice.fails = true }
        case "voice goes": changes.append { $0.voice.isSloppy = true }
        case "model goes": changes.append { $0.mind.isSloppy = true }
        case _: Issue.record("unknown set-up: \(line)")
        }
    }

    private static func answer(_ text: String, _ options: [String]) -> ScriptedAnswer {
        var answer = ScriptedAnswer(text: text)
        for (index, option) in options.enumerated() {
            let number = index + 1 < options.count ? Int64(options[index + 1]) : nil
            switch option {
            case "after": answer.after = number ?? answer.after
            case "every": answer.every = number ?? answer.every
            case "fails": answer.end = .failed(.unavailable)
            case "hangs": answer.end = .hanging
            case _: break
            }
        }
        return answer
    }
}
