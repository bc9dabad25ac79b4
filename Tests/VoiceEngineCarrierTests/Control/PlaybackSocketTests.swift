import NIOCore
import NIOPosix
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier
@testable import VoiceLab

/// A recording in a call that was placed at Telnyx, over loopback: our server, and a Telnyx that answers commands and
/// sends webhooks.
@Suite(.timeLimit(.minutes(2))) struct PlaybackSocketTests {
    private static let token = "a-control-token"
    private static let callID = "v3:a_b-c/d"

    /// What Telnyx was asked for: the last segment of the path, and the body.
    private final class Telnyx: Sendable {
        let asked = Mutex<[(action: String, body: JSONValue)]>([])

        var routes: ServerRouter {
            let dial = ServerAction.respond { request in
                self.note("dial", request)
                return .json(200, ["data": ["call_control_id": .string(PlaybackSocketTests.callID)]])
            }
            let act = ServerAction.respond { request in
                guard request.parameters["call"] == PlaybackSocketTests.callID else {
                    return .text(404, "no such call")
                }
                self.note(request.parameters["action"] ?? "", request)
                return .json(200, ["data": ["result": "ok"]])
            }
            return ServerRouter([
                ServerRoute(["POST"], "/v2/calls", dial),
                ServerRoute(["POST"], "/v2/calls/:call/actions/:action", act),
            ])
        }

        private func note(_ action: String, _ request: ServerRequest) {
            asked.withLock { $0.append((action, (try? JSONValue.parse(request.body)) ?? .null)) }
        }

        var last: (action: String, body: JSONValue)? { asked.withLock { $0.last } }
    }

    private static func send(
        _ method: String, _ port: Int, _ target: String, _ body: String = "", on group: any EventLoopGroup
    ) async throws -> (status: Int, json: JSONValue) {
        let endpoint = try #require(Endpoint(url: "http://127.0.0.1:\(port)\(target)"))
        let answer = try await HTTPClient.send(
            method: method, endpoint: endpoint, headers: [("Authorization", "Bearer \(token)")],
            body: Array(body.utf8), on: group.next())
        return (answer.status ?? 0, (try? JSONValue.parse(answer.body)) ?? .null)
    }

    @Test func aRecordingFromOrderToEnd() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let theirs = Telnyx()
        let telnyx = try await HTTPServer.start(host: "127.0.0.1", port: 0, router: theirs.routes, on: group).get()
        var direct = NetworkClient.Configuration()
        direct.proxies = .direct
        let network = try NetworkClient(direct)
        var configuration = CarrierServerConfiguration()
        configuration.settings.control.token = Secret(variable: "T", value: Self.token)
        configuration.control.network = network
        configuration.control.telnyx = try TelnyxAccount(
            apiKey: "KEY", connectionID: "777", baseURL: "http://127.0.0.1:\(telnyx.port)", from: "+15550009999")
        let server = try await CarrierServer.start(configuration, host: ScriptedHost(), on: group).get()
        func ask(_ method: String, _ target: String, _ body: String = "") async throws -> (status: Int, json: JSONValue)
        {
            try await Self.send(method, server.port, target, body, on: group)
        }
        func tell(_ type: String, _ payload: String, id: String) async throws {
            let state = theirs.last?.body["client_state"]?.string ?? ""
            let body = TelnyxEventTests.body(type, payload, id: id, state: "\"\(state)\"")
                .replacing("v3:c", with: Self.callID)
            #expect(try await ask("POST", "/telnyx/voice/reception", body).status == 200)
        }

        let placed = try await ask("POST", "/calls", #"{"to":"+15551","agent":"reception"}"#)
        let call = try #require(placed.json["id"]?.string)
        let order = #"{"url":"https://clips.example/a.wav?sig=1","loop":"infinity"}"#
        #expect(try await ask("POST", "/calls/\(call)/play", order).status == 409)
        try await tell("call.answered", "", id: "e1")
        let (status, playback) = try await ask("POST", "/calls/\(call)/play", order)
        #expect(status == 202)
        let id = try #require(playback["id"]?.string)
        #expect(theirs.last?.action == "playback_start" && theirs.last?.body["audio_type"] == "wav")
        try await tell("call.playback.started", #","media_url":"https://clips.example/a.wav?sig=1""#, id: "e2")
        let playing = try await ask("GET", "/calls/\(call)").json["playbacks"]?[0]
        #expect(playing?["id"]?.string == id && playing?["status"] == "playing")
        let stop = try await ask("DELETE", "/calls/\(FormDecoder.encodedSegment(Self.callID))/play/\(id)")
        #expect(stop.status == 202 && theirs.asked.withLock { $0.last?.action } == "playback_stop")
        let state = TelnyxClientState(playback: id).base64
        let ended = TelnyxEventTests.body(
            "call.playback.ended", #","status":"cancelled""#, id: "e3", state: "\"\(state)\""
        ).replacing("v3:c", with: Self.callID)
        #expect(try await ask("POST", "/telnyx/voice/reception", ended).status == 200)
        #expect(try await ask("GET", "/calls/\(call)").json["playbacks"]?[0]?["cause"] == "stopped")

        try await server.stop().get()
        network.closeIdleConnections()
        try await telnyx.stop().get()
        try await group.shutdownGracefully()
    }
}
