/// Why a request or a WebSocket did not do its work. Texts name hosts and reasons, never headers or bodies of requests.
package enum NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Phase: String, Sendable {
        case connect = "connecting"
        case firstByte = "waiting for an answer"
        case idle = "waiting for more of the answer"
        case upgrade = "opening the WebSocket"
        case pong = "waiting for the answer to a ping"
    }

    /// No such host, connection refused, no route.
    case unreachable(String)
    case timeout(Phase)
    case tls(TLSError)
    /// The peer closed before the first byte of its answer. Whether it has acted on the request is not known.
    case closedBeforeAnswer
    /// The peer closed in the middle of its answer.
    case closedEarly
    /// The peer sent what HTTP or WebSocket does not allow.
    case malformed(String)
    /// A message longer than the limit. [bytes]
    case tooLarge(Int)
    /// An HTTP answer instead of a WebSocket.
    case upgradeRefused(UpgradeRefusal)
    /// The request itself cannot be sent, such as a header with a line break in it.
    case badRequest(String)

    package var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .timeout(let phase): "timed out while \(phase.rawValue)"
        case .tls(let error): error.detail
        case .closedBeforeAnswer: "the server closed the connection before it answered"
        case .closedEarly: "the server closed the connection in the middle of its answer"
        case .malformed(let reason): "the server broke the protocol: \(reason)"
        case .tooLarge(let limit): "the server sent more than \(limit) bytes in one message"
        case .upgradeRefused(let refusal): "the server answered \(refusal.status) instead of opening a WebSocket"
        case .badRequest(let reason): reason
        }
    }
}

/// The HTTP answer to a WebSocket that was refused.
package struct UpgradeRefusal: Error, Equatable, Sendable {
    package let status: Int
    package let headers: HeaderList
    /// At most `maximumBodyBytes`, with what is not UTF-8 replaced.
    package let bodyStart: String
    package static let maximumBodyBytes = 2_048
}

/// Header fields in order; names are compared without case.
package struct HeaderList: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }
    package private(set) var fields: [Field] = []

    package init() {}
    package init(_ fields: [(String, String)]) { self.fields = fields.map { Field(name: $0.0, value: $0.1) } }

    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The first field of that name.
    package subscript(name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name.lowercased() == name }?.value
    }

    /// The name of a field that would break the message apart; its value may be a secret and is not told.
    var unsendable: String? {
        fields.first { field in
            field.name.isEmpty || !field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
                || field.value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
        }?.name
    }
}
