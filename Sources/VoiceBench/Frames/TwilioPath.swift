import NIOCore
import NIOEmbedded
import VoiceEngineCarrier
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineProviders
import VoiceEngineSession

/// A call over Twilio Media Streams: the bytes that a socket would have read, through WebSocket, JSON and base64 to the
/// session, and back to the bytes that it would write.
final class TwilioPath: FramePath {
    private let channel: EmbeddedChannel
    private let sink = OutboundSink()
    private let host: FrameHost
    private let frames: [ByteBuffer]
    private var number = 0

    init(_ situation: FrameSituation) throws {
        frames = situation.frames.map { ByteBuffer(bytes: ClientSide.media($0)) }
        let loop = EmbeddedEventLoop()
        channel = EmbeddedChannel(loop: loop)
        host = FrameHost(loop)
        try channel.pipeline.syncOperations.addHandler(sink)
        let router = CarrierServer.router(
            CarrierServerConfiguration(), host: host, calls: CarrierCalls(most: 1, now: { .zero }))
        try HTTPServer.configure(channel, router: router, limits: ServerLimits())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        receive(ByteBuffer(string: ClientSide.handshake))
        loop.run()
        receive(ByteBuffer(bytes: ClientSide.frame(Array(ClientSide.start.utf8))))
        loop.run()
        guard let session = host.session else {
            throw FramePathError(description: "the stream was not taken: \(sink.head)")
        }
        if situation == .agent { _ = session.say("go on") }
    }

    var heard: Int { host.ears.received }
    /// Every frame out is a message of its own.
    var spoken: Int { sink.messages }

    func frame() -> Int64 {
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(20))
        let now = channel.embeddedEventLoop.instant
        let message = frames[number % frames.count]
        number += 1
        return allocations {
            receive(message)
            host.session?.tick(at: now)
            host.session?.tick(at: now + SessionClock.interval)
        }
    }

    private func receive(_ bytes: ByteBuffer) {
        channel.pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
        channel.pipeline.syncOperations.fireChannelReadComplete()
    }
}

/// Why a path cannot be measured.
struct FramePathError: Error, CustomStringConvertible {
    let description: String
}

/// In place of the socket: takes what is written at once, as a socket does that has room.
private final class OutboundSink: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    /// The first bytes that were written.
    private(set) var head = ""
    private(set) var messages = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = Self.unwrapOutboundIn(data)
        if head.isEmpty { head = String(buffer: bytes) }
        // A media message is longer than any other.
        if bytes.readableBytes > 200 { messages += 1 }
        promise?.succeed()
    }

    func flush(context: ChannelHandlerContext) {}
}

/// A host with one session. Of one thread.
///
/// `@unchecked Sendable`: made, used and read by one thread.
private final class FrameHost: CallHost, @unchecked Sendable {
    let ears = CountingEars()
    private(set) var session: Session?
    private let loop: EmbeddedEventLoop

    init(_ loop: EmbeddedEventLoop) { self.loop = loop }

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        let made = FrameSession.make(setup, carrier: carrier, ears: ears, on: loop)
        do {
            try made.start()
        } catch {
            throw CallRefusal(.failed, "\(error)")
        }
        session = made
        return made
    }

    func admit(agent: String) throws(CallRefusal) {}
    var isReady: Bool { true }
    var agentNames: [String] { ["frames"] }
    func metricsText() -> String { "" }
}

/// Twilio's half of a stream, as bytes.
private enum ClientSide {
    static let handshake =
        "GET /twilio/media/frames HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    static let start =
        #"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","#
        + #""tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"#
        + #""customParameters":{}},"streamSid":"MZ1"}"#

    static func media(_ audio: [UInt8]) -> [UInt8] {
        let head =
            #"{"event":"media","sequenceNumber":"4242","media":{"track":"inbound","chunk":"4241","timestamp":"84800","#
            + #""payload":""#
        return frame(Array(head.utf8) + base64(audio) + Array(#""},"streamSid":"MZ1"}"#.utf8))
    }

    private static func base64(_ audio: [UInt8]) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(audio.count))
        var target = text.mutableSpan
        let count = (try? Base64.encode(audio.span, into: &target)) ?? 0
        return Array(text.prefix(count))
    }

    /// A masked text frame.
    static func frame(_ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return [0x81] + length + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }
}
