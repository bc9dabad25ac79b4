/// Where a part of the engine writes its log lines: the host's callback, or nowhere.
///
/// Never used on the audio path. No keys at any level, no transcripts above `trace`.
package struct Log: Sendable {
    /// Severity; the raw values are those of the public header (`VOICE_LOG_*`).
    package enum Level: Int32, Comparable, Sendable {
        case trace = 1
        case debug, info, warning, error

        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    package typealias Sink = @Sendable (_ level: Level, _ component: String, _ message: String) -> Void

    private let minimum: Level
    private let component: String
    private let sink: Sink?

    /// - Parameter sink: Called for each line at or above `minimum`, from any thread.
    package init(component: String, minimum: Level = .info, sink: Sink?) {
        self.minimum = minimum
        self.component = component
        self.sink = sink
    }

    /// A log that goes nowhere.
    package static let none = Log(component: "", sink: nil)

    /// The same destination under another name.
    package func named(_ component: String) -> Log { Log(component: component, minimum: minimum, sink: sink) }

    package func isEnabled(_ level: Level) -> Bool { sink != nil && level >= minimum }

    package func callAsFunction(_ level: Level, _ message: @autoclosure () -> String) {
        guard let sink, level >= minimum else { return }
        sink(level, component, Self.line(message()))
    }

    /// What comes from outside, such as the id of a call, can neither begin a line of its own nor steer a terminal.
    private static func line(_ text: String) -> String {
        // Every control character has one of these in UTF-8.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return text }
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { line.append(scalar.properties.generalCategory == .control ? " " : scalar) }
        return String(line)
    }
}
