import NIOCore
import NIOPosix
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// What a client on a real socket has received, and when it was closed.
private final class Received: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let bytes = Mutex<[UInt8]>([])

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        bytes.withLock { $0 += Array(buffer.readableBytesView) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    var all: [UInt8] { bytes.withLock { $0 } }
}

/// The listener inside the carriers' server, on real loopback sockets.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AudioSocketSocketTests {
    private let group = MultiThreadedEventLoopGroup.singleton
    private let host = ScriptedHost()

    private func start(calls: Int = 100, waiting: Int = 1_024) async throws -> CarrierServer {
        var configuration = CarrierServerConfiguration()
        configuration.settings.limits.waitingConnections = waiting
        configuration.maximumCalls = calls
        configuration.settings.audioSocket = ServerDocument.AudioSocket(port: 0, agent: "reception")
        return try await CarrierServer.start(configuration, host: host, on: group).get()
    }

    private func connect(_ server: CarrierServer) async throws -> (Received, any Channel) {
        let received = Received()
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(received) }
            }
            .connect(host: "127.0.0.1", port: try #require(server.audioSocketPort)).get()
        return (received, channel)
    }

    private func call(_ server: CarrierServer) async throws -> (Received, any Channel) {
        let (received, channel) = try await connect(server)
        try await channel.writeAndFlush(
            ByteBuffer(bytes: AudioSocketSays.identifier + AudioSocketSays.audio())
        ).get()
        while received.all.count < AudioSocketSays.audio().count { await Task.yield() }
        #expect(received.all == AudioSocketSays.audio())
        return (received, channel)
    }

    @Test func manyCallsAtOnceAndNoneIsLeft() async throws {
        let server = try await start()
        var clients: [(Received, any Channel)] = []
        for _ in 0..<50 { clients.append(try await call(server)) }
        #expect(server.liveCalls == 50)
        for (_, channel) in clients.prefix(25) { try await channel.close().get() }
        while server.liveCalls != 25 { await Task.yield() }
        try await server.stop().get()
        #expect(server.liveCalls == 0 && server.liveConnections == 0 && host.live == 0)
        for (received, channel) in clients.suffix(25) {
            try await channel.closeFuture.get()
            #expect(received.all.suffix(3) == AudioSocketSays.terminate)
        }
    }

    /// Connections count together with those of the HTTP port, and calls among those that stream.
    @Test func whoOnlyHoldsAPlaceTakesNoneOfACall() async throws {
        let server = try await start(waiting: 2)
        let (_, live) = try await call(server)
        let idle = [try await connect(server), try await connect(server)]
        while server.liveConnections != 3 { await Task.yield() }
        let (_, refused) = try await connect(server)
        try await refused.closeFuture.get()
        #expect(server.liveConnections == 3 && live.isActive)
        try await idle[0].1.close().get()
        while server.liveConnections != 2 { await Task.yield() }
        _ = try await call(server)
        let metrics = try await get(server, "/metrics")
        #expect(metrics.contains("voice_engine_server_connections{kind=\"streaming\"} 2\n"))
        #expect(metrics.contains("voice_engine_server_connections_refused_total{reason=\"waiting\"} 1\n"))
        try await server.stop().get()
        #expect(server.liveConnections == 0 && host.live == 0)
    }

    private func get(_ server: CarrierServer, _ path: String) async throws -> String {
        let received = Received()
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(received) }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
        let request = "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        try await channel.writeAndFlush(ByteBuffer(string: request)).get()
        try await channel.closeFuture.get()
        return String(decoding: received.all, as: UTF8.self)
    }

    @Test func callsBeyondTheLimitAreSentOn() async throws {
        let server = try await start(calls: 1)
        _ = try await call(server)
        let (received, channel) = try await connect(server)
        try await channel.writeAndFlush(
            ByteBuffer(bytes: AudioSocketSays.identifier + AudioSocketSays.audio())
        ).get()
        try await channel.closeFuture.get()
        #expect(received.all == AudioSocketSays.terminate)
        try await server.stop().get()
    }

    @Test func aTakenPortLeavesNothingOpen() async throws {
        let server = try await start()
        var configuration = CarrierServerConfiguration()
        configuration.settings.audioSocket = ServerDocument.AudioSocket(port: try #require(server.audioSocketPort))
        let settings = configuration
        await #expect {
            _ = try await CarrierServer.start(settings, host: host, on: group).get()
        } throws: { error in
            (error as? ServerStartError)?.detail.contains("Address already in use") == true
        }
        try await server.stop().get()
    }
}
