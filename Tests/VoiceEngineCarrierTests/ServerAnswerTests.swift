import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import VoiceEngineNet

/// One connection of a server in virtual time, as a client sees it.
private struct Connection {
    let channel = EmbeddedChannel()

    init(
        _ routes: [ServerRoute], limits: ServerLimits = ServerLimits(), counters: ServerCounters = ServerCounters()
    ) throws {
        try HTTPServer.configure(channel, router: ServerRouter(routes), limits: limits, counters: counters)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

    func send(_ text: String) {
        _ = try? channel.writeInbound(ByteBuffer(string: text))
        loop.run()
    }

    func get(_ path: String, headers: String = "") { send("GET \(path) HTTP/1.1\r\nHost: h\r\n\(headers)\r\n") }

    func advance(_ time: TimeAmount) { loop.advanceTime(by: time) }

    /// Everything written since the last call.
    func take() -> String {
        var text = ""
        while let part = try? channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { text += String(buffer: buffer) }
        }
        return text
    }

    /// The status codes written since the last call.
    func takeStatuses() -> [Int] {
        take().split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }
}

/// A route whose answers the test gives.
private final class Kitchen: Sendable {
    private let orders = Mutex<[EventLoopPromise<ServerResponse>]>([])

    var count: Int { orders.withLock { $0.count } }

    var route: ServerRoute {
        ServerRoute(
            ["GET", "POST"], "/later",
            .respondLater { _, loop in
                let promise = loop.makePromise(of: ServerResponse.self)
                self.orders.withLock { $0.append(promise) }
                return promise.futureResult
            })
    }

    func serve(_ index: Int, _ result: Result<ServerResponse, any Error>) {
        orders.withLock { $0[index] }.completeWith(result)
    }
}

@Suite struct ServerAnswerTests {
    private let kitchen = Kitchen()
    private let now = ServerRoute(["GET"], "/now", .respond { _ in .text(200, "now") })

    @Test func anAnswerMayTakeItsTime() throws {
        let connection = try Connection([kitchen.route, now])
        connection.get("/later")
        connection.advance(.seconds(20))
        #expect(connection.take().isEmpty)
        kitchen.serve(0, .success(.text(201, "made")))
        connection.loop.run()
        let answer = connection.take()
        #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n") && answer.hasSuffix("\r\n\r\nmade\n"))
        // The connection is as good as new.
        connection.advance(.seconds(14))
        connection.get("/now")
        #expect(connection.takeStatuses() == [200])
        connection.advance(.seconds(16))
        #expect(!connection.channel.isActive)
    }

    @Test func requestsSentAheadAreAnsweredInOrderAndOneAtATime() throws {
        let connection = try Connection([kitchen.route, now])
        func request(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n" }
        connection.send(request("/now") + request("/later") + request("/none") + request("/later") + request("/now"))
        #expect(connection.takeStatuses() == [200])
        #expect(kitchen.count == 1)
        kitchen.serve(0, .success(.text(201, "")))
        connection.loop.run()
        #expect(connection.takeStatuses() == [201, 404])
        #expect(kitchen.count == 2)
        kitchen.serve(1, .success(.text(202, "")))
        connection.loop.run()
        #expect(connection.takeStatuses() == [202, 200])
    }

    @Test func thousandsOfRequestsSentAheadDoNotNest() throws {
        let connection = try Connection([kitchen.route, now])
        let ahead = String(repeating: "GET /now HTTP/1.1\r\n\r\n", count: 5_000)
        connection.send("GET /later HTTP/1.1\r\n\r\n" + ahead)
        kitchen.serve(0, .success(.text(201, "")))
        for _ in 0..<5_001 { connection.loop.run() }
        #expect(connection.takeStatuses().count == 5_001)
    }

    @Test func anAnswerThatIsNotReadyInTimeIsGivenUp() throws {
        var limits = ServerLimits()
        limits.answerTimeout = .seconds(5)
        let connection = try Connection([kitchen.route, now], limits: limits)
        connection.get("/later")
        connection.advance(.seconds(4))
        #expect(connection.take().isEmpty)
        connection.advance(.seconds(1))
        #expect(connection.takeStatuses() == [504])
        kitchen.serve(0, .success(.text(201, "late")))
        connection.get("/now")
        #expect(connection.take().isEmpty)
        connection.advance(.seconds(1))
        #expect(!connection.channel.isActive)
    }

    @Test func anAnswerForAClientThatHasGoneIsDropped() throws {
        let connection = try Connection([kitchen.route])
        connection.get("/later")
        try connection.channel.close().wait()
        kitchen.serve(0, .success(.text(201, "nobody")))
        connection.loop.run()
        #expect(connection.take().isEmpty)
    }

    @Test func failuresAreAnswersToo() throws {
        struct Odd: Error {}
        let connection = try Connection([kitchen.route])
        connection.get("/later")
        kitchen.serve(0, .failure(ServerResponse.text(409, "taken")))
        connection.loop.run()
        #expect(connection.takeStatuses() == [409])
        connection.get("/later", headers: "Connection: close\r\n")
        kitchen.serve(1, .failure(Odd()))
        connection.loop.run()
        let answer = connection.take()
        #expect(answer.hasPrefix("HTTP/1.1 500 ") && !answer.contains("Odd") && answer.contains("Connection: close"))
        connection.advance(.seconds(1))
        #expect(!connection.channel.isActive)
    }

    @Test func aStoppingServerStillGivesTheAnswerInTheMaking() throws {
        let connection = try Connection([kitchen.route])
        connection.get("/later")
        connection.channel.pipeline.fireUserInboundEventTriggered(ServerStopEvent.stop)
        #expect(connection.channel.isActive)
        kitchen.serve(0, .success(.text(201, "just in time")))
        connection.loop.run()
        let answer = connection.take()
        #expect(answer.hasPrefix("HTTP/1.1 201 ") && answer.contains("Connection: close\r\n"))
        connection.advance(.seconds(1))
        #expect(!connection.channel.isActive)
    }

    @Test func aClientThatDoesNotTakeItsAnswersGetsNoMoreOfThem() throws {
        var limits = ServerLimits()
        limits.answerTimeout = .seconds(5)
        let connection = try Connection([now], limits: limits)
        connection.channel.isWritable = false
        connection.get("/now")
        connection.get("/now")
        connection.advance(.seconds(4))
        #expect(connection.takeStatuses() == [200])
        connection.advance(.seconds(5))
        #expect(!connection.channel.isActive)
    }

    // MARK: WebSocket

    private final class Patient: ServerWebSocketPeer {
        func opened(_ socket: ServerWebSocket) {}
        func received(text: UnsafeRawBufferPointer) {}
        func received(binary: UnsafeRawBufferPointer) {}
        func closed(_ reason: String) {}
    }

    @Test func aSocketWithoutAFirstMessageIsClosed() throws {
        let route = ServerRoute(["GET"], "/media", .webSocket { (_) throws(ServerResponse) in { _ in Patient() } })
        let silent = try Connection([route])
        silent.send(ClientFrames.handshake("/media"))
        silent.advance(.seconds(14))
        #expect(silent.channel.isActive)
        silent.advance(.seconds(3))
        #expect(!silent.channel.isActive)
        let talking = try Connection([route])
        talking.send(ClientFrames.handshake("/media"))
        _ = try talking.channel.writeInbound(ByteBuffer(bytes: ClientFrames.text("{}")))
        talking.advance(.seconds(20))
        #expect(talking.channel.isActive)
        try talking.channel.close().wait()
    }

    @Test func clientsThatAreGivenUpAreCounted() throws {
        let counters = ServerCounters()
        func connection(_ change: (inout ServerLimits) -> Void = { _ in }) throws -> Connection {
            var limits = ServerLimits()
            change(&limits)
            return try Connection([now], limits: limits, counters: counters)
        }
        try connection().advance(.seconds(16))
        #expect(counters[.slowRequest] == 1)
        try connection().send("\u{16}\u{3}\u{1}nonsense\r\n\r\n")
        #expect(counters[.malformed] == 1)
        try connection { $0.bodyBytes = 10 }.send("POST /now HTTP/1.1\r\nContent-Length: 11\r\n\r\n")
        #expect(counters[.malformed] == 2)
        let slow = try connection()
        slow.channel.isWritable = false
        slow.get("/now")
        #expect(counters[.slowReader] == 1)
    }

    private final class Silent: ServerWebSocketPeer {
        func opened(_ socket: ServerWebSocket) { socket.close(code: 1000, reason: "") }
        func received(text: UnsafeRawBufferPointer) {}
        func received(binary: UnsafeRawBufferPointer) {}
        func closed(_ reason: String) {}
    }

    @Test(arguments: [("chat, media", "media"), ("chat", nil), (nil, nil)] as [(String?, String?)])
    func theSubprotocolIsAgreedOnAndExtensionsNever(offered: String?, agreed: String?) throws {
        let seen = Mutex<[String?]>([])
        let record: @Sendable (ServerRequest) -> Void = { request in seen.withLock { $0.append(request.subprotocol) } }
        let route = ServerRoute(
            ["GET"], "/media",
            .webSocket(subprotocols: ["media"]) { (request) throws(ServerResponse) in
                record(request)
                return { _ in Silent() }
            })
        let connection = try Connection([route])
        let headers =
            ["Sec-WebSocket-Extensions: permessage-deflate"]
            + (offered.map { ["Sec-WebSocket-Protocol: \($0)"] } ?? [])
        connection.send(ClientFrames.handshake("/media", headers: headers))
        let answer = connection.take()
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(!answer.contains("Sec-WebSocket-Extensions"))
        #expect(answer.contains("Sec-WebSocket-Protocol: media\r\n") == (agreed != nil))
        #expect(answer.contains("Sec-WebSocket-Protocol") == (agreed != nil))
        #expect(seen.withLock { $0 }.allSatisfy { $0 == agreed })
    }

    @Test(arguments: [("127.0.0.1", "https"), ("::1", "https"), ("203.0.113.5", "none"), ("10.1.2.3", "https")])
    func onlyTrustedProxiesAreBelieved(address: String, scheme: String) throws {
        var limits = ServerLimits()
        limits.uncounted += [try #require(AddressRange("10.0.0.0/8"))]
        let route = ServerRoute(["GET"], "/", .respond { .text(200, $0.forwarded("proto") ?? "none") })
        let channel = EmbeddedChannel()
        try HTTPServer.configure(channel, router: ServerRouter([route]), limits: limits)
        try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
        let request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n"
        try channel.writeInbound(ByteBuffer(string: request))
        channel.embeddedEventLoop.run()
        var answer = ""
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { answer += String(buffer: buffer) }
        }
        #expect(answer.hasSuffix("\r\n\r\n\(scheme)\n"))
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
