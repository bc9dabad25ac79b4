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
