internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// What a dialplan tells ahead about a call whose AudioSocket brings nothing but a UUID.
package struct ExpectedCall: Equatable, Sendable {
    package typealias Problem = CallOrder.Problem

    /// As `AudioSocketID` writes it.
    package var uuid: String
    /// Empty: the one of the server document.
    package var agent = ""
    package var variables: [String: String] = [:]

    /// Reads the body of a request.
    package init(_ body: [UInt8]) throws(Problem) {
        let object = try CallOrder.object(body)
        guard let uuid = object["uuid"]?.string, let id = AudioSocketID(uuid) else {
            throw Problem(key: "uuid", expectation: "expected a UUID such as 40325ec2-5efd-4bd3-805f-53576e581d13")
        }
        self.uuid = "\(id)"
        for member in object.members {
            switch member.key {
            case "uuid": break
            case "agent": agent = try CallOrder.text(member.value, "agent", most: 256)
            case "variables": variables = try CallOrder.variables(member.value)
            case let other:
                throw Problem(
                    key: String(other.prefix(64)), expectation: "not known; expected uuid, agent or variables")
            }
        }
    }
}

/// The calls that are expected at the AudioSocket port. Each is taken once, within a time. Safe to use from any thread.
///
/// Full means: no further one is expected until one has come or its time is over.
package final class ExpectedCalls: Sendable {
    /// A caller may wait in a queue before the dialplan comes to its AudioSocket. [s]
    static let patience: Int64 = 600

    private let most: Int
    /// Unix time. [s]
    private let now: @Sendable () -> Int64
    private let calls = Mutex<[String: (call: ExpectedCall, until: Int64)]>([:])

    package init(most: Int = 4_096, now: @escaping @Sendable () -> Int64) {
        self.most = max(1, most)
        self.now = now
    }

    var count: Int { calls.withLock { $0.count } }

    /// What is told last about a call counts.
    ///
    /// - Returns: false when there are too many.
    func expect(_ call: ExpectedCall) -> Bool {
        let now = now()
        return calls.withLock { calls in
            if calls[call.uuid] == nil, calls.count >= most {
                calls = calls.filter { $0.value.until > now }
                guard calls.count < most else { return false }
            }
            calls[call.uuid] = (call, now + Self.patience)
            return true
        }
    }

    /// The call is there.
    func take(_ id: AudioSocketID) -> ExpectedCall? {
        let now = now()
        let expected = calls.withLock { $0.removeValue(forKey: "\(id)") }
        return expected.flatMap { $0.until > now ? $0.call : nil }
    }

    // MARK: POST /calls/expect

    /// - Parameters:
    ///   - check: Throws when there is no such agent, or no room.
    ///   - refusal: The answer to whoever may not ask; nil lets the request through.
    func route(
        check: @escaping @Sendable (_ agent: String) throws(CallRefusal) -> Void,
        refusal: @escaping @Sendable (ServerRequest) -> ServerResponse?
    ) -> ServerRoute {
        ServerRoute(["POST"], "/calls/expect", .respond { refusal($0) ?? self.answer($0, check) })
    }

    private func answer(
        _ request: ServerRequest, _ check: (_ agent: String) throws(CallRefusal) -> Void
    ) -> ServerResponse {
        let call: ExpectedCall
        do {
            call = try ExpectedCall(request.body)
        } catch {
            return .refusal(400, error.description, key: error.key)
        }
        do throws(CallRefusal) {
            if !call.agent.isEmpty { try check(call.agent) }
        } catch {
            // Whether there is room is asked when the call is there.
            if error.kind == .unknownAgent { return .refusal(404, "agent: " + error.detail, key: "agent") }
        }
        guard expect(call) else { return .refusal(503, "too many calls are expected already") }
        return .json(202, ["uuid": .string(call.uuid), "expires_in_s": .int(Self.patience)])
    }
}
