import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

/// One browser at the server in virtual time: the whole pipeline, from bytes to bytes.
private final class Browser {
    let host = ScriptedHost()
    let calls: CarrierCalls
    let channel = EmbeddedChannel()
    private var received: [UInt8] = []

    init(calls most: Int = 10, limits: ServerLimits = ServerLimits()) throws {
        calls = CarrierCalls(most: most)
        let router = CarrierServer.router(CarrierServerConfiguration(), host: host, calls: calls)
        try HTTPServer.configure(channel, router: router, limits: limits)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func say(_ texts: String...) { for text in texts { send(ClientFrames.text(text)) } }
    func speak(_ bytes: Int) { send(ClientFrames.frame([UInt8](repeating: 1, count: bytes), opcode: 2)) }
    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    func takeFrames() -> [ServerFrame] {
        while let part = try? channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { received += Array(buffer.readableBytesView) }
        }
        return ServerFrame.take(from: &received) ?? []
    }

    func open(_ path: String = "/browser/call", headers: [String] = [], start: String? = BrowserSays.start) {
        send(Array(ClientFrames.handshake(path, headers: headers).utf8))
        let answer = takeText()
        #expect(answer.hasPrefix("HTTP/1.1 101 "), "\(answer)")
        if let start { say(start) }
    }

    func takeText() -> String {
        _ = takeFrames()
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    func close() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
        #expect(calls.count == 0)
        #expect(host.live == 0)
    }
}

@Suite struct BrowserCallTests {
    @Test func aWholeCall() throws {
        let browser = try Browser()
        browser.open()
        #expect(browser.calls.count == 1)
        let setup = try #require(browser.host.setups.first)
        #expect(setup.agent == "reception")
        #expect(setup.callID.hasPrefix("browser-"))
        #expect(setup.variables == ["business": "Acme", "floor": "3", "direction": "inbound"])
        #expect(setup.input.encoding == .pcm16 && setup.input.sampleRate == 16_000)
        #expect(setup.output.encoding == .pcm16 && setup.output.sampleRate == 24_000)
        #expect(!setup.followsReader && !setup.wantsSilence)

        for _ in 0..<3 { browser.speak(640) }
        let frames = browser.takeFrames()
        #expect(frames.map(\.opcode) == [2, 2, 2])
        #expect(frames.allSatisfy { $0.payload == [UInt8](repeating: 1, count: 640) })
        browser.say(BrowserSays.digits("12"), BrowserSays.hangUp)
        #expect(browser.host.notes == ["digits 12", "closed: the caller hung up"])
        #expect(browser.takeFrames().last?.closeCode == 1000)
        browser.close()
    }

    @Test(arguments: [("/browser/call", "reception"), ("/browser/call/agent%20%26%20co", "agent & co")])
    func theAgentOfTheAddressComesFirst(path: String, agent: String) throws {
        let browser = try Browser()
        browser.open(path)
        #expect(browser.host.setups.first?.agent == agent)
        browser.close()
    }

    /// EchoSession plays what it hears and cuts at 9.
    @Test func aCutIsAskedOfThePlayerAndSettledByIt() throws {
        let browser = try Browser()
        browser.open()
        browser.speak(960)
        browser.say(BrowserSays.played(100), BrowserSays.digits("9"))
        #expect(browser.takeFrames().last?.text == #"{"type":"clear","id":1}"#)
        #expect(browser.host.notes == ["digits 9", "heard 100"])
        browser.say(BrowserSays.cleared(1, 200))
        browser.say(BrowserSays.digits("9"))
        #expect(browser.host.notes.last == "heard 200", "not asked for yet by the session")
        #expect(browser.takeFrames().isEmpty)
        browser.close()
    }

    @Test func theCallIsReportedToThePage() throws {
        let browser = try Browser()
        browser.host.set { $0.reports = true }
        browser.open()
        #expect(browser.takeFrames().map(\.text).first?.hasPrefix(#"{"type":"started""#) == true)
        browser.say(BrowserSays.hangUp)
        let last = browser.takeFrames()
        #expect(last.first?.text.hasPrefix(#"{"type":"ended""#) == true, "before the connection closes")
        #expect(last.last?.closeCode == 1000)
        browser.close()
    }

    @Test func hangingUpByTheAgentClosesTheConnection() throws {
        let browser = try Browser()
        browser.open()
        browser.say(BrowserSays.digits("5"), BrowserSays.digits("0"))
        let frame = try #require(browser.takeFrames().last)
        #expect(frame.closeCode == 1000)
        #expect(frame.closeReason == "all said")
        #expect(browser.host.notes.contains("transfer false"))
        #expect(browser.calls.count == 0)
        browser.close()
    }

    @Test(arguments: [
        (CallRefusal.Kind.full, 1013), (.draining, 1013), (.notReady, 1013), (.unknownAgent, 1008), (.failed, 1011),
    ])
    func aRefusalSaysWhy(kind: CallRefusal.Kind, code: Int) throws {
        let browser = try Browser()
        browser.host.set { $0.refusal = CallRefusal(kind, "because") }
        browser.open()
        let frames = browser.takeFrames()
        #expect(frames.first?.text == #"{"type":"refused","reason":"because"}"#)
        #expect(frames.last?.closeCode == code)
        browser.say(BrowserSays.start)
        #expect(browser.host.setups.isEmpty)
        browser.close()
    }

    @Test func theServersLimitHoldsForBrowsersToo() throws {
        let browser = try Browser(calls: 1)
        let other = try Browser()
        try browser.calls.add(Occupant(), on: browser.channel.embeddedEventLoop)
        browser.open()
        #expect(browser.takeFrames().last?.closeCode == 1013)
        #expect(browser.host.live == 0)
        other.close()
    }

    private final class Occupant: CarrierCall {
        func endByServer(reason: String) {}
    }

    @Test func aClientWithoutAStartIsClosed() throws {
        let browser = try Browser()
        browser.open(start: nil)
        browser.advance(.milliseconds(9_999))
        #expect(browser.takeFrames().isEmpty)
        browser.advance(.milliseconds(1))
        #expect(browser.takeFrames().first?.closeCode == 1008)
        browser.close()
    }

    @Test func aLostConnectionEndsTheCall() throws {
        let browser = try Browser()
        browser.open()
        browser.close()
        #expect(browser.host.notes.count == 1)
    }

    @Test func theServerEndsACall() throws {
        let browser = try Browser()
        browser.open()
        browser.calls.endAll(reason: "the server stops")
        browser.channel.embeddedEventLoop.run()
        #expect(browser.takeFrames().last?.closeCode == 1001)
        #expect(browser.host.notes == ["closed: the server stops"])
        browser.close()
    }

    /// Other sites' pages may open WebSockets to this machine; their `Origin` tells.
    @Test(arguments: [
        (["Origin: http://127.0.0.1"], true), (["Origin: https://127.0.0.1"], true), ([], true),
        (["Origin: http://evil.example"], false), (["Origin: null"], false), (["Origin: http://127.0.0.1:81"], false),
        (["Origin: http://127.0.0.1.evil.example"], false), (["X-Forwarded-For: 1.2.3.4"], false),
    ])
    func onlyItsOwnPageMayCall(headers: [String], isTaken: Bool) throws {
        let browser = try Browser()
        browser.send(Array(ClientFrames.handshake("/browser/call", headers: headers).utf8))
        let answer = browser.takeText()
        #expect(answer.hasPrefix(isTaken ? "HTTP/1.1 101 " : "HTTP/1.1 40"), "\(answer.prefix(40))")
        browser.close()
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func randomStreamsLeaveNothingBehind(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let browser = try Browser()
        browser.open(start: seed % 3 == 0 ? nil : BrowserSays.start)
        let texts = [
            BrowserSays.start, BrowserSays.hangUp, BrowserSays.played(100), BrowserSays.cleared(1, 50),
            BrowserSays.digits("9"), BrowserSays.digits("0"), "{", "{}", #"{"type":"x"}"#,
        ]
        for _ in 0..<60 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: browser.speak(Int.random(in: 0..<1_000, using: &random))
            case 1: browser.send((0..<20).map { _ in .random(in: 0...255, using: &random) })
            default: browser.say(texts.randomElement(using: &random) ?? "")
            }
            browser.advance(.milliseconds(Int64.random(in: 0..<40, using: &random)))
        }
        browser.close()
    }
}
