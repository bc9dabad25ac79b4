import Foundation
import Testing
import VoiceEngineLocal
import VoiceEngineProviders

@testable import VoiceEngineSession

/// `make turns`: the measured tables of docs/turn-taking.md. Not part of the usual tests: minutes of calls.
@Suite(.serialized) struct TurnMeasurementTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let directory = environment["VOICE_ENGINE_TURNS"]
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/turn-taking.md")
    private static let (begin, end) = ("<!-- measured: make turns -->\n", "<!-- end of measured -->")

    private static let lines: [TurnMeasurement.Line] = [
        .init(), .init(noise: .white, snr: 20), .init(noise: .white, snr: 10), .init(noise: .line, snr: 20),
        .init(noise: .hum, snr: 10), .init(noise: .babble, snr: 20), .init(noise: .babble, snr: 10),
    ]

    @Test(.enabled(if: directory != nil)) func tables() throws {
        let speech = try SpeechSet(directory: try #require(Self.directory))
        try #require(speech.sentences.count >= 30 && speech.backchannels.count >= 10)
        var measurements = [TurnMeasurement(speech: speech, detector: .energy, model: nil)]
        if let model = try? ModelStore(llama: .init(threads: 1)).silero() {
            measurements.append(TurnMeasurement(speech: speech, detector: .neural, model: InstantSilero(model)))
        }
        let text =
            try onsets(measurements) + noise(measurements) + backchannels(measurements) + ends(measurements)
            + cutOffs(measurements)
        print(text)
        guard Self.environment["VOICE_ENGINE_TURNS_WRITE"] == "1" else { return }
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let start = try #require(page.range(of: Self.begin))
        let stop = try #require(page.range(of: Self.end))
        let anew = page[..<start.upperBound] + "\n" + text + "\n" + page[stop.lowerBound...]
        try Data(anew.utf8).write(to: Self.page)
    }

    // MARK: - Tables

    private func onsets(_ measurements: [TurnMeasurement]) throws -> String {
        var text = """
            ### From the caller's first sound to the pause

            | line | detector | onsets | missed | median | p95 | p99 [ms] | decided: median, p95 [ms] | false pauses a minute |
            |---|---|---|---|---|---|---|---|---|

            """
        for line in Self.lines {
            for measurement in measurements {
                let result = try measurement.onsets(on: line, seed: 1)
                let count = result.latencies.count + result.missed
                text += "| \(line.name) | \(measurement.detector.rawValue) | \(count) | \(result.missed) "
                text += "| \(Self.quantiles(result.latencies, [0.5, 0.95, 0.99], " | ")) "
                text += "| \(Self.quantiles(result.confirmations, [0.5, 0.95], ", ")) "
                text += "| \(Self.rate(Double(result.falsePauses) / result.minutes)) |\n"
            }
        }
        return text
    }

    private func noise(_ measurements: [TurnMeasurement]) throws -> String {
        var text = """

            ### Noise while the agent speaks

            | line | detector | pauses a minute | interruptions a minute |
            |---|---|---|---|

            """
        for line in Self.lines + [.init(noise: .bursts, snr: 0)] {
            for measurement in measurements {
                let result = try measurement.noise(line, minutes: 2, seed: 2)
                text += "| \(line.name) | \(measurement.detector.rawValue) | \(Self.rate(result.pauses)) "
                text += "| \(Self.rate(result.interruptions)) |\n"
            }
        }
        return text
    }

    private func backchannels(_ measurements: [TurnMeasurement]) throws -> String {
        var text = """

            ### Backchannels while the agent speaks

            | line | detector | words | pauses | taken for interruptions | end of the word → agent goes on: median, p95 [ms] | silence: median, p95 [ms] |
            |---|---|---|---|---|---|---|

            """
        for line in [TurnMeasurement.Line(), .init(noise: .white, snr: 20), .init(noise: .babble, snr: 20)] {
            for measurement in measurements {
                let result = try measurement.backchannels(on: line, seed: 3)
                text += "| \(line.name) | \(measurement.detector.rawValue) | \(result.count) | \(result.paused) "
                text += "| \(result.interrupted) | \(Self.quantiles(result.resumed, [0.5, 0.95], ", ")) "
                text += "| \(Self.quantiles(result.silent, [0.5, 0.95], ", ")) |\n"
            }
        }
        return text
    }

    private func ends(_ measurements: [TurnMeasurement]) throws -> String {
        var text = """

            ### From the caller's last sound to the turn

            | line | detector | sentences | without a turn | cut off | median | p95 | p99 [ms] |
            |---|---|---|---|---|---|---|---|

            """
        for line in Self.lines {
            for measurement in measurements {
                let result = try measurement.ends(on: line, seed: 4)
                text += "| \(line.name) | \(measurement.detector.rawValue) | \(result.delays.count + result.missed) "
                text += "| \(result.missed) | \(result.early) "
                text += "| \(Self.quantiles(result.delays, [0.5, 0.95, 0.99], " | ")) |\n"
            }
        }
        return text
    }

    private func cutOffs(_ measurements: [TurnMeasurement]) throws -> String {
        let pauses = [150, 250, 400, 600, 800, 1_000]
        var text = """

            ### Pauses inside a sentence: share that was answered too early

            | line | detector | \(pauses.map { "\($0) ms" }.joined(separator: " | ")) |
            |---|---|\(pauses.map { _ in "---|" }.joined())

            """
        for line in [TurnMeasurement.Line(), .init(noise: .babble, snr: 20)] {
            for measurement in measurements {
                let shares = try pauses.map { try measurement.cutOffs(pause: $0, on: line, seed: 5) }
                text += "| \(line.name) | \(measurement.detector.rawValue) "
                text += "| \(shares.map { "\(Int(($0 * 100).rounded())) %" }.joined(separator: " | ")) |\n"
            }
        }
        return text
    }

    /// Nearest rank.
    private static func quantiles(_ values: [Double], _ shares: [Double], _ separator: String) -> String {
        let sorted = values.sorted()
        return shares.map { share in
            sorted.isEmpty ? "–" : "\(Int(sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)].rounded()))"
        }.joined(separator: separator)
    }

    private static func rate(_ value: Double) -> String { String(format: "%.1f", value) }
}
