internal import NIOCore
internal import NIOHTTP1

/// Turns a connection whose first request is a WebSocket handshake into a `ServerWebSocket`, if its route agrees.
final class ServerUpgrade: HTTPServerProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    /// Checked by `ServerHandshake`, with an answer that names the header.
    let requiredUpgradeHeaders: [String] = []

    private let site: ServerSite
    private let isSecure: Bool

    /// - Parameter isSecure: The connection is encrypted.
    init(_ site: ServerSite, isSecure: Bool) {
        self.site = site
        self.isSecure = isSecure
    }

    /// - Returns: A future that fails with the `ServerResponse` which refuses the handshake.
    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        do {
            let decision = try decide(upgradeRequest, channel)
            var headers = HTTPHeaders([("Connection", "Upgrade"), ("Upgrade", "websocket")])
            headers.add(name: "Sec-WebSocket-Accept", value: decision.accept)
            if let name = decision.subprotocol { headers.add(name: "Sec-WebSocket-Protocol", value: name) }
            return channel.eventLoop.makeSucceededFuture(headers)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        do {
            // Asked again, because the answer to "may it" carries what makes the peer, and nothing is kept in between.
            let peer = try decide(upgradeRequest, context.channel).makePeer(context.eventLoop)
            let socket = ServerWebSocket(site, peer: peer, allocator: context.channel.allocator)
            try context.pipeline.syncOperations.addHandler(socket)
            return context.eventLoop.makeSucceededVoidFuture()
        } catch {
            context.close(promise: nil)
            return context.eventLoop.makeFailedFuture(error)
        }
    }

    private struct Decision {
        var accept: String
        var subprotocol: String?
        var makePeer: ServerWebSocketFactory
    }

    private func decide(_ head: HTTPRequestHead, _ channel: any Channel) throws(ServerResponse) -> Decision {
        var request = ServerRequest(head, body: [])
        request.isFromProxy = site.limits.isProxy(channel.remoteAddress?.ipAddress)
        request.isSecure = isSecure
        switch site.router.match(method: request.method, path: request.path) {
        case .found(.webSocket(let spoken, let decide), let parameters):
            let accept = try ServerHandshake.accept(request)
            request.parameters = parameters
            request.subprotocol = ServerHandshake.subprotocol(request, spoken: spoken)
            return Decision(accept: accept, subprotocol: request.subprotocol, makePeer: try decide(request))
        case .found(.respond, _), .found(.respondLater, _): throw .text(400, "This address takes no WebSocket.")
        case .notFound, .methodNotAllowed: throw .text(404, "There is nothing at this address.")
        }
    }
}
