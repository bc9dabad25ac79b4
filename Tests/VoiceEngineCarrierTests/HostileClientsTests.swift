import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// A client on a real socket that keeps what it gets, or reads nothing at all.
private final class Socket: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let received = Mutex<[UInt8]>([])

    static func open(to port: Int, reads: Bool = true, on group: any EventLoopGroup) async throws -> (
        Socket, any Channel
    ) {
        let socket = Socket()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(socket) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return (socket, channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        received.withLock { $0 += Array(buffer.readableBytesView) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    var text: String { String(decoding: received.withLock { $0 }, as: UTF8.self) }
}

/// A call that sends a frame every 20 ms by its loop's clock and counts what comes back.
private struct LiveCall {
    let socket: Socket
    let channel: any Channel

    static func begin(on port: Int, _ group: any EventLoopGroup) async throws -> LiveCall {
        let (socket, channel) = try await Socket.open(to: port, on: group)
        let bytes =
            Array(ClientFrames.handshake("/twilio/media/reception").utf8) + ClientFrames.text(TwilioSays.start())
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        // Between the rounds it says nothing; pongs that nobody asked for show the server that it is there.
        let pong = ByteBuffer(bytes: [0x8A, 0x80, 0, 0, 0, 0])
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(200), delay: .milliseconds(200)) { task in
            guard channel.isActive else { return task.cancel() }
            channel.writeAndFlush(pong, promise: nil)
        }
        return LiveCall(socket: socket, channel: channel)
    }

    /// Sends `count` frames in real time; done when the last one is out.
    func speak(_ count: Int) -> EventLoopFuture<Void> {
        let done = channel.eventLoop.makePromise(of: Void.self)
        let channel = self.channel
        let sent = NIOLoopBoundBox.makeBoxSendingValue(0, as: Int.self, eventLoop: channel.eventLoop)
        let frame = ByteBuffer(bytes: ClientFrames.text(TwilioSays.media(TwilioSays.silence)))
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
            channel.writeAndFlush(frame, promise: nil)
            sent.value += 1
            guard sent.value == count else { return }
            task.cancel()
            done.succeed()
        }
        return done.futureResult
    }

    var echoes: Int { socket.text.split(separator: #""event":"media""#, omittingEmptySubsequences: false).count - 1 }
}

/// How clients go wrong.
private enum Manner: CaseIterable {
    case sendsNothing, dripsHeaders, dripsABody, garbage, endlessHeaders, hugeBody, silentSocket, unmaskedFrames
    case longMessage, readsNoAnswers, readsNoAudio, beginsTLS, leavesAtOnce

    /// What it sends at once, and what it goes on with, byte by byte.
    var words: (first: String, drip: String) {
        switch self {
        case .sendsNothing, .leavesAtOnce: ("", "")
        case .dripsHeaders: ("GET /healthz HTTP/1.1\r\nX: ", String(repeating: "y", count: 1_000))
        case .dripsABody:
            (
                "POST /twilio/voice HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n",
                String(repeating: "a", count: 1_000)
            )
        case .garbage: (String(repeating: "\u{0}\u{FF}\r\n", count: 2_000), "")
        case .endlessHeaders: ("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 20_000), "")
        case .hugeBody: ("POST /twilio/voice HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n", "aaaa")
        case .silentSocket: (ClientFrames.handshake("/twilio/media/reception"), "")
        case .unmaskedFrames: (ClientFrames.handshake("/twilio/media/reception") + "\u{1}\u{5}hello", "")
        case .longMessage: (ClientFrames.handshake("/twilio/media/reception"), "")
        case .readsNoAnswers: (String(repeating: "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", count: 3_000), "")
        case .readsNoAudio: (ClientFrames.handshake("/twilio/media/reception"), "")
        case .beginsTLS: ("\u{16}\u{3}\u{1}\u{2}", "\u{0}\u{1}\u{0}")
        }
    }

    var readsNothing: Bool { self == .readsNoAnswers || self == .readsNoAudio }

    /// Sent after `first`.
    var frames: [UInt8] {
        switch self {
        case .longMessage: ClientFrames.frame([UInt8](repeating: 65, count: 200_000))
        case .readsNoAudio:
            ClientFrames.text(TwilioSays.start())
                + Array(repeatElement(ClientFrames.text(TwilioSays.media(TwilioSays.silence)), count: 5_000).joined())
        default: []
        }
    }

    /// Behaves that way until the server has had enough; the future completes when the connection is gone.
    func run(against port: Int, on group: any EventLoopGroup) async throws {
        let (_, channel) = try await Socket.open(to: port, reads: !readsNothing, on: group)
        if self == .leavesAtOnce { return try await channel.close().get() }
        let drip = Array(words.drip.utf8)
        channel.writeAndFlush(ByteBuffer(bytes: Array(words.first.utf8) + frames), promise: nil)
        let next = NIOLoopBoundBox.makeBoxSendingValue(0, as: Int.self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(50), delay: .milliseconds(50)) { task in
            guard channel.isActive else { return task.cancel() }
            // A client that reads nothing does not see the end either; its host would find out by a probe.
            let byte = next.value < drip.count ? drip[next.value] : nil
            next.value += 1
            if let byte { channel.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil) }
            if readsNothing { channel.writeAndFlush(ByteBuffer(bytes: [0]), promise: nil) }
        }
        try await channel.closeFuture.get()
    }
}

/// 200 clients that mean no good, while calls are live on the same loops.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HostileClientsTests {
    private static let calls = 10
    private static let clients = 200
    /// Two seconds of audio in each round.
    private static let frames = 100

    private let group = MultiThreadedEventLoopGroup.singleton
    private let host = ScriptedHost()

    private func server() async throws -> CarrierServer {
        var configuration = CarrierServerConfiguration()
        configuration.settings.limits.requestTimeout = .seconds(2)
        configuration.settings.limits.answerTimeout = .seconds(2)
        configuration.settings.limits.firstMessageTimeout = .seconds(2)
        configuration.settings.limits.webSocketPingInterval = .seconds(5)
        return try await CarrierServer.start(configuration, host: host, on: group).get()
    }

    /// The hostile clients and, meanwhile, a round of every call.
    private func round(_ calls: [LiveCall], against port: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for index in 0..<Self.clients {
                let manner = Manner.allCases[index % Manner.allCases.count]
                // A connection that the server resets while it is being made is an end like any other.
                tasks.addTask { try? await manner.run(against: port, on: group) }
            }
            for call in calls { tasks.addTask { try await call.speak(Self.frames).get() } }
            try await tasks.waitForAll()
        }
    }

    private static func residentBytes() -> Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (pages?.dropFirst().first.flatMap { Int($0) } ?? 0) * 4_096
    }

    @Test func theyCostTheCallsNothingAndLeaveNothing() async throws {
        let server = try await server()
        var calls: [LiveCall] = []
        for _ in 0..<Self.calls { calls.append(try await .begin(on: server.port, group)) }
        var memory: [Int] = []
        for round in 1...3 {
            try await self.round(calls, against: server.port)
            // Every frame of every call has come back: none was lost, and no call was ended.
            for call in calls {
                while call.echoes < round * Self.frames, call.channel.isActive { await Task.yield() }
                #expect(call.echoes == round * Self.frames)
            }
            while server.liveConnections > Self.calls { await Task.yield() }
            #expect(server.liveConnections == Self.calls && server.liveCalls == Self.calls)
            #expect(host.live == Self.calls)
            memory.append(Self.residentBytes())
        }
        // What the first round has warmed up stays; the third needs no more than the second but the calls' own echoes.
        #expect(memory[2] - memory[1] < 16 << 20, "\(memory)")
        try await server.stop().get()
        #expect(server.liveConnections == 0 && server.liveCalls == 0 && host.live == 0)
    }
}
