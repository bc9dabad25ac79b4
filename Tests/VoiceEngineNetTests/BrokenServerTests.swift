import Foundation
internal import NIOCore
internal import NIOPosix
import Testing
internal import VoiceEngineNet
internal import VoiceEngineNetSupport

/// Servers that stop, drip or vanish at each step of an answer: one report each, with a clear kind, and nothing left.
@Suite struct BrokenServerTests {
    struct Step: Sendable, CustomTestStringConvertible {
        let name: String
        /// What the server has sent by then.
        let sent: String
        let onCut: NetworkError
        let onSilence: NetworkError
        /// Sent again and again, slowly; nil where that is a valid answer.
        let drip: String?
        var testDescription: String { name }
    }

    private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    static let steps = [
        Step(
            name: "before the head", sent: "", onCut: .closedBeforeAnswer, onSilence: .timeout(.firstByte), drip: "\r\n"
        ),
        Step(
            name: "in the head", sent: "HTTP/1.1 200 OK\r\nContent-", onCut: .closedBeforeAnswer,
            onSilence: .timeout(.firstByte), drip: "x"),
        Step(
            name: "behind an informational head", sent: "HTTP/1.1 100 Continue\r\n\r\n", onCut: .closedBeforeAnswer,
            onSilence: .timeout(.firstByte), drip: "HTTP/1.1 102 Processing\r\n\r\n"),
        Step(
            name: "in the body", sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", onCut: .closedEarly,
            onSilence: .timeout(.idle), drip: nil),
        Step(
            name: "before a chunk", sent: chunked, onCut: .closedEarly, onSilence: .timeout(.idle), drip: "0"),
        Step(
            name: "in a chunk's size", sent: chunked + "5;", onCut: .closedEarly, onSilence: .timeout(.idle), drip: "x"),
        Step(
            name: "in a chunk", sent: chunked + "5\r\nab", onCut: .closedEarly, onSilence: .timeout(.idle), drip: nil),
        Step(
            name: "behind a chunk", sent: chunked + "2\r\nab", onCut: .closedEarly, onSilence: .timeout(.idle),
            drip: nil),
        Step(
            name: "in the trailer", sent: chunked + "2\r\nab\r\n0\r\nX-", onCut: .closedEarly,
            onSilence: .timeout(.idle),
            drip: "y"),
    ]

    final class Log: @unchecked Sendable {
        // Only touched on the loop of the test.
        var failures: [NetworkError] = []
        var events = 0
        var ends = 0
        func sink(_ event: HTTPStream.Event) {
            events += 1
            switch event {
            case .failed(let error): failures.append(error)
            case .end: ends += 1
            case .head, .body: #expect(failures.isEmpty, "something came behind a failure")
            }
        }
    }

    private let timeouts = RequestTimeouts(connect: .seconds(3), firstByte: .seconds(5), idle: .seconds(4))

    private func begin(_ step: Step) throws -> (ScriptedNetwork, Log) {
        let (network, log) = (try ScriptedNetwork(), Log())
        _ = network.client.send(
            HTTPRequest("GET", try WebURL("http://server/")), on: network.loop, timeouts: timeouts, sink: log.sink)
        network.connections[0].answer(step.sent)
        return (network, log)
    }

    @Test(arguments: steps) func cut(_ step: Step) throws {
        let (network, log) = try begin(step)
        network.connections[0].cut()
        network.run()
        network.advance(.hours(1))
        #expect(log.failures == [step.onCut])
        #expect(network.client.counters.isQuiet)
    }

    @Test(arguments: steps) func silence(_ step: Step) throws {
        let (network, log) = try begin(step)
        network.advance(.seconds(5))
        network.advance(.hours(1))
        #expect(log.failures == [step.onSilence])
        #expect(!network.connections[0].isOpen)
        #expect(network.client.counters.isQuiet)
    }

    /// Bytes that are not a part of the answer's body do not keep a request alive.
    @Test(arguments: steps.filter { $0.drip != nil }) func drip(_ step: Step) throws {
        let (network, log) = try begin(step)
        for _ in 0..<7 {
            network.advance(.milliseconds(900))
            network.connections[0].answer(step.drip ?? "")
        }
        network.run()
        #expect(log.failures == [step.onSilence])
        #expect(network.client.counters.isQuiet)
    }

    @Test func aDripOfTheBodyIsAnAnswer() throws {
        let (network, log) = try begin(Self.steps[3])
        for _ in 0..<3 {
            network.advance(.milliseconds(3_900))
            network.connections[0].answer("x")
        }
        #expect(log.ends == 1)
        #expect(log.failures.isEmpty)
    }

    // MARK: Real sockets

    enum End: String, CaseIterable, Sendable { case reset, close, halfClose }

    /// Answers the first bytes with a piece of an answer, then ends the connection in one way.
    final class Breaker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let (piece, way): (String, End)
        init(_ piece: String, _ way: End) { (self.piece, self.way) = (piece, way) }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let channel = context.channel
            if way == .reset, let socket = channel as? any SocketOptionProvider {
                // A socket that does not linger is reset when it is closed.
                socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { Issue.record("\($0)") }
            }
            channel.writeAndFlush(ByteBuffer(string: piece), promise: nil)
            channel.close(mode: way == .halfClose ? .output : .all, promise: nil)
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    @Test(arguments: steps, End.allCases) func overSockets(_ step: Step, _ way: End) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Breaker(step.sent, way))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let url = try WebURL("http://127.0.0.1:\(try #require(server.localAddress?.port))/")
        var configuration = NetworkClient.Configuration()
        configuration.proxies = .direct
        let client = try NetworkClient(configuration)
        let (loop, log) = (group.next(), Log())
        let ended = loop.makePromise(of: Void.self)
        loop.execute {
            _ = client.send(HTTPRequest("GET", url), on: loop) { event in
                log.sink(event)
                switch event {
                case .failed, .end: ended.succeed()
                case .head, .body: break
                }
            }
        }
        try await ended.futureResult.get()
        try await server.close()
        // What was queued on the loop before this has happened, and with it the close.
        for _ in 0..<3 { try await loop.submit {}.get() }
        let failures = try await loop.submit { log.failures }.get()
        // A reset may overtake the bytes before it.
        let allowed: [NetworkError] = way == .reset ? [step.onCut, .closedBeforeAnswer] : [step.onCut]
        #expect(failures.count == 1)
        #expect(failures.allSatisfy(allowed.contains))
        #expect(client.counters.isQuiet)
        try await group.shutdownGracefully()
    }
}
