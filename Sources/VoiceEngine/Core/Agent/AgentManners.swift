extension AgentDocument.Manners {
    /// What is said while an answer is slow to come.
    package struct Fillers: Equatable, Sendable {
        /// From the caller's turn on; nil: never.
        package var after: Nanoseconds?
        package var texts: [String] = []

        /// None.
        init() {}

        /// - Parameter usual: Taken where the section has no texts.
        init(_ reader: consuming KeyedReader, usual: [String]) throws(AgentError) {
            let after = try reader.milliseconds("after_ms", 0...10_000, default: 1_200)
            texts = try reader.texts("texts", .text(100), atMost: 10) ?? usual
            try reader.finish()
            self.after = after == .zero || texts.isEmpty ? nil : after
        }
    }
}

extension AgentDocument {
    /// What an outgoing call does with an answering machine.
    package struct Voicemail: Equatable, Sendable {
        package var isDetected: Bool
        /// The document says what becomes of a machine, whoever detects it.
        package var isGiven: Bool
        package var course: VoicemailStateMachine.Course
        /// Left after the beep; nil: none.
        package var message: String?

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            isDetected = try reader.bool("detect", default: false)
            let message = try reader.text("message", .textOrEmpty(2_000)) ?? ""
            self.message = message.isEmpty ? nil : message
            isGiven = !message.isEmpty || !reader.isMissing("action")
            course = try reader.choice("action", default: message.isEmpty ? .hangUp : .leaveMessage)
            if course == .leaveMessage, message.isEmpty {
                throw reader.missing("message", "the text to leave, because action is \"leave_message\"")
            }
            try reader.finish()
        }
    }
}

/// How the host, or the model, learns of keyed digits.
package enum KeypadDelivery: String, CaseIterable, Equatable, Sendable {
    /// The whole number is the caller's turn.
    case text
    /// The whole number is one event; the model is not told.
    case event
}

/// Which keys stop the agent.
package enum KeypadInterruption: Equatable, Sendable {
    case any
    /// These; none of them if empty.
    case keys(Set<Character>)

    /// - Parameter text: "any", or keys; nil when there is another character in it.
    package init?(_ text: String) {
        if text == "any" {
            self = .any
        } else if text.allSatisfy({ "0123456789*#ABCD".contains($0) }) {
            self = .keys(Set(text))
        } else {
            return nil
        }
    }

    package func isStopped(by digits: String) -> Bool {
        switch self {
        case .any: !digits.isEmpty
        case .keys(let keys): digits.contains { keys.contains($0) }
        }
    }
}
