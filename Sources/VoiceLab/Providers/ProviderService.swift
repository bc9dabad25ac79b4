import NIOCore

/// Routes the requests of the engine to the scripted providers.
final class ProviderService: LabService {
    struct Settings: Sendable {
        var sttLatencyMilliseconds = 0
        var speak: SpeakMachine.Settings
        var chat: ChatScript
        /// By service: what goes wrong with every request that does not choose for itself.
        var faults: [ServiceName: [Fault]] = [:]
    }

    enum ServiceName: String, Sendable, CaseIterable { case listen, chat, speak }

    private let settings: Settings
    private let log: ProviderLog
    private var banks: [AudioForm: ToneBank] = [:]
    private var connections = 0
    private var live = (connections: 0, sockets: 0)
    /// How many requests each fault has met.
    private var met: [String: Int] = [:]

    init(settings: Settings, log: ProviderLog) {
        self.settings = settings
        self.log = log
    }

    func received(_ request: HTTPMessage, on connection: LabConnection) {
        let path = request.target.prefix { $0 != "?" }
        switch (request.method, path) {
        case ("GET", "/readyz"): connection.respond(status: "200 OK", body: "ready\n".utf8)
        case ("GET", "/counters"):
            // Less the connection that asks.
            let body = #"{"connections":\#(live.connections - 1),"sockets":\#(live.sockets)}"#
            connection.respond(status: "200 OK", headers: [("Content-Type", "application/json")], body: body.utf8)
        case ("GET", "/v1/models"):
            let list =
                #"{"object":"list","data":[{"id":"lab","object":"model","created":1790000000,"owned_by":"lab"}]}"#
            connection.respond(status: "200 OK", headers: [("Content-Type", "application/json")], body: list.utf8)
        case ("POST", "/v1/chat/completions"): complete(request, on: connection)
        case ("POST", _), ("GET", _), ("HEAD", _):
            fail(connection, "404 Not Found", "no such path: \(path)", code: "not_found")
        default: fail(connection, "405 Method Not Allowed", request.method, code: "method")
        }
    }

    func count(connections: Int, sockets: Int) {
        live.connections += connections
        live.sockets += sockets
    }

    /// `/fault/NAME/FAULTS/v1/…`: this request has faults of its own; NAME tells apart what `xTIMES` counts.
    func begin(_ request: HTTPMessage) -> (HTTPMessage, [Fault]) {
        let parts = request.target.split(separator: "/", maxSplits: 3)
        guard parts.count == 4, parts[0] == "fault" else {
            let path = request.target.prefix { $0 != "?" }
            let name: ServiceName? =
                path.hasSuffix("/listen") ? .listen : path.hasSuffix("/speak") ? .speak : .chat
            guard path.hasPrefix("/v1/"), let name, let faults = settings.faults[name] else { return (request, []) }
            return (request, due(faults, name.rawValue))
        }
        var own = request
        own.startLine = "\(request.method) /\(parts[3]) HTTP/1.1"
        let text = QueryParameters.decoded(parts[2])
        return (own, due((try? Fault.list(text)) ?? [], "\(parts[1])/\(text)"))
    }

    private func due(_ faults: [Fault], _ key: String) -> [Fault] {
        met[key, default: 0] += 1
        let number = met[key] ?? 1
        return faults.filter { fault in fault.times.map { number <= $0 } ?? true }
    }

    private func complete(_ request: HTTPMessage, on connection: LabConnection) {
        guard let key = request.header("Authorization"), key.hasPrefix("Bearer "), key.count > 7 else {
            return fail(connection, "401 Unauthorized", "no Bearer key", code: "invalid_api_key")
        }
        do {
            let chat = try ChatScript.request(request.body)
            connections += 1
            log.write("llm_request", tag: chat.tag, details: [("messages", "\(chat.messages)")])
            if chat.streams {
                ChatStream(chat, script: settings.chat, number: connections, on: connection, log: log).start()
            } else {
                let text = settings.chat.tokens(for: chat.tag).map(\.text).joined()
                let body =
                    #"{"id":"chatcmpl-lab","object":"chat.completion","created":1790000000,"model":\#(chat.model.quotedJSON),"#
                    + #""choices":[{"index":0,"message":{"role":"assistant","content":\#(text.quotedJSON)},"#
                    + #""finish_reason":"stop"}]}"#
                connection.respond(status: "200 OK", headers: [("Content-Type", "application/json")], body: body.utf8)
            }
        } catch {
            log.write("llm_bad_request", tag: nil, details: [("reason", "\(error)".quotedJSON)])
            fail(connection, "400 Bad Request", "\(error)", code: "invalid_request_error")
        }
    }

    private func fail(_ connection: LabConnection, _ status: String, _ message: String, code: String) {
        let body = #"{"error":{"message":\#(message.quotedJSON),"type":"\#(code)","param":null,"code":"\#(code)"}}"#
        connection.respond(status: status, headers: [("Content-Type", "application/json")], body: body.utf8)
    }

    func upgrade(_ request: HTTPMessage) -> LabUpgrade {
        connections += 1
        let key = request.header("Authorization") ?? ""
        guard key.hasPrefix("Token ") && key.count > 6 || key.hasPrefix("Bearer ") && key.count > 7 else {
            return refuse("401 Unauthorized", "INVALID_AUTH: Authorization must be Token or Bearer")
        }
        let query = QueryParameters(target: request.target)
        switch request.target.prefix(while: { $0 != "?" }) {
        case "/v1/listen":
            switch ListenSocket.settings(query) {
            case .failure(let error): return refuse("400 Bad Request", "\(error)")
            case .success(let listen):
                let latency = TimeAmount.milliseconds(Int64(settings.sttLatencyMilliseconds))
                return .accept(
                    ListenSocket(settings: listen, connection: connections, latency: latency, log: log),
                    headers: [("dg-request-id", "lab-listen-\(connections)")])
            }
        case "/v1/speak":
            switch SpeakSocket.form(query) {
            case .failure(let error): return refuse("400 Bad Request", "\(error)")
            case .success(let form):
                let bank = banks[form] ?? ToneBank(format: form)
                banks[form] = bank
                return .accept(
                    SpeakSocket(settings: settings.speak, bank: bank, number: connections, log: log),
                    headers: [("dg-request-id", "lab-speak-\(connections)")])
            }
        default: return refuse("404 Not Found", "no such path")
        }
    }

    private func refuse(_ status: String, _ reason: String) -> LabUpgrade {
        log.write("refused", tag: nil, details: [("reason", reason.quotedJSON)])
        return .refuse(status: status, headers: [("dg-error", reason), ("dg-request-id", "lab")], body: reason)
    }
}
