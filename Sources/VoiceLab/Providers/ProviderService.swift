import NIOCore

/// Routes the requests of the engine to the scripted providers.
final class ProviderService: LabService {
    struct Settings: Sendable {
        var sttLatencyMilliseconds = 0
        var speak: SpeakMachine.Settings
        var chat: ChatScript
    }

    private let settings: Settings
    private let log: ProviderLog
    private var banks: [AudioForm: ToneBank] = [:]
    private var connections = 0

    init(settings: Settings, log: ProviderLog) {
        self.settings = settings
        self.log = log
    }

    func received(_ request: HTTPMessage, on connection: LabConnection) {
        let path = request.target.prefix { $0 != "?" }
        switch (request.method, path) {
        case ("GET", "/readyz"): connection.respond(status: "200 OK", body: "ready\n".utf8)
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
