internal import VoiceEngineNet

/// Where Asterisk's WebSocket client connects to: `uri` in its websocket_client.conf.
enum AsteriskRoutes {
    /// What the address of a connection names: the dial option `v(agent=sales,caller=…)` adds it to the `uri`.
    struct Address: Equatable {
        var agent: String
        var variables: [String: String]

        /// - Throws: The answer to a query that cannot be read.
        init(_ request: ServerRequest) throws(ServerResponse) {
            let fields: [FormField]
            do {
                fields = try FormDecoder.fields((request.query ?? "").utf8)
            } catch {
                throw .text(400, "The query of this address cannot be read: \(error).")
            }
            variables = [:]
            for field in fields where variables.count < StreamFields.mostParameters {
                variables[field.name] = field.value
            }
            let named = variables.removeValue(forKey: "agent") ?? ""
            let path = request.parameters["agent"] ?? ""
            agent = path.isEmpty ? named : path
        }
    }

    static func routes(_ context: MediaStreamContext) -> [ServerRoute] {
        let media = ServerAction.webSocket { (request) throws(ServerResponse) in
            let address = try Address(request)
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
