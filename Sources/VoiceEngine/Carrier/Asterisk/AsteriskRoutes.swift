internal import VoiceEngineNet

/// Where Asterisk's WebSocket client connects to: `uri` in its websocket_client.conf. The dial option
/// `v(agent=sales,caller=…)` adds a query to it.
enum AsteriskRoutes {
    static func routes(_ context: MediaStreamContext) -> [ServerRoute] {
        let media = ServerAction.webSocket(subprotocols: ["media"]) { (request) throws(ServerResponse) in
            let address = try StreamAddress(request)
            return {
                MediaStreamCall(
                    context: context, wire: AsteriskWire(), agent: address.agent, variables: address.variables,
                    eventLoop: $0)
            }
        }
        return [
            ServerRoute(["GET"], "/asterisk/media", media), ServerRoute(["GET"], "/asterisk/media/:agent", media),
        ]
    }
}
