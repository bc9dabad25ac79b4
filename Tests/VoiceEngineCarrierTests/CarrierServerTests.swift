import NIOCore
import NIOPosix
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineNetSupport
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// A client on a real socket.
private struct Client: Sendable {
    private let ear: ChannelEar

    static func connect(to port: Int, on group: any EventLoopGroup) async throws -> (Client, any Channel) {
        let ear = ChannelEar()
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ear) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return (Client(ear: ear), channel)
    }

    /// What was received, once it satisfies `test` or the connection has closed.
    func received(
        on loop: any EventLoop, when test: @escaping @Sendable ([UInt8], Bool) -> Bool
    ) async throws -> [UInt8] {
        try await ear.bytes(on: loop, within: .seconds(20), when: test)
    }
}

/// A server with a scripted host, and clients on real loopback sockets.
private struct Site {
    let group = MultiThreadedEventLoopGroup.singleton
    let host = ScriptedHost()
    let server: CarrierServer

    init(_ change: (inout CarrierServerConfiguration) -> Void = { _ in }) async throws {
        var configuration = CarrierServerConfiguration()
        change(&configuration)
        server = try await CarrierServer.start(configuration, host: host, on: group).get()
    }

    func request(_ text: String) async throws -> String {
        let (client, channel) = try await Client.connect(to: server.port, on: group)
        try? await channel.writeAndFlush(ByteBuffer(string: text)).get()
        return String(decoding: try await client.received(on: channel.eventLoop) { $1 }, as: UTF8.self)
    }

    /// An open stream whose call has begun (its echo has come back).
    func call() async throws -> (Client, any Channel) {
        let (client, channel) = try await Client.connect(to: server.port, on: group)
        var bytes = Array(ClientFrames.handshake("/twilio/media/reception").utf8)
        bytes += ClientFrames.text(TwilioSays.start()) + ClientFrames.text(TwilioSays.media("AAEC"))
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        let answer = try await client.received(on: channel.eventLoop) { bytes, _ in
            String(decoding: bytes, as: UTF8.self).contains("AAEC")
        }
        #expect(String(decoding: answer, as: UTF8.self).contains("AAEC"))
        return (client, channel)
    }

    /// Stops, and looks whether anything is left.
    func end() async throws {
        try await server.stop().get()
        #expect(server.liveCalls == 0)
        #expect(host.live == 0)
        #expect(server.liveConnections == 0)
    }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct CarrierServerTests {
    private static func closeCode(_ bytes: [UInt8]) -> Int? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        var rest = Array(bytes[end.upperBound...])
        return ServerFrame.take(from: &rest)?.last?.closeCode
    }

    @Test func answersOverARealSocket() async throws {
        let site = try await Site()
        let health = try await site.request("GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(health.hasPrefix("HTTP/1.1 200 OK\r\n") && health.hasSuffix("ok\n"))
        let body = "From=%2B1&To=%2B2"
        let twiml = try await site.request(
            "POST /twilio/voice/reception HTTP/1.1\r\nHost: 127.0.0.1:\(site.server.port)\r\nConnection: close\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        )
        #expect(twiml.contains("<Stream url=\"ws://127.0.0.1:\(site.server.port)/twilio/media/reception\">"))
        let garbage = try await site.request("\u{16}\u{3}\u{1} not http\r\n\r\n")
        #expect(garbage.hasPrefix("HTTP/1.1 400 "))
        try await site.end()
    }

    private static func echoes(_ bytes: [UInt8]) -> Int {
        String(decoding: bytes, as: UTF8.self).components(separatedBy: #""event":"media""#).count - 1
    }

    /// The system wakes the loop once for two frames, and for less when they are asked for or the connection ends.
    @Test func framesThatMayWaitAreReadTogether() async throws {
        let site = try await Site()
        let (client, channel) = try await site.call()
        let frame = ClientFrames.text(TwilioSays.media(TwilioSays.silence, number: 12_345))
        func send(_ bytes: [UInt8]...) async throws {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes.flatMap { $0 })).get()
        }
        func echoes(_ count: Int) async throws -> Int {
            Self.echoes(try await client.received(on: channel.eventLoop) { bytes, _ in Self.echoes(bytes) >= count })
        }
        try await send(frame, ClientFrames.text(TwilioSays.dtmf("2")))
        #expect(try await echoes(2) == 2)
        // The digit is read with the frame or after it; with this answer it has been.
        try await send(frame, frame)
        #expect(try await echoes(4) == 4)

        try await send(frame)
        let (_, other) = try await site.call()
        #expect(try await echoes(4) == 4, "one frame waits")
        try await send(frame)
        #expect(try await echoes(6) == 6)

        try await send(frame)
        try await other.writeAndFlush(ByteBuffer(bytes: ClientFrames.text(TwilioSays.dtmf("1")))).get()
        #expect(try await echoes(7) == 7, "asked for")
        try await send(frame, ClientFrames.text(TwilioSays.dtmf("2")))
        #expect(try await echoes(8) == 8)
        try await send(frame, frame)
        #expect(try await echoes(10) == 10)
        let bytes = site.host.audioBytes
        try await send(frame)
        try await channel.close()
        try await site.end()
        #expect(site.host.audioBytes == bytes + 160, "the end brings the last one")
    }

    @Test func oneClientsTwoMegabytesAreNothingToTheOthers() async throws {
        let site = try await Site()
        let (other, otherChannel) = try await site.call()
        let (client, channel) = try await site.call()
        let bytes = ClientFrames.frame([UInt8](repeating: 65, count: 2 << 20))
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        let received = try await client.received(on: channel.eventLoop) { Self.closeCode($0) != nil || $1 }
        #expect(Self.closeCode(received) == 1009)
        try await otherChannel.writeAndFlush(ByteBuffer(bytes: ClientFrames.text(TwilioSays.media("BBBB")))).get()
        let echo = try await other.received(on: otherChannel.eventLoop) { bytes, _ in
            String(decoding: bytes, as: UTF8.self).contains("BBBB")
        }
        #expect(String(decoding: echo, as: UTF8.self).contains("BBBB"))
        // The call is counted until its connection is gone, a moment after the client has read why. The suite's time
        // limit ends a wait in vain.
        while site.server.liveCalls != 1 { await Task.yield() }
        try await site.end()
    }

    @Test func manyCallsAtOnceAndNoneIsLeft() async throws {
        let site = try await Site()
        let clients = try await withThrowingTaskGroup(of: (Client, any Channel).self) { tasks in
            for _ in 0..<100 { tasks.addTask { try await site.call() } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(site.server.liveCalls == 100)
        for (index, (_, channel)) in clients.enumerated() where index.isMultiple(of: 2) {
            channel.writeAndFlush(ByteBuffer(bytes: ClientFrames.text(TwilioSays.stop)), promise: nil)
            try await channel.closeFuture.get()
        }
        #expect(site.server.liveCalls == 50)
        try await site.end()
        for (client, channel) in clients {
            try await channel.closeFuture.get()
            let received = try await client.received(on: site.group.next()) { $1 }
            #expect([1000, 1001].contains(Self.closeCode(received)))
        }
    }

    @Test func tooManyConnectionsAndCallsAreRefused() async throws {
        let site = try await Site {
            $0.maximumCalls = 1
            $0.settings.limits.connections = 3
        }
        _ = try await site.call()
        let webhook = try await site.request(
            "POST /twilio/voice/reception HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        #expect(webhook.contains("<Say>") && webhook.contains("<Hangup/>"))
        _ = try await Client.connect(to: site.server.port, on: site.group)
        _ = try await Client.connect(to: site.server.port, on: site.group)
        let (_, refused) = try await Client.connect(to: site.server.port, on: site.group)
        try await refused.closeFuture.get()
        try await site.end()
    }

    @Test func drainingWaitsForTheCalls() async throws {
        let site = try await Site()
        let (_, channel) = try await site.call()
        let drained = site.server.drain(timeout: .seconds(20))
        let ready = try await site.request("GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(ready.hasPrefix("HTTP/1.1 503 ") && ready.contains("draining"))
        #expect(site.server.liveCalls == 1)
        try await channel.writeAndFlush(ByteBuffer(bytes: ClientFrames.text(TwilioSays.stop))).get()
        #expect(try await drained.get())
        try await site.end()
    }

    @Test func agentsSayGoodbyeBeforeTheLimit() async throws {
        let site = try await Site()
        _ = try await site.call()
        #expect(try await site.server.drain(timeout: .milliseconds(300)).get() == false)
        try await site.end()
        #expect(site.host.notes == ["goodbye: the server is going down", "closed: the server is going down"])
    }

    @Test func drainingEndsWhatIsLeftAtTheLimit() async throws {
        let site = try await Site()
        let (client, channel) = try await site.call()
        #expect(try await site.server.drain(timeout: .milliseconds(1)).get() == false)
        let received = try await client.received(on: channel.eventLoop) { Self.closeCode($0) != nil || $1 }
        #expect(Self.closeCode(received) == 1001)
        #expect(site.host.notes.last == "closed: the server is going down")
        try await site.end()
    }

    @Test func aTakenAddressIsNamedWithItsCause() async throws {
        let site = try await Site()
        var configuration = CarrierServerConfiguration()
        configuration.port = site.server.port
        await #expect {
            _ = try await CarrierServer.start(configuration, host: site.host, on: site.group).get()
        } throws: { error in
            let detail = (error as? ServerStartError)?.detail ?? ""
            return detail.hasPrefix("cannot listen on 127.0.0.1:\(configuration.port): Address already in use")
        }
        try await site.end()
    }
}
