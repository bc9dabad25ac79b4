/// The tools that the session carries out itself, as far as an agent has them. Pure.
///
/// All of them happen once everything that the reply says has been heard.
package struct BuiltInTools: Equatable, Sendable {
    package enum Tool: String, CaseIterable, Sendable {
        case endCall = "end_call"
        case transfer
        case sendDigits = "send_dtmf"
        /// Offered where the document names the goal of the call, at every station of its flow.
        case goalReached = "goal_reached"

        /// Those that a document may ask for.
        package static let selectable: [Tool] = [.endCall, .transfer, .sendDigits]
    }

    /// Whom a call may be handed to.
    package struct Target: Equatable, Sendable {
        /// For the model.
        package var name: String
        /// Number or address, for the carrier.
        package var address: String

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    /// What a call of the model asks for.
    package enum Request: Equatable, Sendable {
        /// - Parameter goodbye: To be said where the model has not said anything yet.
        case endCall(goodbye: String)
        case transfer(to: String)
        case sendDigits(String)
        case goalReached(outcome: String)
        /// It cannot be done; the model is told why, as JSON.
        case refused(String)
    }

    /// [characters] of what came of a call.
    package static let longestOutcome = 500
    /// Keys of one call.
    package static let mostDigits = 64
    /// The name of `endCall` in earlier documents, and of the local model's flow.
    package static let hangUp = "hang_up"

    /// Offered to the model.
    package var tools: [Tool]
    package var targets: [Target]
    /// Where the intents of a local model's flow lead. It asks for `transfer` with the address itself, and nobody offers
    /// it the tool.
    package var flowTargets: Set<String> = []

    package init(_ tools: [Tool] = [], targets: [Target] = []) {
        self.tools = tools
        self.targets = targets
    }

    /// - Returns: nil for a call that is not the session's.
    package func request(of call: ToolCall) -> Request? {
        let arguments = try? JSONValue.parse(call.arguments)
        switch call.name {
        case Self.hangUp: return .endCall(goodbye: "")
        case Tool.endCall.rawValue where tools.contains(.endCall):
            return .endCall(goodbye: arguments?["goodbye"]?.string ?? "")
        case Tool.transfer.rawValue where tools.contains(.transfer): return transfer(to: arguments?["to"]?.string)
        // Only to what the document says: a caller may have talked the model into another number.
        case Tool.transfer.rawValue:
            guard let target = arguments?["to"]?.string, flowTargets.contains(target) else { return nil }
            return .transfer(to: target)
        case Tool.sendDigits.rawValue where tools.contains(.sendDigits):
            return digits(arguments?["digits"]?.lenientString ?? "")
        case Tool.goalReached.rawValue where tools.contains(.goalReached):
            return .goalReached(outcome: String((arguments?["outcome"]?.string ?? "").prefix(Self.longestOutcome)))
        case _: return nil
        }
    }

    private func transfer(to name: String?) -> Request {
        guard let name, !name.isEmpty else { return .refused(#"{"error":"the argument to is missing"}"#) }
        if let target = targets.first(where: { $0.name == name || $0.address == name }) {
            return .transfer(to: target.address)
        }
        let names = JSONValue.array(targets.map { .string($0.name) })
        let answer: JSONValue = ["error": "nobody of this name", "known": names]
        return .refused(answer.text)
    }

    private func digits(_ text: String) -> Request {
        let digits = text.uppercased().filter { !$0.isWhitespace && $0 != "-" }
        guard (1...Self.mostDigits).contains(digits.count), digits.allSatisfy({ "0123456789*#ABCD".contains($0) })
        else {
            return .refused(#"{"error":"digits are 1 to 64 of 0 to 9, *, # and A to D"}"#)
        }
        return .sendDigits(digits)
    }

    // MARK: - For the model

    package static func description(of tool: Tool) -> String {
        switch tool {
        case .endCall:
            "Ends the call. Only when the conversation is over: the caller has said goodbye, or wants nothing more."
        case .transfer: "Hands the call over to a person. Tell the caller first."
        case .sendDigits:
            "Presses keys of the telephone, for machines that ask for them. Wait for the answer afterwards."
        case .goalReached:
            "Ends the call. Call it once the goal of the call is reached, or certainly cannot be reached, after saying "
                + "goodbye."
        }
    }

    /// JSON Schema of the arguments.
    package func parameters(of tool: Tool) -> JSONValue {
        switch tool {
        case .endCall:
            [
                "type": "object",
                "properties": [
                    "goodbye": [
                        "type": "string",
                        "description": "A short goodbye, spoken before. Empty when you have just said it.",
                    ]
                ],
            ]
        case .transfer:
            [
                "type": "object",
                "properties": ["to": ["type": "string", "enum": .array(targets.map { .string($0.name) })]],
                "required": ["to"],
            ]
        case .sendDigits:
            [
                "type": "object",
                "properties": ["digits": ["type": "string", "description": "The keys in order: 0 to 9, * and #."]],
                "required": ["digits"],
            ]
        case .goalReached:
            [
                "type": "object",
                "properties": [
                    "outcome": ["type": "string", "description": "What came of the call, in one sentence."]
                ],
                "required": ["outcome"],
            ]
        }
    }
}
