import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineNet

@testable import VoiceEngineCarrier

/// A connection whose next write fails. NIO then reads what is left of the socket, and closes it, before `write` returns.
private final class BrokenConnection: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    /// Read while the write fails; nil: writes succeed.
    var left: [UInt8]?

    func flush(context: ChannelHandlerContext) {
        guard let bytes = left else { return context.flush() }
        left = nil
        context.fireChannelRead(NIOAny(ByteBuffer(bytes: bytes)))
        context.close(promise: nil)
    }
}

/// Answers each message, and notices when it is called inside of its own answer.
private final class Answerer: ServerWebSocketPeer, ServerBytePeer {
    private(set) var heard: [String] = []
    private(set) var ends = 0
    private(set) var calledInside = 0
    private var depth = 0
    private var answer: ((UnsafeRawBufferPointer) -> Void)?

    func opened(_ socket: ServerWebSocket) {
        answer = { message in
            socket.send(text: message)
            socket.flush()
        }
    }

    func opened(_ stream: ServerByteStream) {
        answer = { message in
            stream.send { $0.writeBytes(message) }
            stream.flush()
        }
    }

    func received(binary: UnsafeRawBufferPointer) {}
    func received(text: UnsafeRawBufferPointer) { received(text) }

    func received(_ bytes: UnsafeRawBufferPointer) {
        noteCall()
        depth += 1
        answer?(bytes)
        // Borrowed until return: whatever the answer has done.
        heard.append(String(decoding: bytes, as: UTF8.self))
        depth -= 1
    }

    func closed(_ reason: String) {
        noteCall()
        ends += 1
    }

    private func noteCall() { calledInside += depth > 0 ? 1 : 0 }
}

@Suite struct BrokenWriteTests {
    private let channel = EmbeddedChannel()
    private let connection = BrokenConnection()
    private let peer = Answerer()

    private func connect() throws {
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandler(connection, position: .first)
    }

    private func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    @Test func aWebSocketsPeerIsNotCalledInsideItsOwnAnswer() throws {
        let bound = NIOLoopBound(peer, eventLoop: channel.eventLoop)
        let route = ServerRoute(["GET"], "/", .webSocket { (_) throws(ServerResponse) in { _ in bound.value } })
        try HTTPServer.configure(channel, router: ServerRouter([route]), limits: ServerLimits())
        try connect()
        send(Array(ClientFrames.handshake("/").utf8))
        send(ClientFrames.text("one"))
        // Longer than what the parser has room for: it would take new memory for it.
        connection.left = ClientFrames.text(String(repeating: "three", count: 1_000))
        send(ClientFrames.text("two") + ClientFrames.text("never"))
        #expect(peer.heard == ["one", "two"])
        #expect(peer.calledInside == 0)
        #expect(peer.ends == 1)
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(peer.ends == 1)
    }

    @Test func aByteStreamsPeerIsNotCalledInsideItsOwnAnswer() throws {
        try ByteServer.configure(channel, peer: peer, limits: ServerLimits())
        try connect()
        send(Array("one".utf8))
        connection.left = Array("three".utf8)
        send(Array("two".utf8))
        #expect(peer.heard == ["one", "two"])
        #expect(peer.calledInside == 0)
        #expect(peer.ends == 1)
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(peer.ends == 1)
    }
}
