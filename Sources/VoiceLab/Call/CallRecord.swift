/// Everything that happened in one call, on one clock: samples of the call at 8 kHz.
struct CallRecord: Sendable {
    struct Utterance: Sendable {
        var say: Scenario.Say
        /// First and last audible sample of the caller's words.
        var speech: Range<Int>
    }

    struct Mark: Sendable {
        var name: String
        var received: Int
        var returned: Int?
        var cause: PlayoutClock.Cause?
    }

    struct Clear: Sendable {
        var sample: Int
        /// Audio that was sent but never heard.
        var droppedSamples: Int
        var marks: Int
    }

    struct Judged: Sendable {
        var expectation: Scenario.Expectation
        /// Where the step stood, and how many utterances had been spoken by then.
        var sample: Int
        var utterances: Int
    }

    var callSid = ""
    var streamSid = ""
    /// CLOCK_MONOTONIC of sample 0.
    var startNanoseconds: Int64 = 0
    var caller: [UInt8] = []
    var agent: [UInt8] = []
    /// Audible stretches of the agent, pauses up to `joining` samples inside.
    var agentSpans: [Range<Int>] = []
    /// The same with only the shortest pauses inside (between words), to time an interruption.
    var fineSpans: [Range<Int>] = []
    var utterances: [Utterance] = []
    var marks: [Mark] = []
    var clears: [Clear] = []
    var digits: [(digit: String, sample: Int)] = []
    var judged: [Judged] = []
    var gaps: [(sample: Int, samples: Int)] = []
    var violations: [(sample: Int, text: String)] = []
    var mediaMessages = 0
    var mediaBytes = 0
    var endedBy = "caller"
    var failure: String?

    /// Pauses up to this long belong to one stretch of speech: sentences of one reply stay together.
    static let joining = Telephone.samples(milliseconds: 400)

    /// Pauses between words.
    static let wordPause = Telephone.samples(milliseconds: 150)

    /// Measures the agent's speech once the call is over.
    mutating func measureAgent(thresholdDecibels: Double) {
        let played = MuLaw.decode(agent)
        agentSpans = Level.audibleSpans(in: played, thresholdDecibels: thresholdDecibels, joining: Self.joining)
        fineSpans = Level.audibleSpans(in: played, thresholdDecibels: thresholdDecibels, joining: Self.wordPause)
    }

    /// How long the caller waited for an answer.
    struct Latency: Equatable {
        var utterance: Int
        /// From the caller's last speech sample.
        var from: Int
        /// To the agent's first audible sample.
        var to: Int
        var milliseconds: Double { Telephone.milliseconds(samples: to - from) }
    }

    /// How fast the agent fell silent.
    struct BargeIn: Equatable {
        var utterance: Int
        var onset: Int
        /// The agent's last audible sample.
        var lastAudible: Int
        /// When the server cleared the carrier's buffer, if it did.
        var clear: Int?
        var milliseconds: Double { Telephone.milliseconds(samples: lastAudible - onset) }
    }

    /// The answer to each utterance that asks for one.
    var latencies: [Latency] {
        utterances.indices.compactMap { index in
            guard utterances[index].say.purpose != .backchannel else { return nil }
            return latency(ofUtterance: index)
        }
    }

    /// The first audible sample after the caller's last words, before the caller speaks again.
    func latency(ofUtterance index: Int) -> Latency? {
        let end = utterances[index].speech.upperBound
        let next = utterances[safe: index + 1]?.speech.lowerBound ?? .max
        guard let begin = agentSpans.first(where: { $0.lowerBound >= end })?.lowerBound, begin < next else {
            return nil
        }
        return Latency(utterance: index, from: end, to: begin)
    }

    var bargeIns: [BargeIn] {
        utterances.indices.compactMap { index in
            utterances[index].say.purpose == .interruption ? bargeIn(ofUtterance: index) : nil
        }
    }

    /// The end of the stretch of agent speech that the caller spoke into; nil when the agent was silent at the onset.
    func bargeIn(ofUtterance index: Int) -> BargeIn? {
        let onset = utterances[index].speech.lowerBound
        guard let end = audibleEnd(at: onset) else { return nil }
        return BargeIn(
            utterance: index, onset: onset, lastAudible: end,
            clear: clears.first { $0.sample >= onset && $0.sample <= utterances[index].speech.upperBound }?.sample)
    }

    /// Where the agent's speech around `sample` ends, pauses of up to 150 ms (between words) inside.
    func audibleEnd(at sample: Int) -> Int? {
        fineSpans.first { $0.lowerBound <= sample && $0.upperBound + Self.wordPause >= sample }?.upperBound
    }

    /// Samples of audible agent speech within a range.
    func audible(in range: Range<Int>) -> Int {
        fineSpans.reduce(0) { $0 + $1.clamped(to: range).count }
    }
}
