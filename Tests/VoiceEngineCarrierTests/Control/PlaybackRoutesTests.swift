import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// The whole way of a recording: the control API's routes, Telnyx's REST API, its webhooks, and what the call is told.
@Suite struct PlaybackRoutesTests {
    /// A server's HTTP with accounts at Telnyx and Twilio, in virtual time.
    private struct Site {
        let carrier: ScriptedCarrier
        let calls = CarrierCalls(most: 8)
        let control: CarrierControl
        let log = LogLines()
        private let router: ServerRouter

        init(publicKey: String? = nil) throws {
            carrier = try ScriptedCarrier()
            var settings = CarrierControlSettings()
            settings.network = carrier.network.client
            settings.telnyx = try TelnyxAccount(
                apiKey: "KEY-secret", publicKey: publicKey, connectionID: "777", baseURL: "http://telnyx.test",
                from: "+15550000")
            settings.twilio = try TwilioAccount(
                accountSid: ScriptedCarrier.sid, authToken: "secret-token", baseURL: "http://twilio.test",
                from: "+15550000")
            settings.now = { 1_700_000_000 }
            control = CarrierControl(
                settings, twilioAuthToken: nil, publicAddress: try PublicAddress("https://a.example"),
                host: ScriptedHost(), calls: calls, log: log.log)
            let token = ControlToken("t0ken")
            router = ServerRouter(control.webhookRoutes + control.callRoutes { token.refusal($0) })
        }

        func ask(
            _ method: String, _ target: String, _ body: String = "", token: String? = "t0ken"
        ) throws -> Outcome<ServerResponse> {
            var request = ServerRequest(method: method, target: target, body: Array(body.utf8))
            if let token { request.headers = [(name: "Authorization", value: "Bearer " + token)] }
            guard case .found(let action, let parameters) = router.match(method: method, path: request.path) else {
                throw ServerResponse.text(404, target)
            }
            request.parameters = parameters
            switch action {
            case .respond(let answer): return Outcome(carrier.loop.makeSucceededFuture(answer(request)))
            case .respondLater(let answer): return Outcome(answer(request, carrier.loop))
            case .webSocket: throw ServerResponse.text(500, target)
            }
        }

        /// Asks for what is answered at once.
        func answer(
            _ method: String, _ target: String, _ body: String = "", token: String? = "t0ken"
        ) throws -> (status: Int, json: JSONValue) {
            let response = try #require(try ask(method, target, body, token: token).value)
            return (response.status, try JSONValue.parse(response.body))
        }

        /// Asks for what Telnyx must be asked for.
        func command(
            _ method: String, _ target: String, _ body: String = "", _ status: String = "200 OK",
            _ theirs: String = #"{"data":{"result":"ok"}}"#
        ) throws -> (status: Int, json: JSONValue, request: String) {
            let outcome = try ask(method, target, body)
            let request = try carrier.answer(status, theirs)
            let response = try #require(outcome.value)
            return (response.status, try JSONValue.parse(response.body), request)
        }

        /// A webhook of Telnyx's.
        func tell(_ type: String, _ payload: String = "", id: String, state: String? = nil) throws -> Int? {
            let body = TelnyxEventTests.body(type, payload, id: id, state: state.map { "\"\($0)\"" } ?? "null")
            return try ask("POST", "/telnyx/voice/reception", body, token: nil).value?.status
        }

        func placed(_ carrierID: String = "v3:c", _ carrier: PlacingCarrier = .telnyx) throws -> String {
            let call = try #require(
                control.placed.add(CallOrder(to: .number("+15551")), carrier: carrier, from: "+15550000"))
            control.placed.named(call.id, carrierID: carrierID)
            control.placed.report(.answered, of: call.id)
            return call.id
        }

        func stream(of id: String, at carrier: String = "telnyx") throws -> ToldCall {
            let call = ToldCall()
            try calls.add(call, as: CarrierCallKey(carrier: carrier, id: id), on: self.carrier.loop)
            return call
        }
    }

    /// A live call that writes down what it is told of its carrier.
    private final class ToldCall: CarrierCall {
        var told: [Bool] = []
        func endByServer(reason: String) {}
        func carrierPlays(_ isPlaying: Bool) { told.append(isPlaying) }
    }

    private static let order = #"{"url":"https://clips.example/a.mp3?sig=5EC","loop":2}"#
    private static let media = #","media_url":"https://clips.example/a.mp3?sig=5EC""#

    private static func body(_ request: String) throws -> JSONValue {
        try JSONValue.parse(String(try #require(request.split(separator: "\r\n\r\n").last)))
    }

    @Test func aPlacedCallHearsARecording() throws {
        let site = try Site()
        let call = try site.placed()
        let stream = try site.stream(of: "v3:c")
        #expect(try site.answer("GET", "/calls/\(call)").json["playbacks"] == nil)
        let (status, playback, request) = try site.command("POST", "/calls/\(call)/play", Self.order)
        let id = try #require(playback["id"]?.string)
        #expect(status == 202 && playback["status"] == "queued" && playback["url"] == "https://clips.example/a.mp3")
        #expect(request.hasPrefix("POST /v2/calls/v3%3Ac/actions/playback_start HTTP/1.1"))
        let body = try Self.body(request)
        #expect(body["audio_url"] == "https://clips.example/a.mp3?sig=5EC" && body["loop"] == 2)
        #expect(body["command_id"]?.string == id)
        // The webhooks that follow must lead to the call, and a stream that is opened again must be let in.
        let state = try #require(body["client_state"]?.string)
        let token = StreamPass(secret: "KEY-secret").pass(for: StreamGate.subject(ofPlaced: call))
        #expect(TelnyxClientState(state) == TelnyxClientState(token: token, placedCall: call, playback: id))

        func playbacks() throws -> JSONValue? { try site.answer("GET", "/calls/\(call)").json["playbacks"]?[0] }
        #expect(try playbacks()?["status"] == "queued")
        #expect(try site.tell("call.playback.started", Self.media, id: "e1", state: state) == 200)
        #expect(try playbacks()?["status"] == "playing" && playbacks()?["started_at"] == 1_700_000_000)
        site.carrier.loop.run()
        #expect(stream.told == [true])
        #expect(
            try site.tell("call.playback.ended", Self.media + #","status":"completed""#, id: "e2", state: state) == 200)
        #expect(try playbacks()?["status"] == "ended" && playbacks()?["cause"] == "completed")
        site.carrier.loop.run()
        #expect(stream.told == [true, false])
        // By the carrier's id as well, and with the state that the recording left behind.
        #expect(try site.answer("GET", "/calls/v3%3Ac").json["id"]?.string == call)
        _ = try site.tell("call.hangup", #","hangup_cause":"normal_clearing""#, id: "e3", state: state)
        #expect(try site.answer("GET", "/calls/\(call)").json["cause"] == "completed")
        #expect(site.log.take().allSatisfy { !$0.contains("5EC") && !$0.contains("KEY-secret") })
    }

    @Test func aCallThatCameInIsReachedByItsCallControlID() throws {
        let site = try Site()
        #expect(try site.answer("GET", "/calls/v3:c").status == 404)
        let stream = try site.stream(of: "v3:c")
        let live = #"{"id":"v3:c","status":"answered","carrier":"telnyx","carrier_id":"v3:c"}"#
        #expect(try site.answer("GET", "/calls/v3:c").json == JSONValue.parse(live))
        let (status, playback, request) = try site.command("POST", "/calls/v3:c/play", Self.order)
        #expect(status == 202)
        let state = TelnyxClientState(try Self.body(request)["client_state"]?.string)
        let token = StreamPass(secret: "KEY-secret").pass(for: StreamGate.subject(ofCall: "v3:c"))
        #expect(state == TelnyxClientState(token: token, playback: playback["id"]?.string))
        #expect(try site.answer("GET", "/calls/v3:c").json["playbacks"]?.array?.count == 1)
        let end = try site.command("DELETE", "/calls/v3:c")
        #expect(end.status == 202 && end.request.contains("/v2/calls/v3%3Ac/actions/hangup "))
        _ = try site.tell("call.hangup", #","hangup_cause":"normal_clearing""#, id: "e1", state: state.base64)
        site.carrier.loop.run()
        #expect(stream.told == [true, false])
        site.calls.remove(stream)
        #expect(try site.answer("GET", "/calls/v3:c").status == 404)
        #expect(try site.answer("POST", "/calls/v3:c/play", Self.order).status == 404)
    }

    @Test func recordingsAreStopped() throws {
        let site = try Site()
        let call = try site.placed()
        let ids = try (0..<2).map { _ in
            try #require(try site.command("POST", "/calls/\(call)/play", Self.order).json["id"]?.string)
        }
        #expect(try site.answer("DELETE", "/calls/\(call)/play/play_0").status == 404)
        let waiting = try site.answer("DELETE", "/calls/\(call)/play/\(ids[1])")
        #expect(waiting.status == 409 && waiting.json["error"]?["message"]?.string?.contains("queue") == true)
        let one = try site.command("DELETE", "/calls/\(call)/play/\(ids[0])")
        #expect(one.status == 202 && one.json["id"]?.string == ids[0])
        #expect(one.request.contains("/actions/playback_stop ") && one.request.contains(#""stop":"current""#))
        let state = TelnyxClientState(playback: ids[0]).base64
        _ = try site.tell("call.playback.ended", #","status":"cancelled""#, id: "e1", state: state)
        let again = try site.answer("DELETE", "/calls/\(call)/play/\(ids[0])")
        #expect(again.status == 200 && again.json["cause"] == "stopped")

        let all = try site.command("DELETE", "/calls/\(call)/play")
        #expect(all.status == 202 && all.json["playbacks"]?.array?.count == 2)
        #expect(all.request.contains("/actions/playback_stop ") && all.request.contains(#""stop":"all""#))
        // What we know may be late: Telnyx is asked all the same.
        _ = try site.tell(
            "call.playback.ended", #","status":"cancelled""#, id: "e2",
            state: TelnyxClientState(playback: ids[1]).base64)
        #expect(try site.command("DELETE", "/calls/\(call)/play").status == 202)
    }

    @Test func whatTelnyxRefusesIsToldAndRemembered() throws {
        let site = try Site()
        let call = try site.placed()
        let stream = try site.stream(of: "v3:c")
        let refusal =
            #"{"errors":[{"code":"10015","title":"Invalid value","detail":"https://clips.example/a.mp3?sig=5EC"}]}"#
        let (status, json, _) = try site.command(
            "POST", "/calls/\(call)/play", Self.order, "422 Unprocessable Entity", refusal)
        #expect(status == 502 && json["error"]?["id"]?.string == call)
        #expect(
            json["error"]?["message"]?.string?.hasPrefix("play a recording in call v3:c: Telnyx answered 422") == true)
        let playback = try site.answer("GET", "/calls/\(call)").json["playbacks"]?[0]
        #expect(!json.text.contains("5EC") && playback?.text.contains("5EC") == false)
        #expect(playback?["cause"] == "failed" && playback?["detail"]?.string?.contains("10015") == true)
        site.carrier.loop.run()
        #expect(stream.told == [true, false])
        #expect(site.log.take().allSatisfy { !$0.contains("5EC") })
        let stop = try site.command(
            "DELETE", "/calls/\(call)/play", "", "422 Unprocessable Entity", #"{"errors":[{"code":"90018"}]}"#)
        #expect(stop.status == 409)
    }

    /// A row: the call, the body, and the answer.
    @Test(
        arguments: [
            ("placed", "{}", 400, "url: is missing"), ("placed", #"{"url":"x"}"#, 400, "url: "),
            ("placed", #"{"url":"https://a/b","loop":0}"#, 400, "loop: "),
            ("placed", "[", 400, "expected a JSON object"),
            ("call_0", order, 404, "there is no such call"), ("v3:gone", order, 404, "there is no such call"),
            ("queued", order, 409, "has not been answered yet"), ("ended", order, 409, "the call is over"),
            ("twilio", order, 501, "twilio plays no recordings"), ("CAin", order, 501, "twilio plays no recordings"),
            ("fork-1", order, 501, "audio_fork plays no recordings"),
        ] as [(String, String, Int, String)])
    func whatCannotBePlayed(name: String, body: String, status: Int, text: String) throws {
        let site = try Site()
        let queued = try #require(
            site.control.placed.add(CallOrder(to: .number("+1555")), carrier: .telnyx, from: "+1"))
        var names = ["placed": try site.placed("v3:1"), "queued": queued.id, "ended": try site.placed("v3:2")]
        names["twilio"] = try site.placed("CA1", .twilio)
        site.control.placed.report(.ended(.completed), of: names["ended"] ?? "")
        let streams = [
            try site.stream(of: "CAin", at: "twilio"), try site.stream(of: "fork-1", at: "audio_fork"),
            // Anybody may claim to be any call where no pass is asked for.
            try site.stream(of: "CAin", at: "asterisk"),
        ]
        let id = names[name] ?? name
        let answer = try site.answer("POST", "/calls/\(id)/play", body)
        #expect(answer.status == status && answer.json["error"]?["message"]?.string?.contains(text) == true)
        if status != 400 { #expect(try site.answer("DELETE", "/calls/\(id)/play").status == status) }
        site.carrier.loop.run()
        #expect(site.carrier.network.connections.isEmpty && streams.allSatisfy { $0.told.isEmpty })
    }

    @Test func tooManyAreRefused() throws {
        let site = try Site()
        let call = try site.placed()
        for _ in 0..<Playbacks.mostUnderWay {
            #expect(try site.command("POST", "/calls/\(call)/play", Self.order).status == 202)
        }
        let answer = try site.answer("POST", "/calls/\(call)/play", Self.order)
        #expect(answer.status == 409 && answer.json["error"]?["message"]?.string?.hasPrefix("16 recordings") == true)
    }

    @Test(arguments: [nil, "wrong"])
    func onlyWhoHasTheToken(token: String?) throws {
        let site = try Site()
        let call = try site.placed()
        for (method, target) in [("POST", "/play"), ("DELETE", "/play"), ("DELETE", "/play/play_1")] {
            #expect(try site.answer(method, "/calls/\(call)\(target)", Self.order, token: token).status == 401)
        }
        #expect(site.carrier.network.connections.isEmpty)
    }

    @Test func unsignedReportsAreNotBelieved() throws {
        let site = try Site(publicKey: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let call = try site.placed()
        let id = try #require(try site.command("POST", "/calls/\(call)/play", Self.order).json["id"]?.string)
        let state = TelnyxClientState(playback: id).base64
        #expect(try site.tell("call.playback.ended", #","status":"completed""#, id: "e1", state: state) == 403)
        #expect(try site.answer("GET", "/calls/\(call)").json["playbacks"]?[0]?["status"] == "queued")
    }
}
