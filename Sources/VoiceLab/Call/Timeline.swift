import Foundation

/// Draws a call as SVG: rows of some seconds, each with the caller above and the agent below on one time axis.
///
/// ```
///   caller  ▂▅▇▅▂   “Ten of clubs.”              ▂▅▂ “mhm”
///              └─ 640 ms ─┐                        ┆
///   agent                 ▂▅▇▇▅▂▂▅▇▅  …  ▂▅▇▇▅▂▅▇▇▅▇▅▂
/// ```
struct Timeline {
    private static let longestRow = 20.0
    private static let width = 1_500.0
    private static let left = 84.0
    private static let rowHeight = 250.0
    private static let top = 118.0
    private static let callerLane = 66.0
    private static let agentLane = 166.0
    private static let laneHeight = 54.0

    private let record: CallRecord
    private let title: String
    /// What the agent was heard to say, by the number of its stretch of speech.
    private let agentTexts: [Int: String]
    private let seconds: Double
    private let secondsPerRow: Double
    private let pixelsPerSecond: Double
    private var out = ""

    /// - Parameter events: the engine's events of the call, for the agent's words; may be empty.
    static func svg(of record: CallRecord, title: String, events: [EngineEvent]) -> String {
        var timeline = Timeline(record: record, title: title, events: events)
        return timeline.draw()
    }

    private init(record: CallRecord, title: String, events: [EngineEvent]) {
        self.record = record
        self.title = title
        seconds = Telephone.milliseconds(samples: max(record.caller.count, record.agent.count)) / 1_000
        secondsPerRow = min(Self.longestRow, max(5, seconds.rounded(.up)))
        pixelsPerSecond = (Self.width - Self.left - 36) / secondsPerRow
        agentTexts = Self.texts(of: record, events)
    }

    /// Gives each reply's words to the first stretch of speech that belongs to it.
    static func texts(of record: CallRecord, _ events: [EngineEvent]) -> [Int: String] {
        var texts: [Int: String] = [:]
        var from = 0
        for event in events where event.type == "agent_heard" {
            let to = Int((event.timeNanoseconds - record.startNanoseconds) / Telephone.nanosecondsPerSample)
            let slack = Telephone.samples(milliseconds: 300)
            let span = record.agentSpans.indices.first {
                texts[$0] == nil && record.agentSpans[$0].upperBound > from
                    && record.agentSpans[$0].lowerBound < to + slack
            }
            if let span { texts[span] = event.text + (event.flags.contains("interrupted") ? " —" : "") }
            from = to
        }
        return texts
    }

    private mutating func draw() -> String {
        let rows = max(1, Int((seconds / secondsPerRow).rounded(.up)))
        let height = Self.top + Double(rows) * Self.rowHeight + 20
        out = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(height))" \
            width="\(Int(Self.width))" height="\(Int(height))" font-family="Inter, 'Helvetica Neue', Arial, sans-serif">
            <defs><clipPath id="plot"><rect x="\(Self.left)" y="0" width="\(Self.width - Self.left - 30)" \
            height="\(height)"/></clipPath></defs>
            <rect width="100%" height="100%" fill="#fbfbfd"/>

            """
        header()
        for row in 0..<rows { draw(row: row) }
        return out + "</svg>\n"
    }

    private mutating func header() {
        text(28, 40, title, size: 22, colour: "#1d2430", weight: 600)
        let replies = record.latencies.map(\.milliseconds).sorted()
        var facts = [String(format: "%.1f s", seconds), "\(record.utterances.count) utterances of the caller"]
        if !replies.isEmpty {
            facts.append("median wait for a reply \(Int(replies[replies.count / 2])) ms")
        }
        for bargeIn in record.bargeIns { facts.append("silent \(Int(bargeIn.milliseconds)) ms after the interruption") }
        text(28, 64, facts.joined(separator: "   ·   "), size: 13, colour: "#5b6575")
        let legend: [(String, String)] = [
            ("#3b6fd4", "caller"), ("#1f9d6b", "agent, as played"), ("#b7791f", "wait for the reply"),
            ("#d64545", "interruption"), ("#8a63d2", "backchannel"),
        ]
        var x = 28.0
        for (colour, name) in legend {
            out += "<rect x=\"\(x)\" y=\"80\" width=\"12\" height=\"12\" rx=\"3\" fill=\"\(colour)\"/>\n"
            text(x + 18, 90, name, size: 12, colour: "#3a4352")
            x += 34 + Double(name.count) * 6.6
        }
    }

    private mutating func draw(row: Int) {
        let y = Self.top + Double(row) * Self.rowHeight
        let from = Double(row) * secondsPerRow
        let to = from + secondsPerRow
        axis(y, from)
        text(18, y + Self.callerLane + 4, "caller", size: 13, colour: "#3b6fd4", weight: 600)
        text(18, y + Self.agentLane + 4, "agent", size: 13, colour: "#1f9d6b", weight: 600)
        out += "<g clip-path=\"url(#plot)\">\n"
        for utterance in record.utterances where overlaps(utterance.speech, from, to) {
            marker(utterance, y, from)
        }
        waveform(MuLaw.decode(slice(record.caller, from, to)), y + Self.callerLane, "#3b6fd4")
        waveform(MuLaw.decode(slice(record.agent, from, to)), y + Self.agentLane, "#1f9d6b")
        out += "</g>\n"
        for (index, utterance) in record.utterances.enumerated() where starts(utterance.speech, from, to) {
            let limit = record.utterances[safe: index + 1]?.speech.lowerBound
            label(utterance.say.text, at: utterance.speech.lowerBound, limit, y + 18, from, "#2a4f9c")
        }
        for (index, span) in record.agentSpans.enumerated() where starts(span, from, to) {
            guard let words = agentTexts[index] else { continue }
            let next = record.agentSpans.indices.first { $0 > index && agentTexts[$0] != nil }
            label(words, at: span.lowerBound, next.map { record.agentSpans[$0].lowerBound }, y + 212, from, "#14704c")
        }
        for latency in record.latencies where x(latency.to, from) > Self.left && time(latency.from) < to {
            bracket(latency, y, from)
        }
    }

    private mutating func axis(_ y: Double, _ from: Double) {
        let right = Self.width - 30
        out += "<rect x=\"\(Self.left)\" y=\"\(y)\" width=\"\(right - Self.left)\" height=\"\(Self.rowHeight - 22)\" "
        out += "rx=\"6\" fill=\"#ffffff\" stroke=\"#e3e7ee\"/>\n"
        for second in 0...Int(secondsPerRow) {
            let x = Self.left + Double(second) * pixelsPerSecond
            if second % 5 != 0 {
                line(x, y + 2, x, y + Self.rowHeight - 24, "#f2f4f8")
            } else {
                line(x, y + 2, x, y + Self.rowHeight - 24, "#dfe4ec")
                guard x < right - 30 else { continue }
                text(x + 3, y + Self.rowHeight - 27, "\(Int(from) + second) s", size: 10, colour: "#8a93a3")
            }
        }
    }

    /// Peaks per pixel column; the square root keeps quiet speech visible.
    private mutating func waveform(_ samples: [Int16], _ middle: Double, _ colour: String) {
        let perPixel = Int(Double(Telephone.samplesPerSecond) / pixelsPerSecond)
        var upper = ""
        var lower: [String] = []
        for (column, start) in stride(from: 0, to: samples.count, by: perPixel).enumerated() {
            let peak = samples[start..<min(start + perPixel, samples.count)].reduce(0) { max($0, abs(Int($1))) }
            let height = max(0.5, (Double(peak) / 32_768).squareRoot() * Self.laneHeight / 2)
            let x = Self.left + Double(column) * Double(perPixel) / Double(Telephone.samplesPerSecond) * pixelsPerSecond
            upper += String(format: "%.1f,%.1f ", x, middle - height)
            lower.append(String(format: "%.1f,%.1f", x, middle + height))
        }
        out += "<polygon fill=\"\(colour)\" fill-opacity=\"0.85\" points=\"\(upper)"
        out += lower.reversed().joined(separator: " ") + "\"/>\n"
    }

    /// Marks an interruption or a backchannel through both lanes.
    private mutating func marker(_ utterance: CallRecord.Utterance, _ y: Double, _ from: Double) {
        let colour: String
        switch utterance.say.purpose {
        case .turn: return
        case .interruption: colour = "#d64545"
        case .backchannel: colour = "#8a63d2"
        }
        let (begin, end) = (x(utterance.speech.lowerBound, from), x(utterance.speech.upperBound, from))
        out += "<rect x=\"\(begin)\" y=\"\(y + 34)\" width=\"\(end - begin)\" height=\"166\" fill=\"\(colour)\" "
        out += "fill-opacity=\"0.10\"/>\n"
        line(begin, y + 34, begin, y + 200, colour, dashed: true)
        var words = utterance.say.purpose.rawValue
        let index = record.utterances.firstIndex { $0.speech == utterance.speech } ?? 0
        if utterance.say.purpose == .interruption, let bargeIn = record.bargeIn(ofUtterance: index) {
            words += ": silent after \(Int(bargeIn.milliseconds)) ms"
        }
        text(begin + 4, y + 108, words, size: 11, colour: colour, weight: 600)
    }

    /// The caller's wait, from the last sample of speech to the first of the reply.
    private mutating func bracket(_ latency: CallRecord.Latency, _ y: Double, _ from: Double) {
        let right = Self.width - 32
        let (begin, end) = (max(Self.left, x(latency.from, from)), min(right, x(latency.to, from)))
        let middle = y + 126
        out += "<path d=\"M\(begin) \(y + 113) V\(middle) H\(end) V\(y + 138)\" fill=\"none\" stroke=\"#b7791f\" "
        out += "stroke-width=\"1.6\"/>\n"
        text(end + 5, middle + 4, "\(Int(latency.milliseconds.rounded())) ms", size: 12, colour: "#8a5a12", weight: 600)
    }

    /// Words above or below a lane, in up to two lines, as wide as there is room.
    private mutating func label(
        _ words: String, at sample: Int, _ limit: Int?, _ y: Double, _ from: Double, _ colour: String
    ) {
        guard !words.isEmpty else { return }
        let begin = x(sample, from)
        let end = min(limit.map { x($0, from) - 8 } ?? .infinity, Self.width - 36)
        let columns = max(6, Int((end - begin) / 6.1))
        var lines = [""]
        for word in words.split(separator: " ") {
            if let last = lines.last, !last.isEmpty, last.count + word.count + 1 > columns {
                lines.append(String(word))
            } else if let last = lines.popLast() {
                lines.append(last.isEmpty ? String(word) : last + " " + word)
            }
        }
        if lines.count > 2 { lines = [lines[0], lines[1] + " …"] }
        out += "<g><title>\(Self.escaped(words))</title>\n"
        for (index, line) in lines.enumerated() {
            text(begin, y + Double(index) * 13, line, size: 11.5, colour: colour)
        }
        out += "</g>\n"
    }

    private mutating func text(
        _ x: Double, _ y: Double, _ words: String, size: Double, colour: String, weight: Int = 400
    ) {
        out += String(format: "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" ", x, y, size)
        out += "fill=\"\(colour)\" font-weight=\"\(weight)\">\(Self.escaped(words))</text>\n"
    }

    private mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, dashed: Bool = false
    ) {
        out += String(format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" ", x1, y1, x2, y2)
        out += "stroke=\"\(colour)\"\(dashed ? " stroke-dasharray=\"4 3\"" : "")/>\n"
    }

    private func time(_ sample: Int) -> Double { Double(sample) / Double(Telephone.samplesPerSecond) }
    private func x(_ sample: Int, _ from: Double) -> Double { Self.left + (time(sample) - from) * pixelsPerSecond }

    private func overlaps(_ range: Range<Int>, _ from: Double, _ to: Double) -> Bool {
        time(range.upperBound) > from && time(range.lowerBound) < to
    }

    private func starts(_ range: Range<Int>, _ from: Double, _ to: Double) -> Bool {
        time(range.lowerBound) >= from && time(range.lowerBound) < to
    }

    private func slice(_ bytes: [UInt8], _ from: Double, _ to: Double) -> ArraySlice<UInt8> {
        let range = Int(from * 8_000)..<Int(to * 8_000)
        return bytes[range.clamped(to: bytes.startIndex..<bytes.endIndex)]
    }

    private static func escaped(_ words: String) -> String {
        words.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }
}
