import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// Calls that a dialplan tells ahead, and that bring nothing but their UUID.
@Suite struct ExpectedCallsTests {
    private static let other = "00000000-0000-4000-8000-000000000001"

    private func id(_ text: String = AudioSocketSays.id) throws -> AudioSocketID { try #require(AudioSocketID(text)) }

    private func call(_ uuid: String = AudioSocketSays.id, _ rest: String = "") throws -> ExpectedCall {
        try ExpectedCall(Array(#"{"uuid":"\#(uuid)"\#(rest)}"#.utf8))
    }

    // MARK: Reading

    @Test func aUUIDIsReadAsItIsWritten() throws {
        #expect("\(try id())" == AudioSocketSays.id)
        #expect("\(try id(AudioSocketSays.id.uppercased()))" == AudioSocketSays.id)
        for text in [
            "", "x", "40325ec25efd4bd3805f53576e581d13", "40325ec2-5efd-4bd3-805f-53576e581d1",
            "40325ec2-5efd-4bd3-805f-53576e581d1g", "+0325ec2-5efd-4bd3-805f-53576e581d13",
            "40325ec2-5efd-4bd3-805f-53576e581d13-", "40325ec25-efd-4bd3-805f-53576e581d13",
        ] { #expect(AudioSocketID(text) == nil, "\(text)") }
    }

    @Test func allKeysArrive() throws {
        let call = try call(AudioSocketSays.id.uppercased(), #","agent":"sales","variables":{"caller":"+1","n":7}"#)
        #expect(
            call.uuid == AudioSocketSays.id && call.agent == "sales" && call.variables == ["caller": "+1", "n": "7"])
    }

    @Test(arguments: [
        ("[]", ""), ("{", ""), ("{}", "uuid"), (#"{"uuid":7}"#, "uuid"), (#"{"uuid":"x"}"#, "uuid"),
        (#"{"uuid":"40325ec2-5efd-4bd3-805f-53576e581d13","agent":7}"#, "agent"),
        (#"{"uuid":"40325ec2-5efd-4bd3-805f-53576e581d13","variables":[]}"#, "variables"),
        (#"{"uuid":"40325ec2-5efd-4bd3-805f-53576e581d13","variables":{"a":{}}}"#, "variables.a"),
        (#"{"uuid":"40325ec2-5efd-4bd3-805f-53576e581d13","goal":"x"}"#, "goal"),
    ])
    func whatIsWrongIsNamed(body: String, key: String) {
        #expect { try ExpectedCall(Array(body.utf8)) } throws: { ($0 as? ExpectedCall.Problem)?.key == key }
    }

    // MARK: Waiting

    @Test func eachIsTakenOnceAndInTime() throws {
        let clock = Mutex<Int64>(0)
        let calls = ExpectedCalls(most: 2) { clock.withLock { $0 } }
        for uuid in [AudioSocketSays.id, Self.other] { #expect(calls.expect(try call(uuid))) }
        #expect(!calls.expect(try call("00000000-0000-4000-8000-000000000002")), "full")
        #expect(calls.expect(try call(AudioSocketSays.id, #","agent":"sales""#)), "told again")
        #expect(calls.take(try id())?.agent == "sales")
        #expect(calls.take(try id()) == nil)
        clock.withLock { $0 = ExpectedCalls.patience }
        #expect(calls.take(try id(Self.other)) == nil, "too late")
        for uuid in [AudioSocketSays.id, Self.other] { #expect(calls.expect(try call(uuid))) }
        clock.withLock { $0 += ExpectedCalls.patience }
        #expect(calls.expect(try call("00000000-0000-4000-8000-000000000002")))
        #expect(calls.count == 1)
    }

    // MARK: Calls

    /// One connection that brings its UUID and a frame.
    private func line(_ calls: ExpectedCalls, onlyExpected: Bool) throws -> (ScriptedHost, EmbeddedChannel) {
        let (host, channel) = (ScriptedHost(), EmbeddedChannel())
        var settings = ServerDocument.AudioSocket(port: 0, agent: "reception")
        settings.takesOnlyExpected = onlyExpected
        let peer = AudioSocketServer.peer(
            settings, host: host, calls: CarrierCalls(most: 1), expected: calls, log: .none)
        try ByteServer.configure(channel, peer: peer(channel.eventLoop), limits: ServerLimits())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(bytes: AudioSocketSays.identifier + AudioSocketSays.audio()))
        channel.embeddedEventLoop.run()
        return (host, channel)
    }

    @Test func theCallHasWhatWasToldAboutIt() throws {
        let calls = ExpectedCalls { 0 }
        #expect(
            calls.expect(try call(AudioSocketSays.id, #","agent":"agent & co","variables":{"caller":"+1","uuid":"x"}"#))
        )
        let (host, channel) = try line(calls, onlyExpected: true)
        let setup = try #require(host.setups.first)
        #expect(setup.agent == "agent & co" && setup.variables == ["caller": "+1", "uuid": AudioSocketSays.id])
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    @Test func anUnexpectedCallIsTakenUnlessOnlyExpectedOnesAre() throws {
        for onlyExpected in [false, true] {
            let (host, channel) = try line(ExpectedCalls { 0 }, onlyExpected: onlyExpected)
            #expect(host.setups.isEmpty == onlyExpected)
            var bytes: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                bytes += Array(buffer.readableBytesView)
            }
            #expect((bytes == AudioSocketSays.terminate) == onlyExpected)
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }
    }

    // MARK: POST /calls/expect

    @Test func theControlAPITakesThem() throws {
        var configuration = CarrierServerConfiguration()
        configuration.settings.control.token = Secret(variable: "T", value: "s3cret")
        let calls = ExpectedCalls(most: 1) { 0 }
        let router = CarrierServer.router(
            configuration, host: ScriptedHost(), calls: CarrierCalls(most: 1), expected: calls)
        func post(_ body: String, token: String = "s3cret") -> ServerResponse? {
            guard case .found(.respond(let answer), _) = router.match(method: "POST", path: "/calls/expect") else {
                return nil
            }
            return answer(
                ServerRequest(
                    method: "POST", target: "/calls/expect",
                    headers: [(name: "Authorization", value: "Bearer " + token)], body: Array(body.utf8)))
        }
        let body = #"{"uuid":"\#(AudioSocketSays.id)","agent":"reception"}"#
        #expect(post(body, token: "x")?.status == 401 && calls.count == 0)
        #expect(post("{}")?.status == 400)
        #expect(post(#"{"uuid":"\#(AudioSocketSays.id)","agent":"nobody"}"#)?.status == 404)
        let taken = post(body)
        #expect(taken?.status == 202 && taken?.body == #"{"uuid":"\#(AudioSocketSays.id)","expires_in_s":600}"# + "\n")
        #expect(post(#"{"uuid":"\#(Self.other)"}"#)?.status == 503)
        #expect(calls.take(try id())?.agent == "reception")
        let without = CarrierServer.router(configuration, host: ScriptedHost(), calls: CarrierCalls(most: 1))
        guard case .methodNotAllowed = without.match(method: "POST", path: "/calls/expect") else {
            return #expect(Bool(false), "there is no AudioSocket port")
        }
    }
}
