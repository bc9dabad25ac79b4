import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

@Suite struct StreamRoutesTests {
    private func request(_ headers: [(name: String, value: String)] = []) -> ServerRequest {
        ServerRequest(method: "GET", target: "/plivo/media", headers: headers)
    }

    private func status(_ token: String?, _ headers: [(name: String, value: String)], query: [FormField] = []) -> Int {
        do throws(ServerResponse) {
            try StreamToken(token).check(request(headers), query: query)
            return 101
        } catch {
            return error.status
        }
    }

    @Test func aStreamShowsItsTokenInOneOfThreeWays() {
        let basic = "Basic " + base64(Array("key:s3cret".utf8))
        let rows: [(String?, String, String?, Int)] = [
            (nil, "Bearer s3cret", nil, 403), ("s3cret", "", nil, 401), ("s3cret", "Bearer s3cret", nil, 101),
            ("s3cret", "bearer s3cret", nil, 101), ("s3cret", "Bearer other", nil, 401), ("s3cret", basic, nil, 101),
            ("s3cret", "Basic ????", nil, 401), ("s3cret", "Basic " + base64(Array("s3cret".utf8)), nil, 401),
            ("s3cret", "s3cret", nil, 401), ("s3cret", "", "s3cret", 101), ("s3cret", "", "s3cre", 401),
            ("", "Bearer ", "", 401),
        ]
        for (token, header, query, expected) in rows {
            let fields = query.map { [FormField("token", $0)] } ?? []
            #expect(status(token, [("authorization", header)], query: fields) == expected, "\(header) \(query ?? "")")
        }
    }

    @Test func aKeyOfGenesysMayBeTheToken() {
        #expect(status("s3cret", [("X-API-KEY", "s3cret")]) == 101)
        #expect(status("s3cret", [("X-API-KEY", "other")]) == 401)
    }

    /// What a switch next to the server connects to is open until there is a token.
    @Test(arguments: [
        "/asterisk/media", "/freeswitch/fork", "/freeswitch/stream", "/jambonz/media", "/vonage/media",
        "/genesys/audiohook",
    ])
    func switchesNeedTheTokenWhereThereIsOne(path: String) throws {
        for (token, query, status) in [
            (nil, nil, 101), ("s3cret", nil, 401), ("s3cret", "token=other", 401),
            ("s3cret", "token=s3cret&rate=16000", 101),
        ] as [(String?, String?, Int)] {
            var configuration = CarrierServerConfiguration()
            configuration.settings.streams.token = token.map { Secret(variable: "VOICE_STREAM_TOKEN", value: $0) }
            #expect(self.status(configuration, path, query: query) == status, "\(query ?? "")")
        }
    }

    private func status(
        _ configuration: CarrierServerConfiguration, _ path: String, query: String? = nil,
        headers: [(name: String, value: String)] = [(name: "Host", value: "a.example")]
    ) -> Int {
        let router = CarrierServer.router(configuration, host: ScriptedHost(), calls: CarrierCalls(most: 1))
        guard case .found(.webSocket(_, let decide), _) = router.match(method: "GET", path: path) else { return 404 }
        var request = ServerRequest(method: "GET", target: path, headers: headers)
        request.query = query
        do throws(ServerResponse) {
            _ = try decide(request)
            return 101
        } catch {
            return error.status
        }
    }

    @Test func credentialsOfTheirOwnGoBeforeTheToken() throws {
        let environment = ["K": "api-key", "S": "c2VjcmV0", "V": "signature-secret", "VOICE_STREAM_TOKEN": "s3cret"]
        let text =
            #"{"genesys":{"api_key_env":"K"},"vonage":{"signature_secret_env":"V","application_id":"app-1"}}"#
        var configuration = CarrierServerConfiguration()
        configuration.settings = try ServerDocument.parse(Array(text.utf8)) { environment[$0] }
        for path in ["/vonage/media", "/genesys/audiohook"] {
            #expect(status(configuration, path, query: "token=s3cret") == 401)
        }
        let key = [(name: "Host", value: "a.example"), (name: "X-API-KEY", value: "api-key")]
        #expect(status(configuration, "/genesys/audiohook", headers: key) == 101)
        configuration.settings = try ServerDocument.parse(
            Array(#"{"genesys":{"api_key_env":"K","client_secret_env":"S"}}"#.utf8)
        ) { environment[$0] }
        #expect(status(configuration, "/genesys/audiohook", headers: key) == 401)
    }

    @Test(
        arguments: [
            ("127.0.0.1", nil, nil, false), ("::1", nil, nil, false), ("127.0.0.1", nil, "https://a.example", true),
            ("127.0.0.1", nil, "http://127.0.0.1:80", false), ("0.0.0.0", nil, nil, true), ("::", nil, nil, true),
            ("0.0.0.0", "s3cret", nil, false),
        ] as [(String, String?, String?, Bool)])
    func theServerWarnsOfStreamsThatAnybodyMayOpen(
        host: String, token: String?, address: String?, warns: Bool
    ) throws {
        let log = LogLines()
        var configuration = CarrierServerConfiguration()
        configuration.host = host
        configuration.log = log.log
        configuration.publicAddress = try address.map { try PublicAddress($0) }
        configuration.settings.streams.token = token.map { Secret(variable: "VOICE_STREAM_TOKEN", value: $0) }
        CarrierServer.warnOfOpenStreams(configuration)
        #expect(log.take().contains { $0.contains("VOICE_STREAM_TOKEN") } == warns)
    }

    /// Every path of the server, with the token in the address; it never becomes a variable.
    @Test func everyCarrierHasItsPath() throws {
        var configuration = CarrierServerConfiguration()
        configuration.settings.streams.token = Secret(variable: "VOICE_STREAM_TOKEN", value: "s3cret")
        let router = CarrierServer.router(configuration, host: ScriptedHost(), calls: CarrierCalls(most: 1))
        for path in ["/signalwire/media", "/plivo/media", "/exotel/media"] {
            for (path, agent) in [(path, nil), (path + "/sales", "sales")] as [(String, String?)] {
                guard case .found(.webSocket(_, let decide), let parameters) = router.match(method: "GET", path: path)
                else {
                    Issue.record("no WebSocket at \(path)")
                    continue
                }
                #expect(parameters["agent"] == agent)
                #expect(throws: ServerResponse.self) { _ = try decide(request()) }
                var good = request()
                good.query = "token=s3cret&tenant=7"
                #expect(throws: Never.self) { _ = try decide(good) }
            }
        }
        // Without an account at Telnyx nobody can know its calls.
        guard case .notFound = router.match(method: "GET", path: "/telnyx/media") else {
            return #expect(Bool(false))
        }
    }
}
