internal import VoiceEngineNet

/// Where those connect to whose streams need no webhook of ours: FreeSWITCH's modules, jambonz, Vonage, Genesys.
///
/// The address may name what the first message does not: `agent`, `rate` (Hz, for FreeSWITCH's modules), and variables.
enum OtherStreamRoutes {
    /// Whether a request may open its stream; throws the answer to one that may not.
    typealias Guard = @Sendable (ServerRequest, StreamAddress) throws(ServerResponse) -> Void

    /// What each of them must show.
    struct Credentials: Sendable {
        let token: StreamToken
        var genesys: AudioHookSignature?
        var vonage: VonageToken?
        /// How clients reach this server; nil takes the host of each request.
        var publicAddress: PublicAddress?
        /// Unix time. [s]
        let now: @Sendable () -> Int64

        /// The token, where there is one.
        func check(_ request: ServerRequest, _ address: StreamAddress) throws(ServerResponse) {
            try token.check(request, query: address.fields, need: .whereThereIsOne)
        }

        func checkGenesys(_ request: ServerRequest, _ address: StreamAddress) throws(ServerResponse) {
            guard let genesys else { return try check(request, address) }
            guard let known = publicAddress ?? PublicAddress(of: request) else {
                throw .text(400, "Host: expected the name of this server, or set public_url.")
            }
            let target = known.path + request.path + (request.query.map { "?" + $0 } ?? "")
            do {
                try genesys.check(request, authority: known.authority, target: target, now: now())
            } catch {
                throw .text(401, error.rawValue + ".")
            }
        }

        func checkVonage(_ request: ServerRequest, _ address: StreamAddress) throws(ServerResponse) {
            guard let vonage else { return try check(request, address) }
            do {
                try vonage.check(request.header("authorization"), now: now())
            } catch {
                throw .text(401, error.rawValue + ".")
            }
        }
    }

    static func routes(_ context: MediaStreamContext, _ credentials: Credentials) -> [ServerRoute] {
        let open: Guard = { (request, address) throws(ServerResponse) in try credentials.check(request, address) }
        let genesys: Guard = { (request, address) throws(ServerResponse) in
            try credentials.checkGenesys(request, address)
        }
        let vonage: Guard = { (request, address) throws(ServerResponse) in
            try credentials.checkVonage(request, address)
        }
        return route("/jambonz/media", context, open, subprotocols: [AudioForkWire.Dialect.jambonz.subprotocol]) {
            AudioForkWire(.jambonz, sampleRate: $0)
        }
            + route("/freeswitch/fork", context, open, subprotocols: [AudioForkWire.Dialect.freeSWITCH.subprotocol]) {
                AudioForkWire(.freeSWITCH, sampleRate: $0)
            }
            + route("/freeswitch/stream", context, open) { AudioStreamWire(sampleRate: $0) }
            + route("/vonage/media", context, vonage) { _ in VonageWire() }
            + route("/genesys/audiohook", context, genesys) { _ in AudioHookWire() }
    }

    private static func route(
        _ path: String, _ context: MediaStreamContext, _ admit: @escaping Guard, subprotocols: [String] = [],
        _ wire: @escaping @Sendable (_ rate: Int) -> any StreamWire
    ) -> [ServerRoute] {
        let media = ServerAction.webSocket(subprotocols: subprotocols) { (request) throws(ServerResponse) in
            var address = try StreamAddress(request)
            try admit(request, address)
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

extension OtherStreamRoutes.Credentials {
    /// Of the server document.
    init(_ settings: ServerDocument, publicAddress: PublicAddress?, now: @escaping @Sendable () -> Int64) {
        token = StreamToken(settings.streams.token?.value)
        genesys = settings.genesys.map { genesys in
            AudioHookSignature(
                key: genesys.apiKey?.value, secret: genesys.clientSecret.flatMap { Base64Text.decode($0.value) })
        }
        vonage = settings.vonage.map {
            VonageToken(secret: $0.signatureSecret.value, apiKey: $0.apiKey, applicationID: $0.applicationID)
        }
        self.publicAddress = publicAddress
        self.now = now
    }
}
