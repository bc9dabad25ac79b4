import Foundation

/// Writes what is left of a call: `call.wav` (left the caller, right the agent as played), `call.json`, `timeline.svg`.
enum CallReport {
    /// - Returns: the paths of the files.
    static func write(_ record: CallRecord, scenario: Scenario, events: [EngineEvent], to directory: String) throws
        -> [String]
    {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let paths = ["call.wav", "timeline.svg", "call.json"].map { directory + "/" + $0 }
        try WaveFile.write(
            channels: [MuLaw.decode(record.caller), MuLaw.decode(record.agent)], rate: Telephone.samplesPerSecond,
            path: paths[0])
        let svg = Timeline.svg(of: record, title: scenario.name, events: events)
        try svg.write(toFile: paths[1], atomically: true, encoding: .utf8)
        let json = try JSONSerialization.data(
            withJSONObject: object(of: record, scenario: scenario, events: events),
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try json.write(to: URL(fileURLWithPath: paths[2]))
        return paths
    }

    /// All times in milliseconds since the stream began, on the sample clock.
    private static func object(of record: CallRecord, scenario: Scenario, events: [EngineEvent]) -> [String: Any] {
        let utterances = record.utterances.map { utterance -> [String: Any] in
            [
                "text": utterance.say.text, "purpose": utterance.say.purpose.rawValue, "source": utterance.say.source,
                "onset_ms": ms(utterance.speech.lowerBound), "end_ms": ms(utterance.speech.upperBound),
            ]
        }
        let texts = Timeline.texts(of: record, events)
        let spans = record.agentSpans.enumerated().map { index, span -> [String: Any] in
            var object: [String: Any] = ["start_ms": ms(span.lowerBound), "end_ms": ms(span.upperBound)]
            object["text"] = texts[index]
            return object
        }
        let marks = record.marks.map { mark -> [String: Any] in
            var object: [String: Any] = ["name": mark.name, "received_ms": ms(mark.received)]
            object["returned_ms"] = mark.returned.map(ms)
            object["cause"] = mark.cause?.rawValue
            return object
        }
        let bargeIns = record.bargeIns.map { bargeIn -> [String: Any] in
            var object: [String: Any] = [
                "utterance": bargeIn.utterance, "onset_ms": ms(bargeIn.onset),
                "last_agent_sample_ms": ms(bargeIn.lastAudible),
                "ms": bargeIn.milliseconds,
            ]
            object["clear_after_ms"] = bargeIn.clear.map { ms($0 - bargeIn.onset) }
            return object
        }
        return [
            "scenario": scenario.name, "call_sid": record.callSid, "stream_sid": record.streamSid,
            "start_monotonic_ns": record.startNanoseconds, "duration_ms": ms(record.caller.count),
            "ended_by": record.endedBy, "caller": utterances, "agent": spans,
            "reply_latencies": record.latencies.map {
                ["utterance": $0.utterance, "from_ms": ms($0.from), "to_ms": ms($0.to), "ms": $0.milliseconds]
            },
            "barge_ins": bargeIns, "marks": marks,
            "clears": record.clears.map {
                ["at_ms": ms($0.sample), "dropped_ms": ms($0.droppedSamples), "marks_returned": $0.marks]
            },
            "gaps": record.gaps.map { ["at_ms": ms($0.sample), "ms": ms($0.samples)] },
            "dtmf": record.digits.map { ["digits": $0.digit, "at_ms": ms($0.sample)] },
            "protocol_errors": record.violations.map { ["at_ms": ms($0.sample), "text": $0.text] },
            "media": ["messages": record.mediaMessages, "bytes": record.mediaBytes],
            "expectations": Judgement.verdicts(of: record).map { ["passed": $0.passed, "text": $0.text] },
            "failures": Judgement.failures(of: record),
            "engine_events": events.map { event -> [String: Any] in
                var object: [String: Any] = [
                    "at_ms": Double(event.timeNanoseconds - record.startNanoseconds) / 1e6, "type": event.type,
                    "turn": event.turn, "text": event.text, "flags": event.flags,
                ]
                if !event.stages.isEmpty {
                    object["stages_ms"] = Dictionary(
                        event.stages.map { ($0.name, Double($0.nanoseconds) / 1e6) }, uniquingKeysWith: { $1 })
                    object["total_ms"] = Double(event.totalNanoseconds) / 1e6
                    object["engine_ms"] = Double(event.engineNanoseconds) / 1e6
                }
                return object
            },
        ]
    }

    private static func ms(_ samples: Int) -> Double { Telephone.milliseconds(samples: samples) }
}
