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

    private func start(calls: Int = 100) async throws -> CarrierServer {
        var configuration = CarrierServerConfiguration()
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
