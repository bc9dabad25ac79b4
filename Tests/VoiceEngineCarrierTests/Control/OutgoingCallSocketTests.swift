import NIOCore
import NIOPosix
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier
@testable import VoiceLab

/// Whole outgoing calls over loopback: the control API, the laboratory's Twilio, its stream and its callbacks. The two
/// sides share no code.
@Suite(.timeLimit(.minutes(5))) struct OutgoingCallSocketTests {
    private static let sid = "AC00000000000000000000000000000001"
    private static let token = "a-control-token"

    /// A server and a Twilio that know each other.
    private struct Site {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let host = ScriptedHost()
        let network: NetworkClient
        let server: CarrierServer
        let twilio: any Channel
        let service: NIOLoopBound<TwilioService>
        /// What becomes of the next call.
        let ends: Ends

        init(_ steps: [Scenario.Step], authToken: String = "12345", theirs: String = "12345") async throws {
            let loop = group.next()
            let ends = Ends(loop)
            var settings = TwilioService.Settings(
                accountSid: sid, authToken: theirs, scenario: Scenario(name: "outgoing", steps: steps))
            settings.ringing = .milliseconds(20)
            let made = settings
            service = try await loop.submit {
                let service = TwilioService(made, on: loop)
                service.ended = { ends.ended() }
                return NIOLoopBound(service, eventLoop: loop)
            }.get()
            let bound = service
            twilio = try await loop.flatSubmit {
                LabConnection.listen(service: bound.value, host: "127.0.0.1", port: 0, on: loop)
            }.get()
            var direct = NetworkClient.Configuration()
            direct.proxies = .direct
            network = try NetworkClient(direct)
            var configuration = CarrierServerConfiguration()
            configuration.settings.control.token = Secret(variable: "T", value: token)
            configuration.settings.twilio.authToken = Secret(variable: "A", value: authToken)
            configuration.control.network = network
            configuration.control.twilio = try TwilioAccount(
                accountSid: sid, authToken: authToken, baseURL: "http://127.0.0.1:\(twilio.localAddress?.port ?? 0)",
                from: "+15550009999")
            server = try await CarrierServer.start(configuration, host: host, on: group).get()
            self.ends = ends
        }

        func ask(_ method: String, _ target: String, _ body: String = "") async throws -> (status: Int, json: JSONValue)
        {
            let endpoint = try #require(Endpoint(url: "http://127.0.0.1:\(server.port)\(target)"))
            let answer = try await HTTPClient.send(
                method: method, endpoint: endpoint, headers: [("Authorization", "Bearer \(token)")],
                body: Array(body.utf8), on: group.next())
            return (answer.status ?? 0, (try? JSONValue.parse(answer.body)) ?? .null)
        }

        /// Asks until the call has come that far.
        func reach(_ stage: String, _ id: String) async throws -> JSONValue {
            for _ in 0..<20_000 {
                let json = try await ask("GET", "/calls/\(id)").json
                if json["status"]?.string == stage { return json }
            }
            Issue.record("the call did not come to be \(stage)")
            return .null
        }

        var complaints: [String] {
            get async throws {
                let service = service
                return try await service.eventLoop.submit { service.value.complaints }.get()
            }
        }

        func end() async throws {
            try await server.stop().get()
            network.closeIdleConnections()
            try await twilio.close()
            try await group.shutdownGracefully()
        }
    }

    /// Waits for the ends of calls, one after another. Confined to its loop but for `next`.
    private final class Ends: Sendable {
        private let promises: Mutex<[EventLoopPromise<Void>]>
        private let count = Mutex(0)

        init(_ loop: any EventLoop) { promises = Mutex((0..<4).map { _ in loop.makePromise() }) }

        func ended() {
            let index = count.withLock { count in
                defer { count += 1 }
                return count
            }
            promises.withLock { $0[index] }.succeed()
        }

        func after(_ calls: Int) async throws { try await promises.withLock { $0[calls - 1] }.futureResult.get() }

        func giveUp() { for promise in promises.withLock({ $0 }) { promise.succeed() } }
    }

    private static let order =
        #"{"to":"+15550001234","agent":"reception","goal":"sell","variables":{"name":"Anna"},"machine_detection":true}"#

    @Test func theAgentCallsAndHangsUp() async throws {
        let site = try await Site([
            .wait(.milliseconds(200), timeoutMilliseconds: 5_000), .dtmf("0"),
            .wait(.hangUp, timeoutMilliseconds: 20_000),
        ])
        let (status, placed) = try await site.ask("POST", "/calls", Self.order)
        #expect(status == 201)
        let id = try #require(placed["id"]?.string)
        try await site.ends.after(1)
        let call = try await site.reach("ended", id)
        #expect(call["cause"] == "completed" && call["answered_by"] == "human")
        #expect(call["answered_at"]?.int != nil && call["carrier_id"]?.string?.hasPrefix("CA") == true)
        let setup = try #require(site.host.setups.first)
        #expect(setup.agent == "reception" && setup.callID == call["carrier_id"]?.string)
        #expect(setup.variables["goal"] == "sell" && setup.variables["name"] == "Anna")
        #expect(setup.variables["direction"] == "outbound" && setup.variables["called"] == "+15550001234")
        #expect(setup.variables["token"] == nil && setup.variables["placedCall"] == nil)
        #expect(site.host.notes.contains("digits 0") && site.host.audioBytes > 0 && site.host.live == 0)
        #expect(try await site.complaints.isEmpty)
        site.ends.giveUp()
        try await site.end()
    }

    @Test func theOperatorHangsUp() async throws {
        let site = try await Site([.wait(.hangUp, timeoutMilliseconds: 60_000)])
        let id = try #require(try await site.ask("POST", "/calls", Self.order).json["id"]?.string)
        _ = try await site.reach("answered", id)
        #expect(try await site.ask("GET", "/calls").json["calls"]?.array?.count == 1)
        #expect(try await site.ask("DELETE", "/calls/\(id)").status == 202)
        try await site.ends.after(1)
        #expect(try await site.reach("ended", id)["cause"] == "completed")
        #expect(try await site.ask("DELETE", "/calls/\(id)").status == 200)
        #expect(site.host.live == 0)
        #expect(try await site.complaints.isEmpty)
        site.ends.giveUp()
        try await site.end()
    }

    @Test func calleesWhoDoNotAnswer() async throws {
        let site = try await Site([.hangUp])
        for (number, cause) in [("+15550000001", "busy"), ("+15550000002", "no_answer")] {
            let order = #"{"to":"\#(number)","agent":"reception"}"#
            let id = try #require(try await site.ask("POST", "/calls", order).json["id"]?.string)
            #expect(try await site.reach("ended", id)["cause"]?.string == cause)
        }
        #expect(site.host.setups.isEmpty)
        site.ends.giveUp()
        try await site.end()
    }

    @Test func whatTwilioRefusesIsToldWithAdvice() async throws {
        let site = try await Site([.hangUp], theirs: "another")
        let (status, answer) = try await site.ask("POST", "/calls", Self.order)
        #expect(status == 502)
        #expect(answer["error"]?["message"]?.string?.contains("Twilio answered 401 (error 20003)") == true)
        #expect(try await site.ask("GET", "/calls").json["calls"]?[0]?["cause"] == "failed")
        site.ends.giveUp()
        try await site.end()
    }
}
