package import NIOCore
package import NIOEmbedded
package import VoiceEngineNet

/// A network in memory, on one embedded loop in virtual time: the test is the server.
///
/// - Important: `@unchecked` because `Transport` asks for it; everything happens on the thread of the one test that
/// made it.
package final class ScriptedNetwork: @unchecked Sendable {
    package enum Behaviour { case accept, refuse, never }

    package let loop = EmbeddedEventLoop()
    package private(set) var connections: [ScriptedConnection] = []
    /// What happens to the next connections.
    package var behaviour = Behaviour.accept
    /// How long that takes.
    package var delay = TimeAmount.zero
    package private(set) var client: NetworkClient!

    package init(_ configure: (inout NetworkClient.Configuration) -> Void = { _ in }) throws {
        var configuration = NetworkClient.Configuration()
        // Whatever the machine that runs the tests has in its environment.
        configuration.proxies = .direct
        configure(&configuration)
        client = try NetworkClient(
            configuration,
            transport: Transport { [unowned self] origin, _, _, initializer in
                connect(origin, initializer)
            })
    }

    private func connect(
        _ origin: Origin, _ initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel> {
        switch behaviour {
        case .refuse: return loop.makeFailedFuture(IOError(errnoCode: 111, reason: "connect"))
        case .never: return loop.makePromise(of: (any Channel).self).neverCompleted(loop)
        case .accept: break
        }
        let promise = loop.makePromise(of: (any Channel).self)
        if delay > .zero {
            loop.assumeIsolated().scheduleTask(in: delay) { self.accept(origin, promise, initializer) }
        } else {
            accept(origin, promise, initializer)
        }
        return promise.futureResult
    }

    private func accept(
        _ origin: Origin, _ promise: EventLoopPromise<any Channel>,
        _ initializer: @Sendable (any Channel) -> EventLoopFuture<Void>
    ) {
        let channel = EmbeddedChannel(loop: loop)
        initializer(channel).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error): promise.fail(error)
            case .success:
                self.connections.append(ScriptedConnection(channel, origin))
                promise.succeed(channel)
                if let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 1) {
                    channel.connect(to: address, promise: nil)
                }
            }
        }
    }

    /// Lets everything happen that is due now.
    package func run() { loop.run() }

    package func advance(_ time: TimeAmount) { loop.advanceTime(by: time) }
}

extension EventLoopPromise where Value == any Channel {
    /// A connection attempt that is only ended by its own deadline; failed later so that no promise leaks.
    fileprivate func neverCompleted(_ loop: EmbeddedEventLoop) -> EventLoopFuture<any Channel> {
        loop.scheduleTask(in: .hours(1)) { self.fail(ChannelError.connectTimeout(.hours(1))) }
        return futureResult
    }
}

/// The server's end of one connection.
package final class ScriptedConnection {
    package let channel: EmbeddedChannel
    package let origin: Origin
    private var received: [UInt8] = []
    private var frames: [UInt8] = []

    init(_ channel: EmbeddedChannel, _ origin: Origin) {
        self.channel = channel
        self.origin = origin
    }

    package var isOpen: Bool { channel.isActive }

    /// The client reads what comes.
    package var isRead: Bool {
        channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool ?? true
    }

    /// What the client has sent since the last call.
    package func takeBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    package func takeText() -> String { String(decoding: takeBytes(), as: UTF8.self) }

    package func answer(_ text: String) { answer(Array(text.utf8)) }

    package func answer(_ bytes: [UInt8]) {
        guard channel.isActive else { return }
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        channel.embeddedEventLoop.run()
    }

    /// The connection ends without a word.
    package func cut() {
        guard channel.isActive else { return }
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
    }

    // MARK: WebSocket

    /// Reads the upgrade request and accepts it.
    ///
    /// - Returns: the request line and header fields, as sent.
    @discardableResult
    package func acceptWebSocket(extra: String = "", then more: [UInt8] = []) -> [String] {
        let request = takeText()
        let lines = request.split(separator: "\r\n").map(String.init)
        let key = lines.first { $0.lowercased().hasPrefix("sec-websocket-key:") }.map { String($0.dropFirst(18)) } ?? ""
        let accept = WebSocketTesting.accept(key.filter { $0 != " " })
        answer(
            Array(
                ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: \(accept)\r\n\(extra)\r\n").utf8) + more)
        return lines
    }

    /// Messages that the client has sent: opcode and payload, unmasked. Traps nothing: an unfinished frame stays.
    package func takeFrames() -> [(opcode: UInt8, payload: [UInt8])] {
        frames += takeBytes()
        var result: [(UInt8, [UInt8])] = []
        while frames.count >= 6 {
            var length = Int(frames[1] & 0x7F)
            var header = 2
            if length == 126 {
                length = Int(frames[2]) << 8 | Int(frames[3])
                header = 4
            } else if length == 127 {
                guard frames.count >= 10 else { break }
                length = frames[2..<10].reduce(0) { $0 << 8 | Int($1) }
                header = 10
            }
            guard frames.count >= header + 4 + length else { break }
            let mask = Array(frames[header..<header + 4])
            let payload = frames[(header + 4)..<(header + 4 + length)].enumerated().map { $1 ^ mask[$0 & 3] }
            result.append((frames[0] & 0x0F, payload))
            frames.removeFirst(header + 4 + length)
        }
        return result
    }

    /// The client's text messages.
    package func takeTexts() -> [String] {
        takeFrames().filter { $0.opcode == 1 }.map { String(decoding: $0.payload, as: UTF8.self) }
    }

    package func send(text: String) { answer(WebSocketTesting.frame(1, Array(text.utf8))) }
    package func send(binary: [UInt8]) { answer(WebSocketTesting.frame(2, binary)) }
    package func sendClose(_ code: UInt16, _ reason: String = "") {
        answer(WebSocketTesting.frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8)))
    }
}

/// What a WebSocket server puts on the wire.
package enum WebSocketTesting {
    package static func frame(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [(final ? 0x80 : 0) | opcode]
        if payload.count < 126 {
            bytes.append(UInt8(payload.count))
        } else if payload.count < 65_536 {
            bytes += [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        } else {
            bytes.append(127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return bytes + payload
    }

    package static func accept(_ key: String) -> String { WebSocketClient.acceptValue(forKey: key) }
}
