import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// One stream of any wire in virtual time: the whole pipeline, from bytes to bytes. `ScriptedHost` is its host.
final class StreamLine {
    let host = ScriptedHost()
    let calls = CarrierCalls(most: 10)
    let control = ScriptedControl()
    let park: CallPark?
    let channel = EmbeddedChannel()
    private var received: [UInt8] = []

    /// - Parameter wire: Made once, for the one stream.
    init(_ wire: any StreamWire, hasControl: Bool = true, park: CallPark? = nil, log: Log = .none) throws {
        self.park = park
        let bound = NIOLoopBound(wire, eventLoop: channel.eventLoop)
        let context = MediaStreamContext(
            host: host, calls: calls, log: log, control: hasControl ? control : nil, park: park)
        let route = ServerRoute(
            ["GET"], "/:agent",
            .webSocket { (request) throws(ServerResponse) in
                let agent = request.parameters["agent"] ?? ""
                return { MediaStreamCall(context: context, wire: bound.value, agent: agent, eventLoop: $0) }
            })
        try HTTPServer.configure(channel, router: ServerRouter([route]), limits: ServerLimits())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        send(Array(ClientFrames.handshake("/reception").utf8))
        let answer = String(decoding: takeBytes(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
    }

    func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func say(_ texts: String...) { for text in texts { send(ClientFrames.text(text)) } }
    func say(binary: [UInt8]) { send(ClientFrames.frame(binary, opcode: 2)) }
    func advance(_ milliseconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds)) }

    private func takeBytes() -> [UInt8] {
        while let part = try? channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { received += Array(buffer.readableBytesView) }
        }
        defer { received = [] }
        return received
    }

    /// What was sent since the last call; pings left out.
    func takeFrames() -> [ServerFrame] {
        var bytes = takeBytes()
        let frames = ServerFrame.take(from: &bytes)
        received = bytes
        return (frames ?? []).filter { $0.opcode != 9 }
    }

    func takeTexts() -> [String] { takeFrames().filter { $0.opcode == 1 }.map(\.text) }

    /// Ends the connection; nothing may be left.
    func close() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(calls.count == 0)
        #expect(host.live == 0)
    }
}
