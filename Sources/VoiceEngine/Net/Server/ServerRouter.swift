package import NIOCore

/// What a path leads to.
package enum ServerAction: Sendable {
    /// Answers at once, on the connection's loop. Must not block.
    case respond(@Sendable (ServerRequest) -> ServerResponse)
    /// Answers when its future does; called on the connection's loop, which it is handed. Must not block.
    ///
    /// A connection has one answer at a time in the making: requests that a client sends ahead wait, unread, for their
    /// turn. After `ServerLimits.answerTimeout` the client gets 504. Once the client has gone or that time has passed,
    /// an answer is dropped. A future that fails with a `ServerResponse` answers with it, any other failure with 500.
    case respondLater(@Sendable (ServerRequest, any EventLoop) -> EventLoopFuture<ServerResponse>)
    /// Decides whether a client may open a WebSocket here: returns what makes the far end of it, or throws the answer.
    ///
    /// - subprotocols: Those that the route speaks (RFC 6455 section 1.9). The first of the client's that is among them
    ///   is agreed on and named in the answer and in `ServerRequest.subprotocol`; without one the answer names none,
    ///   and whether that will do is for both ends to decide. Extensions are never agreed on.
    case webSocket(
        subprotocols: [String] = [], @Sendable (ServerRequest) throws(ServerResponse) -> ServerWebSocketFactory)
}

/// Makes the far end of one accepted WebSocket, on the connection's loop.
package typealias ServerWebSocketFactory = @Sendable (any EventLoop) -> any ServerWebSocketPeer

/// Methods and a path pattern that lead to an action.
package struct ServerRoute: Sendable {
    let methods: [String]
    let pattern: [String]
    let action: ServerAction

    /// - Parameters:
    ///   - methods: Upper case. `HEAD` is understood wherever `GET` is.
    ///   - pattern: Such as `/twilio/voice/:agent`; a segment with a colon takes any one non-empty segment.
    package init(_ methods: [String], _ pattern: String, _ action: ServerAction) {
        self.methods = methods
        self.pattern = pattern.split(separator: "/").map(String.init)
        self.action = action
    }
}

/// Finds the route of a request. Pure.
package struct ServerRouter: Sendable {
    package enum Match: Sendable {
        case found(ServerAction, parameters: [String: String])
        case notFound
        /// The path exists, for these methods.
        case methodNotAllowed([String])
    }

    private let routes: [ServerRoute]

    package init(_ routes: [ServerRoute]) { self.routes = routes }

    /// With more routes behind these.
    package func adding(_ routes: [ServerRoute]) -> ServerRouter { ServerRouter(self.routes + routes) }

    /// - Parameter path: As sent; a trailing slash does not matter.
    package func match(method: String, path: String) -> Match {
        let segments = path.split(separator: "/")
        var allowed: [String] = []
        for route in routes {
            guard let parameters = Self.parameters(of: segments, in: route.pattern) else { continue }
            if route.methods.contains(method) || (method == "HEAD" && route.methods.contains("GET")) {
                return .found(route.action, parameters: parameters)
            }
            allowed += route.methods.filter { !allowed.contains($0) }
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed)
    }

    private static func parameters(of segments: [Substring], in pattern: [String]) -> [String: String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, expected) in zip(segments, pattern) {
            guard let plain = FormDecoder.decoded(segment.utf8, plusIsBlank: false) else { return nil }
            if expected.hasPrefix(":") {
                parameters[String(expected.dropFirst())] = plain
            } else if plain != expected {
                return nil
            }
        }
        return parameters
    }
}
