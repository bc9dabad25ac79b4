import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// One connection in virtual time, from bytes to bytes.
private final class Line {
    let host = ScriptedHost()
    let calls: CarrierCalls
    let channel = EmbeddedChannel()

    init(agent: String = "reception", calls most: Int = 10, limits: ServerLimits = ServerLimits()) throws {
        calls = CarrierCalls(most: most)
        let peer = AudioSocketServer.peer(
            ServerDocument.AudioSocket(port: 0, agent: agent), host: host, calls: calls, log: .none)
        try ByteServer.configure(channel, peer: peer(channel.eventLoop), limits: limits)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// Everything written since the last call.
    func take() -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }

    func start() { send(AudioSocketSays.identifier + AudioSocketSays.audio()) }

    func close() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(calls.count == 0)
        #expect(host.live == 0)
    }
}

@Suite struct AudioSocketCallTests {
    @Test func aWholeCall() throws {
        let line = try Line()
        line.start()
        #expect(line.calls.count == 1)
        let setup = try #require(line.host.setups.first)
        #expect(setup.agent == "reception" && setup.callID == AudioSocketSays.id)
        #expect(setup.variables == ["uuid": AudioSocketSays.id])
        #expect(setup.input.encoding == .pcm16 && setup.input.sampleRate == 8_000 && setup.output == setup.input)
        #expect(setup.wantsSilence && setup.leadMilliseconds == 0 && setup.frameMilliseconds == 20)
        // The echo, framed: what arrived is what leaves.
        #expect(line.take() == AudioSocketSays.audio())
        line.send(AudioSocketSays.digit("#"))
        _ = try? line.channel.close().wait()
        #expect(line.host.notes == ["digits #", "closed: the client closed the connection"])
        line.close()
    }

    /// [bytes] that are to wait in the socket, as it was told last.
    @Test func framesThatMayWaitStayInTheSocket() throws {
        let line = try Line()
        func threshold() -> Int? { line.channel.options.compactMap { $0.value as? Int }.last }
        line.start()
        #expect(threshold() == nil)
        line.send(AudioSocketSays.digit("2"))
        #expect(threshold() == 3 * (320 + 3) / 2, "half a message less than two")
        line.send(AudioSocketSays.digit("1"))
        #expect(threshold() == 1)
        line.close()
    }

    @Test(arguments: [
        (UInt8(0x10), 8_000, 20), (0x11, 12_000, 20), (0x12, 16_000, 20), (0x13, 24_000, 20), (0x14, 32_000, 20),
        (0x15, 44_100, 10), (0x16, 48_000, 10),
    ])
    func theFirstAudioTellsTheRate(kind: UInt8, rate: Int, frame: Int) throws {
        let line = try Line()
        line.send(AudioSocketSays.identifier)
        #expect(line.host.setups.isEmpty)
        let audio = AudioSocketSays.audio(kind, samples: rate / 50)
        line.send(audio)
        let setup = try #require(line.host.setups.first)
        #expect(setup.input.sampleRate == rate && setup.output.sampleRate == rate && setup.frameMilliseconds == frame)
        #expect(line.take() == audio)
        line.close()
    }

    @Test(arguments: [(UInt8(0x17), 96_000), (0x18, 192_000)])
    func ratesBeyondTheEnginesAreConverted(kind: UInt8, rate: Int) throws {
        let line = try Line()
        line.send(AudioSocketSays.identifier)
        for _ in 0..<50 { line.send(AudioSocketSays.audio(kind, samples: rate / 50)) }
        let setup = try #require(line.host.setups.first)
        #expect(setup.input.sampleRate == 48_000)
        // A second at 48 kHz, less what the converter holds back.
        #expect((90_000...96_000).contains(line.host.audioBytes))
        let answer = line.take()
        #expect(answer.first == 0x16)
        line.close()
    }

    @Test func aSilentCallerIsAnsweredAtTheUsualRate() throws {
        let line = try Line()
        line.send(AudioSocketSays.identifier)
        line.advance(.milliseconds(199))
        #expect(line.host.setups.isEmpty)
        line.advance(.milliseconds(1))
        #expect(line.host.setups.first?.input.sampleRate == 8_000)
        // Audio that comes later at another rate is brought to the call's.
        for _ in 0..<50 { line.send(AudioSocketSays.audio(0x12, samples: 320)) }
        #expect((15_000...16_000).contains(line.host.audioBytes))
        line.close()
    }

    @Test func theAgentsGoodbyeIsHeardOut() throws {
        let line = try Line()
        line.start()
        _ = line.take()
        line.send(AudioSocketSays.digit("0"))
        #expect(line.calls.count == 0)
        line.advance(.milliseconds(149))
        #expect(line.take().isEmpty)
        line.advance(.milliseconds(1))
        #expect(line.take() == AudioSocketSays.terminate)
        line.advance(.seconds(1))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func theServersEndIsImmediate() throws {
        let line = try Line()
        line.start()
        _ = line.take()
        line.calls.endAll(reason: "the server stops")
        line.channel.embeddedEventLoop.run()
        #expect(line.take() == AudioSocketSays.terminate)
        #expect(line.host.notes == ["closed: the server stops"])
        line.close()
    }

    @Test func whatTheProtocolLacksIsRefused() throws {
        let line = try Line()
        line.start()
        line.send(AudioSocketSays.digit("5") + AudioSocketSays.digit("9"))
        // The echo session counts bytes for samples: all that was sent will be heard.
        #expect(line.host.notes == ["digits 5", "transfer false", "digits 9", "heard 320"])
        line.close()
    }

    @Test func aClientThatNamesNoCallIsClosed() throws {
        let line = try Line()
        line.advance(.milliseconds(9_999))
        #expect(line.channel.isActive)
        line.advance(.milliseconds(1))
        #expect(line.take() == AudioSocketSays.terminate)
        line.advance(.seconds(1))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func aRefusedCallGoesOnInTheDialplan() throws {
        let unknown = try Line(agent: "nobody")
        unknown.start()
        #expect(unknown.take() == AudioSocketSays.terminate)
        unknown.close()
        let full = try Line()
        full.calls.startDraining()
        full.start()
        #expect(full.take() == AudioSocketSays.terminate)
        #expect(full.host.setups.isEmpty)
        full.close()
    }

    @Test func anotherProtocolIsClosed() throws {
        let line = try Line()
        line.send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        line.send([UInt8](repeating: 0x10, count: 70_000))
        line.advance(.seconds(11))
        #expect(!line.channel.isActive && line.host.setups.isEmpty)
        line.close()
    }

    @Test func anyBytesLeaveNothingBehind() throws {
        var random = SeededRandom(seed: 13)
        for _ in 0..<200 {
            let line = try Line()
            if Bool.random(using: &random) { line.start() }
            for _ in 0..<8 {
                let kind: UInt8 = [0, 1, 2, 3, 0x10, 0x12, 0x18, 0x19, 0xFF].randomElement(using: &random) ?? 0
                let payload = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    UInt8.random(in: 0x2F...0x3A, using: &random)
                }
                line.send(AudioSocketSays.frame(kind, payload))
                line.advance(.milliseconds(Int64.random(in: 0...300, using: &random)))
            }
            line.close()
        }
    }
}
