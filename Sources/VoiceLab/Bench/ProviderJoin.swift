import Foundation

/// Joins the caller's measurements with the providers' log: what of each turn was the engine's own time. Pure.
struct ProviderJoin {
    /// When the providers saw the steps of one turn; CLOCK_MONOTONIC.
    struct Steps: Equatable {
        var speechFinal: Int64?
        var requests: [Int64] = []
        /// The last token of the first sentence, and the token after it, which makes the end certain.
        var firstSentence: Int64?
        var sentenceCertain: Int64?
        var speak: Int64?
        var firstAudio: Int64?
        /// The latest of them.
        var last: Int64 = 0
    }

    /// The numbers of calls come again, later than this. [ns]
    private static let longestTurn: Int64 = 30_000_000_000

    /// The engine's own share, in milliseconds.
    struct Shares {
        /// Caller's last speech → request at the model: deliberate waiting included.
        var speechEndToRequest = Distribution()
        /// Final transcript sent → request at the model.
        var commit = Distribution()
        /// Sentence complete → text at the text-to-speech. An engine that waits for the next token to be certain of the
        /// sentence's end waits for the model, not for itself: from then on it is its own time.
        var toSpeech = Distribution()
        /// First byte from the text-to-speech → first frame at the caller.
        var playout = Distribution()
        /// The three together, for turns that have all.
        var total = Distribution()
        /// Caller's last speech → first frame at the caller.
        var voiceToVoice = Distribution()
        /// Requests that were sent before the final transcript (speculation), texts sent before the sentence was whole.
        var speculative = 0
        var early = 0
        var turns = 0
        var unanswered = 0
    }

    private(set) var steps: [Tag: [Steps]] = [:]
    /// Messages that the providers had to refuse.
    private(set) var refusals: [String] = []

    /// Reads one line of the log.
    mutating func read(line: some Collection<UInt8>) {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any],
            let event = object["event"] as? String, let time = (object["t"] as? NSNumber)?.int64Value
        else { return }
        if event.hasSuffix("bad_message") || event.hasSuffix("bad_request") || event == "refused"
            || object["violation"] != nil
        {
            let reason = object["reason"] ?? object["violation"] ?? ""
            if refusals.count < 20 { refusals.append("\(event) \(reason)") }
        }
        guard let call = (object["call"] as? NSNumber)?.intValue,
            let utterance = (object["utterance"] as? NSNumber)?.intValue
        else { return }
        let tag = Tag(call: call, utterance: utterance)
        var step = steps[tag]?.last ?? Steps()
        let isNew = time - step.last > Self.longestTurn
        if isNew { step = Steps() }
        step.last = time
        switch event {
        case "stt_final" where object["speech_final"] as? Bool == true || step.speechFinal == nil:
            step.speechFinal = time
        case "llm_request": step.requests.append(time)
        case "llm_sentence" where step.firstSentence == nil: step.firstSentence = time
        case "llm_sentence_certain" where step.sentenceCertain == nil: step.sentenceCertain = time
        case "tts_speak" where step.speak == nil: step.speak = time
        case "tts_first" where step.firstAudio == nil: step.firstAudio = time
        default: return
        }
        if !isNew { steps[tag]?.removeLast() }
        steps[tag, default: []].append(step)
    }

    /// The shares of the turns of these calls.
    func shares(of calls: [BenchMeasurement]) -> Shares {
        var shares = Shares()
        for turn in calls.flatMap(\.turns) {
            shares.turns += 1
            guard let firstFrame = turn.firstFrame else {
                shares.unanswered += 1
                continue
            }
            shares.voiceToVoice.add(Self.milliseconds(firstFrame - turn.speechEnd))
            guard
                let step = steps[turn.tag]?.min(by: {
                    abs($0.last - firstFrame) < abs($1.last - firstFrame)
                }), abs(step.last - firstFrame) < Self.longestTurn
            else { continue }
            add(step, turn, firstFrame, to: &shares)
        }
        return shares
    }

    private func add(_ step: Steps, _ turn: BenchMeasurement.Turn, _ firstFrame: Int64, to shares: inout Shares) {
        var total = 0.0
        var parts = 0
        if let final = step.speechFinal, let request = step.requests.first(where: { $0 >= final }) ?? step.requests.last
        {
            shares.speechEndToRequest.add(Self.milliseconds(request - turn.speechEnd))
            if request < final {
                shares.speculative += 1
            } else {
                shares.commit.add(Self.milliseconds(request - final))
                total += Self.milliseconds(request - final)
                parts += 1
            }
        }
        if let sentence = step.firstSentence, let speak = step.speak {
            if speak < sentence {
                shares.early += 1
            } else {
                let certain = step.sentenceCertain ?? sentence
                let from = speak >= certain ? certain : sentence
                shares.toSpeech.add(Self.milliseconds(speak - from))
                total += Self.milliseconds(speak - from)
                parts += 1
            }
        }
        if let audio = step.firstAudio, firstFrame >= audio {
            shares.playout.add(Self.milliseconds(firstFrame - audio))
            total += Self.milliseconds(firstFrame - audio)
            parts += 1
        }
        if parts == 3 { shares.total.add(total) }
    }

    private static func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e6 }
}
