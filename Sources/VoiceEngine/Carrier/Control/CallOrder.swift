package import VoiceEngineCore

/// What `POST /calls` asks for. Pure.
package struct CallOrder: Equatable, Sendable {
    /// How answering machines are told from people by the carrier.
    package enum MachineDetection: String, CaseIterable, Sendable {
        /// Tells as soon as it is known.
        case detect
        /// Tells when a machine's greeting has ended.
        case messageEnd = "message_end"
    }

    package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// Path of the key that is wrong; empty for the body itself.
        package let key: String
        package let expectation: String
        package var description: String { key.isEmpty ? expectation : "\(key): \(expectation)" }
    }

    /// Values of `variables`, together with names.
    package static let mostVariables = 64
    /// [bytes]
    package static let longestName = 64
    package static let longestValue = 4_000
    package static let longestGoal = 4_000

    package var to: DialTarget
    package var from: DialTarget?
    /// Empty: the only one there is.
    package var agent = ""
    package var goal: String?
    package var variables: [String: String] = [:]
    package var machineDetection: MachineDetection?
    /// nil: the only one that is set up.
    package var carrier: PlacingCarrier?
    /// How long it may ring. [s]
    package var timeoutSeconds: Int?

    package init(to: DialTarget) { self.to = to }

    /// Reads the body of a request.
    package init(_ body: [UInt8]) throws(Problem) {
        let object = try Self.object(body)
        guard let to = try Self.target(object, "to") else {
            throw Problem(key: "to", expectation: "is missing; \(DialTarget.expectation)")
        }
        self.to = to
        for member in object.members { try take(member.key, member.value, of: object) }
    }

    /// The object that a request's body is.
    static func object(_ body: [UInt8]) throws(Problem) -> JSONObject {
        let json: JSONValue
        do {
            json = try JSONValue.parse(body, limits: JSONLimits(depth: 8, size: 1 << 20))
        } catch {
            throw Problem(key: "", expectation: "expected a JSON object: \(error)")
        }
        guard let object = json.object else {
            throw Problem(key: "", expectation: "expected a JSON object, found \(json.typeName)")
        }
        return object
    }

    private mutating func take(_ key: String, _ value: JSONValue, of object: JSONObject) throws(Problem) {
        switch key {
        case "to": break
        case "from": from = try Self.target(object, key)
        case "agent": agent = try Self.text(value, key, most: 256)
        case "goal":
            let text = try Self.text(value, key, most: Self.longestGoal)
            goal = text.isEmpty ? nil : text
        case "variables": variables = try Self.variables(value)
        case "machine_detection": machineDetection = try Self.detection(value, key)
        case "carrier":
            let names = PlacingCarrier.allCases.map(\.rawValue).joined(separator: " or ")
            let name = try Self.text(value, key, most: 64)
            guard let known = PlacingCarrier(rawValue: name) else {
                throw Problem(key: key, expectation: "expected \(names)")
            }
            carrier = known
        case "timeout_s":
            guard let seconds = value.int, (5...600).contains(seconds) else {
                throw Problem(key: key, expectation: "expected 5 to 600")
            }
            timeoutSeconds = Int(seconds)
        case let other:
            throw Problem(
                key: String(other.prefix(64)),
                expectation:
                    "not known; expected to, from, agent, goal, variables, machine_detection, carrier or timeout_s")
        }
    }

    static func text(_ value: JSONValue, _ key: String, most: Int) throws(Problem) -> String {
        if value.isNull { return "" }
        guard let text = value.string else {
            throw Problem(key: key, expectation: "expected a text, found \(value.typeName)")
        }
        guard text.utf8.count <= most else { throw Problem(key: key, expectation: "expected at most \(most) bytes") }
        return text
    }

    private static func target(_ object: JSONObject, _ key: String) throws(Problem) -> DialTarget? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let target = value.string.flatMap({ DialTarget($0) }) else {
            throw Problem(key: key, expectation: DialTarget.expectation)
        }
        return target
    }

    private static func detection(_ value: JSONValue, _ key: String) throws(Problem) -> MachineDetection? {
        switch value {
        case .null, .bool(false): return nil
        case .bool(true): return .detect
        case .string(let name):
            if let known = MachineDetection(rawValue: name) { return known }
        case .int, .double, .array, .object: break
        }
        throw Problem(key: key, expectation: "expected true, false, \"detect\" or \"message_end\"")
    }

    static func variables(_ value: JSONValue) throws(Problem) -> [String: String] {
        if value.isNull { return [:] }
        guard let object = value.object else {
            throw Problem(key: "variables", expectation: "expected an object, found \(value.typeName)")
        }
        guard object.members.count <= mostVariables else {
            throw Problem(key: "variables", expectation: "expected at most \(mostVariables) members")
        }
        var variables: [String: String] = [:]
        for member in object.members {
            let path = "variables.\(member.key.prefix(longestName))"
            guard (1...longestName).contains(member.key.utf8.count) else {
                throw Problem(key: path, expectation: "expected a name of 1 to \(longestName) bytes")
            }
            guard let text = member.value.lenientString else {
                throw Problem(key: path, expectation: "expected a text, a number or a boolean")
            }
            guard text.utf8.count <= longestValue else {
                throw Problem(key: path, expectation: "expected at most \(longestValue) bytes")
            }
            variables[member.key] = text
        }
        return variables
    }
}

extension PlacedCall {
    /// As the control API shows it.
    package var json: JSONValue {
        var object = JSONObject()
        object["id"] = .string(id)
        object["status"] = .string(progress.stage.rawValue)
        object["cause"] = (progress.cause?.name).map { .string($0) }
        object["detail"] = (progress.cause?.detail).map { .string($0) }
        object["carrier"] = .string(carrier.rawValue)
        object["carrier_id"] = carrierID.map { .string($0) }
        object["to"] = .string(order.to.address)
        object["from"] = .string(from)
        object["agent"] = .string(order.agent)
        object["goal"] = order.goal.map { .string($0) }
        object["answered_by"] = answeredBy.map { .string($0) }
        object["created_at"] = .int(created)
        object["answered_at"] = answered.map { .int($0) }
        object["ended_at"] = ended.map { .int($0) }
        return .object(object)
    }
}
