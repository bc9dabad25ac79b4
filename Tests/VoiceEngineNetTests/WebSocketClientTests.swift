internal import NIOCore
import Testing
internal import VoiceEngineNet
internal import VoiceEngineNetSupport

@Suite struct WebSocketClientTests {
    final class Log {
        var entries: [String] = []
        var answer: ((String) -> Void)?
        func sink(_ event: WebSocketClient.Event) {
            switch event {
            case .open: entries.append("open")
            case .text(let bytes):
                let text = String(decoding: bytes, as: UTF8.self)
                entries.append("text \(text)")
                answer?(text)
            case .binary(let bytes): entries.append("binary \(bytes.count)")
            case .closed(let code, let reason): entries.append("closed \(code.map { "\($0)" } ?? "-") \(reason)")
            case .failed(let error): entries.append("failed \(error)")
            }
        }
    }

    let network: ScriptedNetwork
    let log = Log()
    init() throws {
        network = try ScriptedNetwork {
            $0.maximumMessageBytes = 70_000
            $0.maximumQueuedBytes = 1_000
        }
    }

    private func open(headers: [(String, String)] = [("Authorization", "Token k")]) throws -> WebSocketClient {
        network.client.openWebSocket(
            try WebURL("ws://server/v1?a=b"), headers: HeaderList(headers), on: network.loop, sink: log.sink)
    }
    private var server: ScriptedConnection { network.connections[network.connections.count - 1] }

    @Test func knowsTheExampleOfTheStandard() {
        #expect(WebSocketClient.acceptValue(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    /// A socket whose peer is gone: the first write finds it out, and hands on what had come before.
    private final class Gone: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        private let words: [UInt8]
        init(_ words: [UInt8]) { self.words = words }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            context.fireChannelRead(NIOAny(ByteBuffer(bytes: words)))
            context.close(promise: nil)
            promise?.fail(IOError(errnoCode: 104, reason: "write"))
        }
    }

    /// - Parameter words: What had come before.
    private func openToOneWhoIsGone(_ words: String) throws -> WebSocketClient {
        let socket = try open()
        _ = server.acceptWebSocket()
        try server.channel.pipeline.syncOperations.addHandler(
            Gone(WebSocketTesting.frame(1, Array(words.utf8))), position: .first)
        log.entries = []
        return socket
    }

    @Test func nothingIsToldInsideASend() throws {
        let socket = try openToOneWhoIsGone("last")
        #expect(socket.send(text: Array("hello".utf8)))
        #expect(log.entries.isEmpty)
        network.run()
        #expect(log.entries == ["text last", "closed - "])
        #expect(!socket.send(text: Array("more".utf8)))
    }

    @Test func whatIsLeftWhenAnAnswerFailsComesInItsOrder() throws {
        let socket = try openToOneWhoIsGone("third")
        log.answer = { if $0 == "first" { socket.send(text: Array("hello".utf8)) } }
        server.answer(WebSocketTesting.frame(1, Array("first".utf8)) + WebSocketTesting.frame(1, Array("second".utf8)))
        network.run()
        #expect(log.entries == ["text first", "text second", "text third", "closed - "])
    }

    @Test func opensSendsAndReceives() throws {
        let socket = try open()
        #expect(socket.send(text: Array("early".utf8)))
        let request = server.acceptWebSocket(then: WebSocketTesting.frame(1, Array("with the answer".utf8)))
        #expect(request[0] == "GET /v1?a=b HTTP/1.1")
        #expect(request.contains("Host: server"))
        #expect(request.contains("Authorization: Token k"))
        #expect(request.contains("Sec-WebSocket-Version: 13"))
        #expect(log.entries == ["open", "text with the answer"])
        #expect(server.takeTexts() == ["early"])
        for size in [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536] {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            #expect(payload.withUnsafeBytes { socket.send(binary: $0) })
            let frames = server.takeFrames()
            #expect(frames.count == 1 && frames[0].opcode == 2 && frames[0].payload == payload, "\(size) bytes")
        }
        server.send(binary: [UInt8](repeating: 1, count: 66_000))
        #expect(log.entries.last == "binary 66000")
        socket.close()
        #expect(server.takeFrames().map(\.opcode) == [8])
        server.sendClose(1000)
        #expect(log.entries.last == "closed 1000 ")
        #expect(network.client.counters.isQuiet)
    }

    private final class Writes: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var sizes: [Int] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            sizes.append(unwrapOutboundIn(data).readableBytes)
            context.write(data, promise: promise)
        }
    }

    @Test func whatIsSentTogetherLeavesInOnePiece() throws {
        let socket = try open()
        socket.together { socket.send(text: Array("early".utf8)) }
        server.acceptWebSocket()
        #expect(server.takeTexts() == ["early"])
        let writes = Writes()
        try server.channel.pipeline.syncOperations.addHandler(writes, position: .first)
        socket.together {
            socket.send(text: Array("one".utf8))
            socket.together { socket.send(text: Array("two".utf8)) }
        }
        socket.together {}
        #expect(server.takeTexts() == ["one", "two"] && writes.sizes == [18])
        socket.together {
            socket.send(text: Array("bye".utf8))
            socket.close()
        }
        #expect(server.takeFrames().map(\.opcode) == [1, 8] && writes.sizes == [18, 17])
        socket.together { #expect(!socket.send(text: Array("late".utf8))) }
        let dropped = try open()
        server.acceptWebSocket()
        dropped.together {
            dropped.send(text: Array("never".utf8))
            dropped.abort()
        }
        #expect(server.takeFrames().isEmpty)
    }

    @Test func putsFragmentsTogetherAroundControlFrames() throws {
        _ = try open()
        server.acceptWebSocket()
        let wire =
            WebSocketTesting.frame(1, Array("ab".utf8), final: false) + WebSocketTesting.frame(9, [7])
            + WebSocketTesting.frame(0, Array("cd".utf8), final: false) + WebSocketTesting.frame(0, Array("e".utf8))
        for byte in wire { server.answer([byte]) }
        #expect(log.entries == ["open", "text abcde"])
        let pongs = server.takeFrames()
        #expect(pongs.count == 1 && pongs[0].opcode == 10 && pongs[0].payload == [7])
    }

    @Test(arguments: [
        ([0x80, 0x01, 0x61] as [UInt8], 1002), ([0x01, 0x01, 0x61, 0x81, 0x01, 0x61], 1002),
        ([0xC1, 0x01, 0x61], 1002),
        ([0x81, 0x81, 0, 0, 0, 0, 0x61], 1002), ([0x83, 0x00], 1002), ([0x09, 0x00], 1002),
        ([0x81, 0x7F, 0, 0, 0, 0, 0, 0x10, 0, 0], 1009), ([0x89, 0x7E, 0, 0x7E], 1002),
    ])
    func refusesWhatTheProtocolForbids(_ row: ([UInt8], Int)) throws {
        _ = try open()
        server.acceptWebSocket()
        server.answer(row.0)
        network.run()
        #expect(log.entries.count == 2)
        #expect(log.entries.last?.hasPrefix("failed the server") == true)
        let closes = server.takeFrames().filter { $0.opcode == 8 }
        #expect(closes.first.map { Int($0.payload[0]) << 8 | Int($0.payload[1]) } == row.1)
        #expect(network.client.counters.isQuiet)
    }

    @Test func refusesAMessageThatGrowsTooLong() throws {
        _ = try open()
        server.acceptWebSocket()
        let piece = [UInt8](repeating: 0, count: 30_000)
        server.answer(WebSocketTesting.frame(2, piece, final: false))
        server.answer(WebSocketTesting.frame(0, piece, final: false))
        server.answer(WebSocketTesting.frame(0, piece, final: true))
        network.run()
        #expect(log.entries == ["open", "failed the server sent more than 70000 bytes in one message"])
    }

    @Test func tellsWhyAnUpgradeWasRefused() throws {
        var refusal: UpgradeRefusal?
        _ = network.client.openWebSocket(try WebURL("ws://server/"), headers: HeaderList(), on: network.loop) {
            if case .failed(.upgradeRefused(let given)) = $0 { refusal = given }
        }
        server.answer("HTTP/1.1 401 Unauthorized\r\nDG-Error: bad key\r\nContent-Length: 4000\r\n\r\n")
        server.answer(String(repeating: "x", count: 4_000))
        network.run()
        #expect(refusal?.status == 401)
        #expect(refusal?.headers["dg-error"] == "bad key")
        #expect(refusal?.bodyStart.utf8.count == UpgradeRefusal.maximumBodyBytes)
        #expect(network.client.counters.isQuiet)
    }

    @Test func refusalWithoutItsBodyIsStillARefusal() throws {
        _ = try open()
        server.answer("HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\npart")
        server.cut()
        network.run()
        #expect(log.entries == ["failed the server answered 503 instead of opening a WebSocket"])
    }

    @Test func refusesAnAnswerToAnotherKey() throws {
        _ = try open()
        server.answer(
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n")
        network.run()
        #expect(
            log.entries == [
                "failed the server broke the protocol: the answer to the WebSocket upgrade does not match the request"
            ])
        #expect(network.client.counters.isQuiet)
    }

    @Test func timesOut() throws {
        network.behaviour = .never
        _ = try open()
        network.advance(.seconds(5))
        #expect(log.entries == ["failed timed out while connecting"])
        log.entries = []
        network.behaviour = .accept
        _ = try open()
        network.advance(.seconds(5))
        #expect(log.entries == ["failed timed out while opening the WebSocket"])
        network.advance(.hours(1))
        #expect(network.client.counters.isQuiet)
    }

    @Test func keepsABoundedQueueUntilOpen() throws {
        let socket = try open()
        let message = [UInt8](repeating: 1, count: 386)  // a frame of 400 bytes less its short header
        #expect(socket.send(text: message))
        #expect(socket.send(text: message))
        #expect(!socket.send(text: message))
        server.acceptWebSocket()
        #expect(server.takeFrames().count == 2)
        #expect(socket.queuedBytes == 0)
    }

    @Test func waitsWhileTheNetworkIsFull() throws {
        let socket = try open()
        server.acceptWebSocket()
        server.channel.isWritable = false
        #expect(socket.send(text: [0x61]))
        #expect(server.takeFrames().isEmpty)
        #expect(socket.queuedBytes == 7)
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        #expect(socket.send(text: [0x62]))
        #expect(server.takeTexts() == ["a", "b"])
    }

    @Test func noticesADeadPeer() throws {
        _ = try open()
        server.acceptWebSocket()
        network.advance(.seconds(20))
        #expect(server.takeFrames().map(\.opcode) == [9])
        server.answer(WebSocketTesting.frame(10, []))
        network.advance(.seconds(20))
        #expect(server.takeFrames().map(\.opcode) == [9])
        network.advance(.seconds(10))
        #expect(log.entries == ["open", "failed timed out while waiting for the answer to a ping"])
        #expect(network.client.counters.isQuiet)
    }

    @Test func reportsAnEndWithoutGoodbyeAndAClose() throws {
        _ = try open()
        server.acceptWebSocket()
        server.cut()
        #expect(log.entries == ["open", "closed - "])
        log.entries = []
        _ = try open()
        server.acceptWebSocket()
        server.sendClose(1011, "NET-0001")
        #expect(log.entries == ["open", "closed 1011 NET-0001"])
        #expect(server.takeFrames().map(\.opcode) == [8])
        #expect(network.client.counters.isQuiet)
    }

    @Test func closeDoesNotWaitForever() throws {
        let socket = try open()
        socket.close()
        server.acceptWebSocket()
        #expect(server.takeFrames().map(\.opcode) == [8])
        network.advance(.seconds(1))
        #expect(log.entries == ["open", "closed - "])
        #expect(network.client.counters.isQuiet)
    }

    @Test func abortIsSilent() throws {
        let socket = try open()
        socket.abort()
        network.run()
        let other = try open()
        server.acceptWebSocket()
        other.abort()
        network.run()
        #expect(log.entries == ["open"])
        #expect(network.client.counters.isQuiet)
    }
}
