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
    var spoken: Int { sink.frames }

    func frame() -> Int64 {
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(20))
        let now = channel.embeddedEventLoop.instant
        let message = frames[number % frames.count]
        number += 1
        return allocations {
            receive(message)
            host.clock.tick(at: now)
            host.clock.tick(at: now + SessionClock.interval)
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
    /// Of audio, 20 ms each.
    private(set) var frames = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = Self.unwrapOutboundIn(data)
        if head.isEmpty { head = String(buffer: bytes) }
        bytes.withUnsafeReadableBytes { count($0) }
        promise?.succeed()
    }

    /// Several frames of audio leave in one write, and in one message.
    private func count(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start + 4 <= bytes.count {
            let isLong = bytes[start + 1] == 126
            let length = isLong ? Int(bytes[start + 2]) << 8 | Int(bytes[start + 3]) : Int(bytes[start + 1])
            // 20 ms are 214 characters of base64. What is around them is shorter, and so is any other message.
            frames += length / 214
            start += (isLong ? 4 : 2) + length
        }
    }

    func flush(context: ChannelHandlerContext) {}
}

/// A host with one session. Of one thread.
///
/// `@unchecked Sendable`: made, used and read by one thread.
private final class FrameHost: CallHost, @unchecked Sendable {
    let ears = CountingEars()
    let clock = FrameSession.clock()
    private(set) var session: Session?
    private let loop: EmbeddedEventLoop

    init(_ loop: EmbeddedEventLoop) { self.loop = loop }

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        let made = FrameSession.make(setup, carrier: carrier, ears: ears, clock: clock, on: loop)
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
