/// Whether a call was as expected. Pure: a finished record in, sentences out.
enum Judgement {
    struct Verdict: Equatable {
        var passed: Bool
        /// A plain sentence.
        var text: String
    }

    /// One verdict for each expectation, in order.
    static func verdicts(of record: CallRecord) -> [Verdict] {
        record.judged.map { verdict($0, record) }
    }

    /// Everything that makes the call fail: what went wrong on the wire or in the scenario, then failed expectations.
    static func failures(of record: CallRecord) -> [String] {
        var failures = record.failure.map { [$0] } ?? []
        failures += record.violations.map { "protocol: \($0.text) (at \(seconds($0.sample)))" }
        failures += verdicts(of: record).filter { !$0.passed }.map(\.text)
        return failures
    }

    private static func verdict(_ judged: CallRecord.Judged, _ record: CallRecord) -> Verdict {
        let last = record.utterances[safe: judged.utterances - 1]
        let said = last.map { "“\($0.say.text)”" } ?? "the start of the call"
        switch judged.expectation {
        case .agentSpoke(let least):
            let from = last?.speech.upperBound ?? 0
            let heard = milliseconds(record.audible(in: from..<max(from, judged.sample)))
            return Verdict(
                passed: heard >= least, text: "after \(said) the agent spoke \(heard) ms; expected at least \(least)")
        case .replyWithin(let limit):
            guard last != nil else {
                return Verdict(passed: false, text: "reply_within stands before any words of the caller")
            }
            guard let latency = record.latency(ofUtterance: judged.utterances - 1) else {
                return Verdict(passed: false, text: "no reply to \(said)")
            }
            let took = Int(latency.milliseconds.rounded())
            return Verdict(
                passed: took <= limit, text: "the reply to \(said) began after \(took) ms; expected at most \(limit)")
        case .agentStopped(let limit): return stopped(judged, record, said, limit: limit)
        case .agentContinued(let pause, let least): return continued(judged, record, said, pause: pause, least: least)
        }
    }

    private static func stopped(
        _ judged: CallRecord.Judged, _ record: CallRecord, _ said: String, limit: Int
    ) -> Verdict {
        guard let utterance = record.utterances[safe: judged.utterances - 1],
            let bargeIn = record.bargeIn(ofUtterance: judged.utterances - 1)
        else { return Verdict(passed: false, text: "the agent was not speaking when the caller said \(said)") }
        let took = Int(bargeIn.milliseconds.rounded())
        guard took <= limit else {
            return Verdict(
                passed: false, text: "the agent spoke on for \(took) ms after \(said) began; expected at most \(limit)")
        }
        // A pause that goes on again while the caller still speaks is no stop.
        let silence = bargeIn.lastAudible..<max(bargeIn.lastAudible, utterance.speech.upperBound)
        let again = milliseconds(record.audible(in: silence))
        return Verdict(
            passed: again == 0,
            text: again == 0
                ? "the agent fell silent \(took) ms after the caller interrupted with \(said)"
                : "the agent spoke again for \(again) ms while the caller was saying \(said)")
    }

    private static func continued(
        _ judged: CallRecord.Judged, _ record: CallRecord, _ said: String, pause: Int, least: Int
    ) -> Verdict {
        guard let utterance = record.utterances[safe: judged.utterances - 1],
            let end = record.audibleEnd(at: utterance.speech.lowerBound)
        else { return Verdict(passed: false, text: "the agent was not speaking when the caller said \(said)") }
        // The longest silence from the onset on, up to the end of what the agent went on to say.
        var silent = end
        var longest = 0
        var heard = max(0, end - utterance.speech.upperBound)
        for span in record.fineSpans where span.lowerBound >= end && span.lowerBound < judged.sample {
            let gap = milliseconds(span.lowerBound - silent)
            if gap > pause { break }
            longest = max(longest, gap)
            heard += min(span.upperBound, judged.sample) - span.lowerBound
            silent = span.upperBound
        }
        let went = milliseconds(heard)
        return Verdict(
            passed: went >= least,
            text: went >= least
                ? "the agent went on after \(said): \(went) ms more, longest pause \(longest) ms"
                : "the agent did not go on after \(said): \(went) ms more; expected at least \(least)")
    }

    private static func milliseconds(_ samples: Int) -> Int { Int(Telephone.milliseconds(samples: samples).rounded()) }

    private static func seconds(_ sample: Int) -> String {
        String(describing: (Telephone.milliseconds(samples: sample) / 10).rounded() / 100) + " s"
    }
}
