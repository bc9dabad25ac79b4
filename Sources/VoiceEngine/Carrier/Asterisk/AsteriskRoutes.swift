internal import VoiceEngineNet

/// Where Asterisk's WebSocket client connects to: `uri` in its websocket_client.conf. The dial option
/// `v(agent=sales,caller=…)` adds a query to it.
enum AsteriskRoutes {
    static func routes(_ context: MediaStreamContext, _ token: StreamToken) -> [ServerRoute] {
        let media = ServerAction.webSocket(subprotocols: ["media"]) { (request) throws(ServerResponse) in
            var address = try StreamAddress(request)
            try token.check(request, query: address.fields, need: .whereThereIsOne)
            let answers = address.variables.removeValue(forKey: "answer") == "yes"
            let named = address
            return {
                MediaStreamCall(
                    context: context, wire: AsteriskWire(answers: answers), agent: named.agent,
                    variables: named.variables, eventLoop: $0)
            }
        }
        return [
            ServerRoute(["GET"], "/asterisk/media", media), ServerRoute(["GET"], "/asterisk/media/:agent", media),
        ]
    }
}
