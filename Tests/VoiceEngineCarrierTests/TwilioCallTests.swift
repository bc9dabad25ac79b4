import Foundation
import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// One connection to the server in virtual time: the whole pipeline, from bytes to bytes.
private final class Line {
    let host = ScriptedHost()
    let calls: CarrierCalls
    let channel: EmbeddedChannel
    private var received: [UInt8] = []

    init(calls most: Int = 10, token: String? = nil, limits: ServerLimits = ServerLimits()) throws {
        calls = CarrierCalls(most: most)
        var configuration = CarrierServerConfiguration()
        configuration.settings.twilio.authToken = token.map { Secret(variable: "TOKEN", value: $0) }
        let router = CarrierServer.router(configuration, host: host, calls: calls)
        channel = EmbeddedChannel()
        try HTTPServer.configure(channel, router: router, limits: limits)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func send(_ text: String) { send(Array(text.utf8)) }
    func say(_ texts: String...) { for text in texts { send(ClientFrames.text(text)) } }
    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// Everything written since the last call, as bytes.
    func takeBytes() -> [UInt8] {
        while let part = try? channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { received += Array(buffer.readableBytesView) }
        }
        defer { received = [] }
        return received
    }

    func takeText() -> String { String(decoding: takeBytes(), as: UTF8.self) }

    func takeFrames() -> [ServerFrame] {
        var bytes = takeBytes()
        let frames = ServerFrame.take(from: &bytes)
        received = bytes
        return frames ?? []
    }

    /// Shakes hands and, if wanted, starts the call.
    func open(_ path: String = "/twilio/media/reception", start: Bool = true) {
        send(ClientFrames.handshake(path))
        let answer = takeText()
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(answer.contains("Sec-WebSocket-Accept: \(ClientFrames.accept)\r\n"))
        if start { say(TwilioSays.connected, TwilioSays.start()) }
    }

    func close() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(calls.count == 0)
        #expect(host.live == 0)
    }
}

@Suite struct TwilioCallTests {
    @Test func aWholeCall() throws {
        let line = try Line()
        line.open()
        #expect(line.calls.count == 1)
        let setup = try #require(line.host.setups.first)
        #expect(setup.agent == "reception")
        #expect(setup.callID == "CA1")
        #expect(
            setup.variables == [
                "caller": "+15551", "called": "+15552", "tenant": "acme", "callSid": "CA1", "accountSid": "AC1",
            ])
        #expect(setup.input == .telephone && setup.output == .telephone)

        for number in 3..<15 { line.say(TwilioSays.media(TwilioSays.silence, number: number)) }
        let frames = line.takeFrames()
        let echo = #"{"event":"media","streamSid":"MZ1","media":{"payload":"\#(TwilioSays.silence)"}}"#
        #expect(frames.filter { $0.text == echo }.count == 12)
        #expect(
            frames.filter { $0.text != echo }.map(\.text) == [
                #"{"event":"mark","streamSid":"MZ1","mark":{"name":"v1"}}"#
            ])
        line.say(TwilioSays.mark("v1"), TwilioSays.dtmf("#"), TwilioSays.stop)
        #expect(line.host.notes == ["digits #", "closed: the caller hung up"])
        #expect(line.takeFrames().last?.closeCode == 1000)
        line.close()
    }

    @Test func framesThatLeaveTogetherAreOneMessage() throws {
        let line = try Line()
        line.open()
        let audio = (UInt8(1)...3).flatMap { [UInt8](repeating: $0, count: 160) }
        let payload = Data(audio).base64EncodedString()
        let message = #"{"event":"media","streamSid":"MZ1","media":{"payload":"\#(payload)"}}"#
        line.say(TwilioSays.dtmf("3"))
        #expect(line.takeFrames().map(\.text) == [message])
        for _ in 0..<3 { line.say(TwilioSays.dtmf("3")) }
        let mark = #"{"event":"mark","streamSid":"MZ1","mark":{"name":"v1"}}"#
        #expect(line.takeFrames().map(\.text) == [message, message, message, mark], "a mark after 240 ms")
        line.say(TwilioSays.dtmf("9"))
        #expect(line.takeFrames().map(\.text) == [#"{"event":"clear","streamSid":"MZ1"}"#])
        line.close()
    }

    @Test func aMarkFollowsTheLastWord() throws {
        let line = try Line()
        line.open()
        line.say(TwilioSays.media(TwilioSays.silence))
        #expect(line.takeFrames().count == 1)
        line.advance(.milliseconds(390))
        #expect(line.takeFrames().isEmpty)
        line.advance(.milliseconds(60))
        #expect(line.takeFrames().map(\.text) == [#"{"event":"mark","streamSid":"MZ1","mark":{"name":"v1"}}"#])
        line.advance(.seconds(4))
        #expect(line.takeFrames().isEmpty)
        line.close()
    }

    @Test func aMarkGoesWithTheLastWordWhereThatIsKnown() throws {
        let line = try Line()
        line.open()
        line.say(TwilioSays.dtmf("4"))
        let payload = Data([UInt8](repeating: 4, count: 160)).base64EncodedString()
        #expect(
            line.takeFrames().map(\.text) == [
                #"{"event":"media","streamSid":"MZ1","media":{"payload":"\#(payload)"}}"#,
                #"{"event":"mark","streamSid":"MZ1","mark":{"name":"v1"}}"#,
            ])
        line.advance(.seconds(4))
        #expect(line.takeFrames().isEmpty, "and none later")
        line.close()
    }

    @Test func aCutClearsOnlyWhatMayStillBeUnheard() throws {
        let line = try Line()
        line.open()
        line.say(TwilioSays.dtmf("9"))
        #expect(line.takeFrames().isEmpty)
        line.say(TwilioSays.media(TwilioSays.silence), TwilioSays.dtmf("9"))
        #expect(line.takeFrames().last?.text == #"{"event":"clear","streamSid":"MZ1"}"#)
        line.say(TwilioSays.dtmf("9"))
        #expect(line.takeFrames().isEmpty)
        #expect(line.host.notes.contains("heard 0"))
        line.close()
    }

    @Test func hangingUpClosesTheStreamSoThatTwilioGoesOn() throws {
        let line = try Line()
        line.open()
        line.say(TwilioSays.dtmf("5"), TwilioSays.dtmf("0"))
        let frame = try #require(line.takeFrames().last)
        #expect(frame.closeCode == 1000)
        #expect(frame.closeReason == "all said")
        #expect(line.host.notes.contains("transfer false"))
        #expect(line.calls.count == 0)
        line.send(ClientFrames.frame([3, 0xE8], opcode: 8))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func theAgentMayComeAsAParameter() throws {
        let line = try Line()
        line.open("/twilio/media", start: false)
        line.say(TwilioSays.start(parameters: #"{"agent":"agent & co"}"#))
        #expect(line.host.setups.first?.agent == "agent & co")
        #expect(line.host.setups.first?.variables["agent"] == nil)
        line.close()
    }

    @Test func theLineGoingDeadEndsTheCall() throws {
        let line = try Line()
        line.open()
        _ = try line.channel.finish(acceptAlreadyClosed: true)
        #expect(line.host.notes == ["closed: the client closed the connection without a close frame"])
        line.close()
    }

    @Test func aSilentClientIsClosedAfterTenSeconds() throws {
        let line = try Line()
        line.open(start: false)
        line.say(TwilioSays.connected)
        line.advance(.milliseconds(9_999))
        #expect(line.takeFrames().isEmpty)
        line.advance(.milliseconds(1))
        #expect(line.takeFrames().first?.closeCode == 1008)
        line.advance(.seconds(2))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func aHalfOpenConnectionIsFoundByPings() throws {
        let line = try Line()
        line.open()
        line.advance(.seconds(25))
        #expect(line.takeFrames().map(\.opcode) == [9])
        line.send(ClientFrames.frame([], opcode: 10))
        line.advance(.seconds(25))
        #expect(line.takeFrames().map(\.opcode) == [9])
        #expect(line.calls.count == 1)
        line.advance(.seconds(25))
        #expect(!line.channel.isActive)
        #expect(line.host.notes == ["closed: the client has been silent and did not answer a ping"])
        line.close()
    }

    @Test func pingsAndFragmentsAreAnswered() throws {
        let line = try Line()
        line.open()
        let text = Array(TwilioSays.media("AAEC").utf8)
        line.send(ClientFrames.frame(Array(text[..<30]), fin: false))
        line.send(ClientFrames.frame(Array("there?".utf8), opcode: 9))
        line.send(ClientFrames.frame(Array(text[30...]), opcode: 0))
        let frames = line.takeFrames()
        #expect(frames.first == ServerFrame(opcode: 10, payload: Array("there?".utf8)))
        #expect(frames.last?.text == #"{"event":"media","streamSid":"MZ1","media":{"payload":"AAEC"}}"#)
        line.close()
    }

    @Test func aCallIsTheSameInAnySplitOfItsBytes() throws {
        var stream = Array(ClientFrames.handshake("/twilio/media/reception").utf8)
        for text in [
            TwilioSays.connected, TwilioSays.start(), TwilioSays.media(TwilioSays.silence), TwilioSays.dtmf("9"),
            TwilioSays.media("AAEC"), TwilioSays.stop,
        ] { stream += ClientFrames.text(text) }
        var outputs: Set<[UInt8]> = []
        var random = SeededRandom(seed: 3)
        for round in 0..<30 {
            let line = try Line()
            var rest = stream[...]
            while !rest.isEmpty {
                let most = round == 0 ? rest.count : round == 1 ? 1 : min(200, rest.count)
                let count = round < 2 ? most : Int.random(in: 1...most, using: &random)
                line.send(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            outputs.insert(line.takeBytes())
            #expect(line.host.notes == ["digits 9", "heard 0", "closed: the caller hung up"])
            line.close()
        }
        #expect(outputs.count == 1)
    }

    // MARK: Bad input

    @Test func garbageIsForgivenUntilItIsTooMuch() throws {
        let line = try Line()
        line.open()
        line.say("{", TwilioSays.start(), #"{"event":"galaxy"}"#, TwilioSays.media("AAAAA"), TwilioSays.mark("v77"))
        line.say(TwilioSays.media("AAEC"))
        #expect(line.takeFrames().count == 1)
        for _ in 0..<20 { line.say("nonsense") }
        let frame = try #require(line.takeFrames().last)
        #expect(frame.closeCode == 1008)
        #expect(frame.closeReason == "message: expected an object at byte 0")
        #expect(line.calls.count == 0)
        line.close()
    }

    @Test func mediaBeforeStartIsNotTaken() throws {
        let line = try Line()
        line.open(start: false)
        line.say(TwilioSays.media("AAEC"))
        #expect(line.host.audioBytes == 0)
        line.say(TwilioSays.start(), TwilioSays.media("AAEC"))
        #expect(line.host.audioBytes == 3)
        line.close()
    }

    @Test func binaryMessagesAndOtherFormatsAreClosedWith1003() throws {
        let binary = try Line()
        binary.open()
        binary.send(ClientFrames.frame([1, 2, 3], opcode: 2))
        #expect(binary.takeFrames().last?.closeCode == 1003)
        binary.close()

        let format = try Line()
        format.open(start: false)
        format.say(TwilioSays.start().replacing("audio/x-mulaw", with: "audio/l16"))
        let frame = try #require(format.takeFrames().last)
        #expect(frame.closeCode == 1003)
        #expect(frame.closeReason.hasPrefix("start.mediaFormat: expected audio/x-mulaw"))
        format.close()
    }

    @Test func aTwoMegabyteMessageClosesItsConnectionWith1009() throws {
        let line = try Line()
        line.open()
        let bytes = ClientFrames.frame([UInt8](repeating: 65, count: 2 << 20))
        for start in stride(from: 0, to: bytes.count, by: 4_096) {
            line.send(Array(bytes[start..<min(start + 4_096, bytes.count)]))
        }
        #expect(line.takeFrames().map(\.closeCode) == [1009])
        #expect(line.calls.count == 0)
        line.advance(.seconds(2))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func refusalsCloseTheStreamWithTheReason() throws {
        for (kind, code) in [
            (CallRefusal.Kind.full, 1013), (.draining, 1013), (.notReady, 1013), (.failed, 1011), (.badRequest, 1008),
        ] {
            let line = try Line()
            line.host.set { $0.refusal = CallRefusal(kind, "no \(kind)") }
            line.open()
            let frame = try #require(line.takeFrames().last)
            #expect(frame.closeCode == code)
            #expect(frame.closeReason == "no \(kind)")
            line.close()
        }
        let full = try Line(calls: 1)
        let other = MediaStreamCall(
            context: MediaStreamContext(host: full.host, calls: full.calls, log: .none), wire: TwilioWire(), agent: "",
            eventLoop: full.channel.eventLoop)
        try full.calls.add(other, on: full.channel.eventLoop)
        full.open()
        #expect(full.takeFrames().last?.closeCode == 1013)
        full.calls.remove(other)
        full.close()
    }

    /// Broken streams, many times: whatever comes, the counters return to zero.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func randomStreamsLeaveNothingBehind(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<150 {
            let line = try Line()
            var stream = Array(ClientFrames.handshake("/twilio/media/reception").utf8)
            for text in [
                TwilioSays.connected, TwilioSays.start(), TwilioSays.media(TwilioSays.silence), TwilioSays.mark("v1"),
                TwilioSays.dtmf("9"), TwilioSays.media("AAEC"), TwilioSays.dtmf("0"),
            ] { stream += ClientFrames.text(text) }
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let place = Int.random(in: 0..<stream.count, using: &random)
                if Bool.random(using: &random) {
                    stream[place] = .random(in: 0...255, using: &random)
                } else {
                    stream.removeSubrange(place..<min(stream.count, place + 7))
                }
            }
            line.send(stream)
            if Bool.random(using: &random) { line.advance(.seconds(Int64.random(in: 1...60, using: &random))) }
            line.close()
        }
    }
}

@Suite struct ServerConnectionTests {
    private func get(_ path: String, _ headers: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: h\r\n\(headers)\r\n"
    }

    @Test func answersTheOperator() throws {
        let line = try Line()
        line.send(get("/healthz"))
        #expect(line.takeText().hasSuffix("\r\n\r\nok\n"))
        line.send(get("/readyz"))
        #expect(line.takeText().hasSuffix("ready\n"))
        line.host.set { $0.isReady = false }
        line.send(get("/readyz"))
        let notReady = line.takeText()
        #expect(notReady.hasPrefix("HTTP/1.1 503 "))
        #expect(notReady.contains("not ready: "))
        line.calls.startDraining()
        line.send(get("/readyz"))
        #expect(line.takeText().contains("draining: "))
        line.send(get("/metrics"))
        let metrics = line.takeText()
        #expect(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(metrics.hasSuffix("voice_engine_calls 0\n"))
        line.send(get("/"))
        #expect(line.takeText().contains("libvoiceengine"))
        line.close()
    }

    @Test func refusesWithHelpfulTexts() throws {
        let line = try Line()
        line.send(get("/nothing"))
        #expect(line.takeText().hasPrefix("HTTP/1.1 404 "))
        line.send("DELETE /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        let wrongMethod = line.takeText()
        #expect(wrongMethod.hasPrefix("HTTP/1.1 405 "))
        #expect(wrongMethod.contains("Allow: GET\r\n"))
        line.send("HEAD /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        let head = line.takeText()
        #expect(head.contains("Content-Length: 3\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        line.send(get("/twilio/media/reception"))
        #expect(line.takeText().hasPrefix("HTTP/1.1 426 "))
        // Pipelined requests are answered in order.
        line.send(get("/healthz") + get("/readyz"))
        let both = line.takeText()
        #expect(both.contains("ok\n") && both.hasSuffix("ready\n"))
        line.send(get("/healthz", "Connection: close\r\n"))
        #expect(line.takeText().contains("Connection: close\r\n"))
        line.advance(.seconds(1))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func refusesHandshakesByName() throws {
        for (request, status) in [
            (ClientFrames.handshake("/nothing"), "404"), (ClientFrames.handshake("/healthz"), "400"),
            (ClientFrames.handshake("/twilio/media").replacing("Version: 13", with: "Version: 8"), "426"),
            (ClientFrames.handshake("/twilio/media").replacing(ClientFrames.key, with: "short"), "400"),
        ] {
            let line = try Line()
            line.send(request)
            #expect(line.takeText().hasPrefix("HTTP/1.1 \(status) "), "\(request)")
            line.close()
        }
    }

    @Test func unsignedHandshakesAreRefused() throws {
        let unsigned = try Line(token: "12345")
        unsigned.send(ClientFrames.handshake("/twilio/media"))
        #expect(unsigned.takeText().hasPrefix("HTTP/1.1 403 "))
        unsigned.close()
        let signed = try Line(token: "12345")
        let handshake = ClientFrames.handshake(
            "/twilio/media", headers: ["x-twilio-signature: jnHHJVRuc+5O5HxzOjyUz1Q19Bc="])
        signed.send(handshake.replacing("Host: 127.0.0.1", with: "Host: agent.example.com"))
        #expect(signed.takeText().hasPrefix("HTTP/1.1 101 "))
        signed.close()
    }

    @Test func longBodiesAndHeadersAreRefused() throws {
        let declared = try Line()
        declared.send("POST /twilio/voice HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n")
        #expect(declared.takeText().hasPrefix("HTTP/1.1 413 "))
        declared.close()

        let chunked = try Line()
        chunked.send("POST /twilio/voice HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<9 { chunked.send("2000\r\n" + String(repeating: "x", count: 8_192) + "\r\n") }
        #expect(chunked.takeText().hasPrefix("HTTP/1.1 413 "))
        chunked.close()

        let headers = try Line()
        headers.send(get("/healthz", "X: " + String(repeating: "y", count: 10_000) + "\r\n"))
        let answer = headers.takeText()
        #expect(answer.hasPrefix("HTTP/1.1 431 ") || answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        headers.close()
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ])
    func malformedRequestsAreRefused(text: String) throws {
        let line = try Line()
        line.send(text)
        #expect(line.takeText().hasPrefix("HTTP/1.1 400 "))
        line.advance(.seconds(1))
        #expect(!line.channel.isActive)
        line.close()
    }

    @Test func slowAndIdleClientsAreClosed() throws {
        let idle = try Line()
        idle.advance(.seconds(15))
        #expect(!idle.channel.isActive)
        idle.close()

        let slow = try Line()
        slow.send("POST /twilio/voice HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
        for _ in 0..<15 {
            slow.send("x")
            slow.advance(.seconds(1))
            if !slow.channel.isActive { break }
            if slow.takeText().hasPrefix("HTTP/1.1 408 ") { break }
        }
        slow.advance(.seconds(2))
        #expect(!slow.channel.isActive)
        slow.close()

        let kept = try Line()
        kept.advance(.seconds(14))
        kept.send(get("/healthz"))
        kept.advance(.seconds(14))
        #expect(kept.channel.isActive)
        kept.advance(.seconds(1))
        #expect(!kept.channel.isActive)
        kept.close()
    }

    @Test func anOpenStreamIsNotIdle() throws {
        let line = try Line()
        line.open()
        line.advance(.seconds(20))
        #expect(line.channel.isActive)
        line.close()
    }
}
