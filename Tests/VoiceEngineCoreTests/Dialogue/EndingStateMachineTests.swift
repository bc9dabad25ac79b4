import Testing

@testable import VoiceEngineCore

@Suite struct EndingStateMachineTests {
    /// One row: a script, and what each of its events was answered.
    ///
    /// Events, each 100 ms after the one before: `SOURCE[:hang|:transfer][!model|!voice][/cut|/failed]` (a reply is
    /// over), `heard` (a voice), `clip` and `clip+` (timer, without and with a reply under way), `unplayable`, `leave`
    /// and `leave+`, `mute` and `mute+` (give up), `late` and `late+` (patience ended), `wait` (10 s pass), `close`.
    /// `means=SENTENCE,CLIP` changes what there is, and is not answered.
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let expected: String
        var testDescription: String { name }

        init(_ name: String, _ script: String, _ expected: String) {
            (self.name, self.script, self.expected) = (name, script, expected)
        }
    }

    typealias Machine = EndingStateMachine

    /// A machine with its surroundings.
    struct Play {
        var machine = Machine(mostFailures: 2)
        var means = Machine.Means(hasSentence: true, clip: .none)
        var now = Instant.zero

        mutating func perform(_ step: String) -> String? {
            now = now + .milliseconds(100)
            let isUnderWay = step.hasSuffix("+")
            switch step.split(separator: "+").first ?? "" {
            case "heard": machine.voiceHeard()
            case "close": machine.close()
            case "wait": now = now + .seconds(10)
            case let change where change.hasPrefix("means="):
                let parts = change.dropFirst(6).split(separator: ",")
                means.hasSentence = parts.first == "sentence"
                means.clip = parts.last == "ready" ? .ready : parts.last == "recording" ? .recording : .none
            case "clip":
                return text(machine.clipTimerFired(isReplyUnderWay: isUnderWay, means: means, at: now))
            case "unplayable": return text(machine.clipFailed())
            case "leave":
                return text(machine.leave(Machine.Farewell("bye"), isReplyUnderWay: isUnderWay, at: now))
            case "mute": return text(machine.giveUp("deaf", isReplyUnderWay: isUnderWay, means: means, at: now))
            case "part":
                return text(
                    machine.leave(Machine.Farewell("bye", goodbye: "ciao"), isReplyUnderWay: isUnderWay, at: now))
            case "late": return text(machine.patienceEnded())
            default: return text(machine.replyEnded(Self.reply(step), means: means, at: now))
            }
            return nil
        }

        private static func reply(_ step: String) -> Machine.EndedReply {
            let sources: [String: Machine.Source] = [
                "answer": .answer, "script": .script, "apology": .apology, "clipped": .clip,
            ]
            let name = String(step.prefix { $0.isLetter })
            return Machine.EndedReply(
                source: sources[name] ?? .script,
                wish: step.contains(":hang")
                    ? .hangUp(reason: "done")
                    : step.contains(":goal")
                        ? .goalReached(outcome: step.contains(":goal=") ? "booked" : "")
                        : step.contains(":transfer")
                            ? .transfer(to: "office") : .listen,
                failure: step.contains("!model") ? .model : step.contains("!voice") ? .voice : nil,
                outcome: step.contains("/cut") ? .interrupted : step.contains("/failed") ? .failed : .finished)
        }

        private func text(_ action: Machine.Action) -> String {
            func after(_ until: Instant) -> String { "\((until - now).wholeMilliseconds)" }
            return switch action {
            case .none: "none"
            case .goOn: "on"
            case .yield: "yield"
            case .transfer(let target): "to-\(target)"
            case .apologise(let apology, let until): "\(apology)" + (until.map { "-last-\(after($0))" } ?? "")
            case .awaitClip(let until): "await-\(after(until))"
            case .hearOut(let until): "out-\(after(until))"
            case .sayGoodbye(let goodbye, let until): "say-\(goodbye)-\(after(until))"
            case .hangUp(let farewell):
                "hang-up(\(farewell.reason.split(separator: " ").last ?? ""))"
                    + (farewell.cause == .providers ? "!" : "")
            }
        }
    }

    static let rows = [
        Row("open: a reply that ends well", "answer", "on"),
        Row("open: a text that ends well", "script", "on"),
        Row("open: a recording that ends", "clipped", "on"),
        Row("open: an interrupted reply", "answer/cut", "yield"),
        Row("open: an interrupted reply that wanted to hang up", "answer:hang/cut", "yield"),
        Row("open: an interrupted reply that was failing", "answer!model/cut", "yield"),
        Row("open: the agent hangs up", "answer:hang", "hang-up(done)"),
        Row("open: the agent hangs up although its voice broke off", "answer:hang!voice", "hang-up(done)"),
        Row("open: the agent transfers", "answer:transfer", "to-office"),
        Row("open: the model fails", "answer!model/failed", "spoken"),
        Row("open: the model fails, what was there was heard", "answer!model", "spoken"),
        Row("open: the model fails, nothing to say", "means=none,none answer!model/failed", "on"),
        Row("open: the voice fails, recording", "heard means=sentence,ready answer!voice/failed", "recorded"),
        Row("open: the voice fails, no recording", "heard answer!voice/failed", "on"),
        Row("open: an apology fails, recording", "means=sentence,ready apology!voice/failed", "recorded"),
        Row("open: an apology fails, no recording", "apology!voice/failed", "on"),
        Row("open: failures in a row end the call", "answer!model answer!model", "spoken spoken-last-20000"),
        Row("open: an apology does not count", "answer!model apology!voice apology!voice", "spoken on on"),
        Row(
            "open: failures in a row with nothing to say", "heard answer!voice answer!voice",
            "on hang-up(left)!"),
        Row("open: a good answer forgets failures", "answer!model answer answer!model", "spoken on spoken"),
        Row("open: a text does not forget failures", "answer!model script answer!model", "spoken on spoken-last-20000"),
        Row(
            "open: an interruption does not forget failures", "answer!model answer/cut answer!model",
            "spoken yield spoken-last-20000"),
        Row("open: no voice from the start", "script!voice/failed", "hang-up(left)!"),
        Row("open: no voice from the start, recording", "means=sentence,ready script!voice/failed", "recorded"),
        Row("open: no voice yet, being recorded", "means=sentence,recording script!voice/failed", "await-100"),
        Row("open: a recording that cannot be played, no voice", "unplayable", "hang-up(left)!"),
        Row("open: a recording that cannot be played", "heard unplayable", "on"),
        Row("open: clip timer", "clip", "none"),
        Row("open: leave", "leave", "hang-up(bye)"),
        Row("open: leave with a reply under way", "leave+", "out-20000"),
        Row("open: give up", "mute", "spoken-last-20000"),
        Row("open: give up with a reply under way", "mute+", "out-20000"),
        Row("open: give up without a word", "means=none,none mute", "hang-up(deaf)!"),
        Row("open: no last reply to lose patience with", "late", "none"),
        Row("open: the goal is reached", "answer:goal", "hang-up(reached)"),
        Row("open: the goal is reached, with an outcome", "answer:goal=", "hang-up(booked)"),
        Row("open: the goal is reached, interrupted", "answer:goal/cut", "yield"),
        Row("open: to end with a goodbye", "part script", "say-ciao-20000 hang-up(bye)"),
        Row("open: to end with a goodbye that fails", "part script!voice/failed", "say-ciao-20000 hang-up(bye)"),

        Row("awaiting: not yet", "means=sentence,recording script!voice clip clip", "await-100 await-100 await-100"),
        Row("awaiting: there", "means=sentence,recording script!voice means=sentence,ready clip", "await-100 recorded"),
        Row(
            "awaiting: given up", "means=sentence,recording script!voice means=sentence,none clip",
            "await-100 hang-up(left)!"),
        Row("awaiting: too late", "means=sentence,recording script!voice wait clip", "await-100 hang-up(left)!"),
        Row(
            "awaiting: a reply is under way", "means=sentence,recording script!voice clip+ clip", "await-100 none none"),
        Row("awaiting: a voice was heard", "means=sentence,recording script!voice heard clip", "await-100 none"),
        Row("awaiting: a reply ends", "means=sentence,recording script!voice answer clip", "await-100 on none"),
        Row("awaiting: unplayable", "means=sentence,recording script!voice unplayable", "await-100 hang-up(left)!"),
        Row("awaiting: leave", "means=sentence,recording script!voice leave", "await-100 hang-up(bye)"),
        Row("awaiting: give up", "means=sentence,recording script!voice mute", "await-100 spoken-last-20000"),
        Row("awaiting: patience", "means=sentence,recording script!voice late", "await-100 none"),

        Row("leaving: the reply ends", "leave+ answer", "out-20000 hang-up(bye)"),
        Row("leaving: the reply is cut", "leave+ answer/cut", "out-20000 hang-up(bye)"),
        Row("leaving: the agent's own reason comes second", "leave+ answer:hang", "out-20000 hang-up(bye)"),
        Row("leaving: the last word fails", "leave+ answer!voice/failed", "out-20000 hang-up(bye)"),
        Row(
            "leaving: the last word fails, recording", "means=sentence,ready leave+ answer!voice/failed clipped",
            "out-20000 recorded hang-up(bye)"),
        Row(
            "leaving: the model of the last word fails", "means=sentence,ready leave+ answer!model/failed",
            "out-20000 hang-up(bye)"),
        Row("leaving: unplayable", "leave+ unplayable", "out-20000 hang-up(bye)"),
        Row("leaving: clip timer", "leave+ clip", "out-20000 none"),
        Row("leaving: a newer reason", "leave+ mute+ answer", "out-20000 out-20000 hang-up(deaf)!"),
        Row(
            "leaving: the goodbye comes behind the reply", "part+ answer script",
            "out-20000 say-ciao-20000 hang-up(bye)"),
        Row("leaving: the goodbye is too late", "part+ answer late", "out-20000 say-ciao-20000 hang-up(bye)"),
        Row("leaving: too late", "leave+ late+", "out-20000 hang-up(bye)"),

        Row(
            "closed: nothing follows", "close answer script!voice clip unplayable leave mute late+ late",
            "none none none none none none none none"),
        Row("closed: hung up once", "leave leave late", "hang-up(bye) none none"),
    ]

    @Test(arguments: rows) func row(_ row: Row) {
        var play = Play()
        let answers = row.script.split(separator: " ").compactMap { play.perform(String($0)) }
        #expect(answers.joined(separator: " ") == row.expected)
    }

    @Test func withoutALimitTheCallGoesOn() {
        var machine = Machine(mostFailures: 0)
        let means = Machine.Means(hasSentence: true, clip: .none)
        let reply = Machine.EndedReply(source: .answer, wish: .listen, failure: .voice, outcome: .failed)
        for _ in 0..<10 { #expect(machine.replyEnded(reply, means: means, at: .zero) == .goOn) }
    }

    @Test func isLeavingFromTheDecisionOn() {
        var machine = Machine(mostFailures: 2)
        #expect(!machine.isLeaving)
        _ = machine.leave(Machine.Farewell("bye"), isReplyUnderWay: true, at: .zero)
        #expect(machine.isLeaving)
        machine.close()
        #expect(machine.isLeaving)
    }
}
