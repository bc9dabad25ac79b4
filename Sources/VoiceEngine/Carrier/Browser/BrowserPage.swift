// A page with a call button, the fastest way to talk to an agent:
//
//     browser ── GET /                       the page                              (page/, built into the library)
//             ── GET /browser/agents         who can be called, and whether now
//             ── WebSocket /browser/call     one BrowserCall = one session         (BrowserCall)
//
// Who may open it is `BrowserAccess`. Everything comes from this server; the page's Content-Security-Policy forbids the
// rest.

internal import VoiceEngineCarrierPage
internal import VoiceEngineCore
internal import VoiceEngineNet
internal import VoiceEngineSession

/// The routes of the page.
struct BrowserPage: Sendable {
    private let access: BrowserAccess
    private let publicAddress: PublicAddress?
    private let context: BrowserCallContext

    init(
        access: BrowserAccess, publicAddress: PublicAddress?, host: any CallHost, calls: CarrierCalls, log: Log
    ) {
        self.access = access
        self.publicAddress = publicAddress
        context = BrowserCallContext(host: host, calls: calls, log: log)
    }

    /// - Parameter fallback: What `/` answers to those that the page is not for.
    func routes(fallback: String) -> [ServerRoute] {
        let files = PageFile.all.map { file in
            let asset = Asset(file)
            return ServerRoute(
                ["GET"], file.path,
                .respond { request in
                    guard access.admits(request) else {
                        return file.path == "/" ? .text(200, fallback) : Self.nothingHere
                    }
                    return asset.answer(request)
                })
        }
        let call = ServerAction.webSocket { (request) throws(ServerResponse) in
            guard access.admits(request) else { throw Self.nothingHere }
            guard access.admitsCall(request, publicAddress: publicAddress) else {
                throw .text(403, "Origin: calls are taken from this server's own page only.")
            }
            let agent = request.parameters["agent"] ?? ""
            return { BrowserCall(context: context, agent: agent, eventLoop: $0) }
        }
        return files + [
            ServerRoute(
                ["GET"], "/browser/agents",
                .respond { access.admits($0) ? agents() : Self.nothingHere }),
            ServerRoute(["GET"], "/browser/call", call),
            ServerRoute(["GET"], "/browser/call/:agent", call),
        ]
    }

    private static let nothingHere = ServerResponse.text(404, "There is nothing at this address.")

    private func agents() -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("agents")
        writer.beginArray()
        for name in context.host.agentNames { writer.string(name) }
        writer.endArray()
        writer.key("ready")
        writer.bool(context.host.isReady)
        writer.key("draining")
        writer.bool(context.calls.isDraining)
        writer.endObject()
        return ServerResponse(
            contentType: "application/json",
            headers: [.init("Cache-Control", "no-store"), .init("X-Content-Type-Options", "nosniff")],
            body: String(decoding: writer.bytes, as: UTF8.self))
    }
}

/// A file of the page, with what does not change from request to request.
private struct Asset: Sendable {
    let file: PageFile
    let tag: String

    init(_ file: PageFile) {
        self.file = file
        tag = "\"" + Self.fingerprint(file.text) + "\""
    }

    func answer(_ request: ServerRequest) -> ServerResponse {
        let isKnown = (request.header("if-none-match") ?? "").split(separator: ",").contains {
            let given = $0.drop { $0 == " " }
            return given == "*" || given == tag || given == "W/" + tag
        }
        return ServerResponse(
            status: isKnown ? 304 : 200, contentType: file.contentType, headers: headers(request),
            body: isKnown ? "" : file.text)
    }

    private func headers(_ request: ServerRequest) -> [ServerResponse.Header] {
        var headers: [ServerResponse.Header] = [
            .init("ETag", tag),
            // Kept, and asked for each time: a new version of the engine is seen at once.
            .init("Cache-Control", "no-cache"),
            .init("X-Content-Type-Options", "nosniff"),
            .init("Cross-Origin-Resource-Policy", "same-origin"),
        ]
        guard file.contentType.hasPrefix("text/html") else { return headers }
        headers += [
            .init("Content-Security-Policy", Self.policy(authority: PublicAddress(of: request)?.authority)),
            .init("Permissions-Policy", "microphone=(self)"),
            .init("Referrer-Policy", "no-referrer"),
            .init("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        return headers
    }

    /// - Parameter authority: The request's host: for Safari before 15.4, `'self'` does not cover WebSockets.
    private static func policy(authority: String?) -> String {
        let sockets = authority.map { " ws://\($0) wss://\($0)" } ?? ""
        return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'\(sockets); "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    /// FNV-1a, 64 bits: tells versions of one file apart, and is no secret.
    private static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
