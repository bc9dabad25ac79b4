internal import VoiceEngineNet

/// Where those connect to whose streams need no webhook of ours: FreeSWITCH's modules, jambonz, Vonage, Genesys.
///
/// The address may name what the first message does not: `agent`, `rate` (Hz, for FreeSWITCH's modules), and variables.
enum OtherStreamRoutes {
    static func routes(_ context: MediaStreamContext) -> [ServerRoute] {
        route("/jambonz/media", context, subprotocols: [AudioForkWire.Dialect.jambonz.subprotocol]) {
            AudioForkWire(.jambonz, sampleRate: $0)
        }
            + route("/freeswitch/fork", context, subprotocols: [AudioForkWire.Dialect.freeSWITCH.subprotocol]) {
                AudioForkWire(.freeSWITCH, sampleRate: $0)
            }
            + route("/freeswitch/stream", context) { AudioStreamWire(sampleRate: $0) }
            + route("/vonage/media", context) { _ in VonageWire() }
            + route("/genesys/audiohook", context) { _ in AudioHookWire() }
    }

    private static func route(
        _ path: String, _ context: MediaStreamContext, subprotocols: [String] = [],
        _ wire: @escaping @Sendable (_ rate: Int) -> any StreamWire
    ) -> [ServerRoute] {
        let media = ServerAction.webSocket(subprotocols: subprotocols) { (request) throws(ServerResponse) in
            var address = try StreamAddress(request)
            let rate = address.variables.removeValue(forKey: "rate").flatMap { Int($0) } ?? 8_000
            let named = address
            return {
                MediaStreamCall(
                    context: context, wire: wire(rate), agent: named.agent, variables: named.variables, eventLoop: $0)
            }
        }
        return [ServerRoute(["GET"], path, media), ServerRoute(["GET"], path + "/:agent", media)]
    }
}
