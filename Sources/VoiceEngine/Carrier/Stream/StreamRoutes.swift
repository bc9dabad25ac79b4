internal import VoiceEngineNet

/// Who may open a stream of a carrier that signs nothing: whoever shows the configured token. Pure.
///
/// Carriers differ in what they can show: `Authorization: Bearer TOKEN` (SignalWire's `authBearerToken`), the password
/// of `Authorization: Basic` (Exotel's `wss://KEY:TOKEN@host/…`, Asterisk's and jambonz' `password`), `X-API-KEY: TOKEN`
/// (Genesys), or `?token=TOKEN` in the address.
struct StreamToken: Sendable {
    /// Who needs one.
    enum Need {
        /// What reaches the server comes from the internet.
        case always
        /// What reaches the server may be a switch next to it: a token is needed where there is one.
        case whereThereIsOne
    }

    private let token: String?

    /// - Parameter token: nil: there is none.
    init(_ token: String?) { self.token = token }

    /// - Parameter query: The fields of the address.
    /// - Throws: The answer to a request that does not show the token.
    func check(_ request: ServerRequest, query: [FormField], need: Need = .always) throws(ServerResponse) {
        guard let token else {
            if need == .whereThereIsOne { return }
            throw .text(403, "This carrier's streams are not taken: set VOICE_STREAM_TOKEN to a secret of your choice.")
        }
        let shown = [
            Self.authorization(request), request.header("x-api-key"), query.first { $0.name == "token" }?.value,
        ]
        guard shown.contains(where: { $0.map { SecretText.isEqual($0, token) } ?? false }) else {
            throw .text(
                401,
                "Expected the stream token: Authorization: Bearer, the password of Basic, X-API-KEY, or ?token= in the address."
            )
        }
    }

    private static func authorization(_ request: ServerRequest) -> String? {
        guard let header = request.header("authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return String(parts[1])
        case "basic":
            let plain = Base64Text.decode(String(parts[1])).map { String(decoding: $0, as: UTF8.self) }
            return plain.flatMap { plain in plain.firstIndex(of: ":").map { String(plain[plain.index(after: $0)...]) } }
        case _: return nil
        }
    }
}

/// Where the carriers' media streams come in.
enum StreamRoutes {
    /// Telnyx: the gate of `context.host` knows the calls by their passes.
    static func telnyx(_ context: MediaStreamContext, _ settings: TelnyxWire.Settings) -> [ServerRoute] {
        routes("/telnyx/media", context) { (request, _) throws(ServerResponse) in
            let token = request.header(TelnyxWire.tokenField)
            return { TelnyxWire(settings, token: token) }
        }
    }

    /// Carriers that sign nothing: SignalWire, Plivo (and Vobiz), Exotel.
    static func others(_ context: MediaStreamContext, _ token: StreamToken) -> [ServerRoute] {
        let wires: [(String, @Sendable () -> any StreamWire)] = [
            ("/signalwire/media", { SignalWireWire() }), ("/plivo/media", { PlivoWire() }),
            ("/exotel/media", { ExotelWire() }),
        ]
        return wires.flatMap { path, wire in
            routes(path, context) { (request, query) throws(ServerResponse) in
                try token.check(request, query: query)
                return wire
            }
        }
    }

    /// One carrier's path, with and without the agent; every other field of the address becomes a variable.
    private static func routes(
        _ path: String, _ context: MediaStreamContext,
        _ admit:
            @escaping @Sendable (ServerRequest, [FormField]) throws(ServerResponse) -> (
                @Sendable () -> any StreamWire
            )
    ) -> [ServerRoute] {
        // Plivo is said to offer `audio.plivo.com`, and to fail when it is not taken.
        let media = ServerAction.webSocket(subprotocols: ["audio.plivo.com"]) { (request) throws(ServerResponse) in
            let address = try StreamAddress(request)
            let wire = try admit(request, address.fields)
            return { eventLoop in
                MediaStreamCall(
                    context: context, wire: wire(), agent: address.agent, variables: address.variables,
                    eventLoop: eventLoop)
            }
        }
        return [ServerRoute(["GET"], path, media), ServerRoute(["GET"], path + "/:agent", media)]
    }
}

extension TelnyxWire.Settings {
    /// What the calls of this account are answered with.
    init(_ account: TelnyxAccount, isL16BigEndian: Bool) {
        self.init()
        codec = TelnyxWire.Codec(rawValue: account.codec.rawValue) ?? .pcmu
        sampleRate = account.codec == .opus ? 16_000 : account.codec.sampleRate
        self.isL16BigEndian = isL16BigEndian
    }
}
