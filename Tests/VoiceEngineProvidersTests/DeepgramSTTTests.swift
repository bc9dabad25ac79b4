internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
internal import VoiceEngineProviders

@Suite struct DeepgramSTTTests {
    final class Log {
        var entries: [String] = []
        func sink(_ event: SpeechToTextEvent) {
            switch event {
            case .transcript(let text):
                entries.append(
                    "\(text.isSettled ? "settled" : "partial") '\(text.text)' \(text.coveredMilliseconds ?? -1)")
            case .turnStarted: entries.append("turn started")
            case .earlyEndOfTurn: entries.append("early end of turn")
            case .turnResumed: entries.append("turn resumed")
            case .endOfTurn: entries.append("end of turn")
            case .failed(let error): entries.append("failed \(error.kind.rawValue): \(error.detail)")
            }
        }
        func take() -> [String] {
            defer { entries = [] }
            return entries
        }
    }

    let fixture: ProviderFixture
    let log = Log()
    init() throws { fixture = try ProviderFixture() }

    private func open(_ options: JSONValue = [:], format: AudioFormat = .telephone) throws -> any SpeechToTextStream {
        let provider = try DeepgramSTT.make(
            fixture.setup("deepgram", model: "nova-3", baseURL: "ws://dg", language: "en", options: options))
        return provider.open(fixture.context, format: format, sink: log.sink)
    }

    private func send(_ stream: any SpeechToTextStream, milliseconds: Int, _ byte: UInt8 = 1) {
        [UInt8](repeating: byte, count: milliseconds * 8).withUnsafeBytes { stream.send($0) }
    }

    private func results(
        _ text: String, _ start: Double, _ duration: Double, final: Bool = false, speechFinal: Bool = false,
        fromFinalize: Bool = false, words: String = ""
    ) -> String {
        """
        {"type":"Results","channel_index":[0,1],"start":\(start),"duration":\(duration),"is_final":\(final),\
        "speech_final":\(speechFinal),"from_finalize":\(fromFinalize),"channel":{"alternatives":[{"transcript":"\(text)",\
        "confidence":0.9,"words":[\(words)]}]},"metadata":{"request_id":"r","model_uuid":"m"}}
        """
    }

    @Test func asksForWhatTheDocumentSays() throws {
        _ = try open([
            "keyterms": ["Ana María", "ACME"], "endpointing_ms": 0, "smart_format": true, "utterance_end_ms": 1500,
            "search": "x y",
        ])
        let lines = fixture.server.acceptWebSocket()
        #expect(
            lines[0]
                == "GET /v1/listen?model=nova-3&language=en&encoding=mulaw&sample_rate=8000&channels=1&interim_results=true"
                + "&endpointing=false&utterance_end_ms=1500&vad_events=true&smart_format=true&punctuate=true"
                + "&keyterm=Ana%20Mar%C3%ADa&keyterm=ACME&search=x%20y HTTP/1.1")
        #expect(lines.contains("Authorization: Token \(ProviderFixture.key)"))
    }

    @Test func coalescesAudioAndKeepsItUntilOpen() throws {
        let stream = try open()
        send(stream, milliseconds: 40, 1)
        send(stream, milliseconds: 40, 2)
        send(stream, milliseconds: 40, 3)
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeFrames().map(\.payload.count) == [640])
        send(stream, milliseconds: 40, 4)
        let frames = fixture.server.takeFrames()
        #expect(frames.map(\.opcode) == [2])
        #expect(frames[0].payload == [UInt8](repeating: 3, count: 320) + [UInt8](repeating: 4, count: 320))
        send(stream, milliseconds: 20)
        stream.close()
        let last = fixture.server.takeFrames()
        #expect(last.map(\.opcode) == [2, 1, 8])
        #expect(String(decoding: last[1].payload, as: UTF8.self) == #"{"type":"CloseStream"}"#)
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
        #expect(log.take() == [])
    }

    @Test func dropsTheOldestAudioAfterTenSecondsAndCountsIt() throws {
        let stream = try open()
        for number in 0..<300 { send(stream, milliseconds: 40, UInt8(number / 2)) }  // 12 s
        fixture.server.acceptWebSocket()
        let frames = fixture.server.takeFrames()
        #expect(frames.count == 125)
        #expect(frames.first?.payload.first == 25)
        fixture.server.send(text: results("hi", 0, 1, final: true))
        #expect(log.take() == ["settled 'hi' 3000"])
    }

    @Test func assemblesAnUtteranceOfSeveralSegments() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.send(text: #"{"type":"SpeechStarted","channel":[0,1],"timestamp":0.1}"#)
        fixture.server.send(text: results("book", 0, 0.5))
        fixture.server.send(text: results("Book a", 0, 1, final: true))
        fixture.server.send(text: results("table", 1, 0.5))
        fixture.server.send(text: results("table.", 1, 1, final: true, speechFinal: true))
        fixture.server.send(text: #"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1.9}"#)
        #expect(
            log.take() == [
                "turn started", "partial 'book' 500", "settled 'Book a' 1000", "partial 'Book a table' 1500",
                "settled 'Book a table.' 2000",
                "end of turn",
            ])
        fixture.server.send(text: results("For two", 2, 1, final: true))
        fixture.server.send(text: #"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.9}"#)
        #expect(log.take() == ["settled 'Book a table. For two' 3000", "end of turn"])
        stream.utteranceCommitted()
        fixture.server.send(text: results("", 3, 1, final: true, speechFinal: true))
        fixture.server.send(text: #"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":-1}"#)
        #expect(log.take() == [])
        fixture.server.send(text: results("Thanks", 4, 0.5))
        #expect(log.take() == ["partial 'Thanks' 4500"])
    }

    @Test func leavesOutWordsThatWereCommittedWhileInterim() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.send(text: results("yes please", 0, 1))
        stream.utteranceCommitted()
        fixture.server.send(text: results("Yes please.", 0, 1, final: true, speechFinal: true))
        #expect(log.take() == ["partial 'yes please' 1000"])
        let words =
            #"{"word":"please","start":0.5,"end":0.95,"punctuated_word":"please."},"#
            + #"{"word":"now","start":1.1,"end":1.4,"punctuated_word":"Now."}"#
        fixture.server.send(text: results("please. Now.", 0, 1.5, final: true, words: words))
        #expect(log.take() == ["settled 'Now.' 1500"])
    }

    @Test func finalizeIsAnsweredOrSettledAfterASecond() throws {
        let stream = try open()
        send(stream, milliseconds: 20)
        stream.finishUtterance()
        fixture.server.acceptWebSocket()
        #expect(fixture.server.takeFrames().map(\.opcode) == [2, 1])
        fixture.server.send(text: results("so", 0, 1))
        fixture.server.send(text: results("So.", 0, 1, final: true, fromFinalize: true))
        #expect(log.take() == ["partial 'so' 1000", "settled 'So.' 1000"])
        fixture.network.advance(.seconds(2))
        #expect(log.take() == [])
        fixture.server.send(text: results("well", 1, 1))
        stream.finishUtterance()
        #expect(fixture.server.takeTexts() == [#"{"type":"Finalize"}"#])
        fixture.network.advance(.milliseconds(999))
        #expect(log.take() == ["partial 'So. well' 2000"])
        fixture.network.advance(.milliseconds(1))
        #expect(log.take() == ["settled 'So. well' 2000"])
        fixture.server.send(text: results("Well,", 1, 1, final: true, fromFinalize: true))
        #expect(log.take() == ["settled 'So. well' 2000"])
        fixture.server.send(text: results("", 2, 0, final: true, fromFinalize: true))
        #expect(log.take() == ["settled 'So. well' 2000"])
    }

    @Test func keepsTheConnectionAliveWithoutAudio() throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.network.advance(.seconds(4))
        let first = fixture.server.takeFrames()
        #expect(first.map(\.opcode) == [2, 1])
        #expect(first[0].payload == [UInt8](repeating: 0xFF, count: 160))
        #expect(String(decoding: first[1].payload, as: UTF8.self) == #"{"type":"KeepAlive"}"#)
        send(stream, milliseconds: 40)
        _ = fixture.server.takeFrames()
        fixture.network.advance(.seconds(4))
        #expect(fixture.server.takeTexts() == [#"{"type":"KeepAlive"}"#])
        fixture.network.advance(.seconds(1))
        send(stream, milliseconds: 40)
        fixture.network.advance(.seconds(3))
        #expect(fixture.server.takeTexts() == [])
        // The 20 ms that were put in are not the caller's.
        fixture.server.send(text: results("hi", 0.02, 1, final: true))
        #expect(log.take() == ["settled 'hi' 1000"])
    }

    @Test(arguments: [
        (400, "configuration"), (401, "auth"), (402, "auth"), (403, "auth"), (429, "rateLimited"), (500, "unavailable"),
        (503, "unavailable"), (404, "configuration"),
    ])
    func namesARefusalAndNeverTheKey(_ row: (Int, String)) throws {
        _ = try open()
        fixture.server.answer(
            "HTTP/1.1 \(row.0) No\r\ndg-error: bad \(ProviderFixture.key)\r\ndg-request-id: 7\r\nContent-Length: 0\r\n\r\n"
        )
        fixture.network.run()
        #expect(
            log.take() == [
                "failed \(row.1): the server answered \(row.0) instead of opening a WebSocket: bad … (request 7)"
            ])
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        (1008, "DATA-0000: cannot decode", "configuration"), (1011, "NET-0001", "unavailable"),
        (1000, "", "unavailable"),
    ])
    func namesAClose(_ row: (Int, String, String)) throws {
        let stream = try open()
        fixture.server.acceptWebSocket()
        fixture.server.sendClose(UInt16(row.0), row.1)
        #expect(log.entries.count == 1)
        #expect(log.take()[0].hasPrefix("failed \(row.2): "))
        send(stream, milliseconds: 100)
        stream.finishUtterance()
        stream.close()
        fixture.network.advance(.seconds(10))
        #expect(log.take() == [])
        #expect(fixture.isQuiet)
    }

    @Test(arguments: [
        "nonsense", "[]", #"{"kind":1}"#, #"{"type":"Error","description":"x"}"#, #"{"type":"Results","start":"a"}"#,
    ])
    func aMessageThatBreaksTheProtocolEndsTheStream(_ text: String) throws {
        _ = try open()
        fixture.server.acceptWebSocket()
        fixture.server.send(text: text)
        #expect(log.entries.count == 1)
        #expect(log.take().first?.hasPrefix("failed protocol: ") == true)
        fixture.network.advance(.seconds(1))
        #expect(fixture.isQuiet)
    }

    @Test func ignoresWhatItDoesNotKnow() throws {
        _ = try open()
        fixture.server.acceptWebSocket()
        fixture.server.send(text: #"{"type":"Novelty","x":[1]}"#)
        fixture.server.send(text: #"{"type":"Metadata","request_id":"r"}"#)
        fixture.server.send(binary: [1, 2, 3])
        #expect(log.take() == [])
    }

    @Test func reportsAServerThatIsNotThereOrSlowOrCut() throws {
        fixture.network.behaviour = .refuse
        _ = try open()
        fixture.network.run()
        fixture.network.behaviour = .never
        _ = try open()
        fixture.network.advance(.seconds(5))
        fixture.network.behaviour = .accept
        _ = try open()
        fixture.server.acceptWebSocket()
        fixture.server.cut()
        let kinds = log.take().map { $0.prefix { $0 != ":" } }
        #expect(kinds == ["failed unavailable", "failed timeout", "failed unavailable"])
        fixture.network.advance(.hours(1))
        #expect(fixture.isQuiet)
    }

    @Test(
        arguments: [
            (["endpointing_ms": "x"], "stt[0].endpointing_ms"), (["utterance_end_ms": 10], "stt[0].utterance_end_ms"),
            (["encoding": "mp3"], "stt[0].encoding"), (["odd": [1]], "stt[0].odd"),
            (["keyterms": [1]], "stt[0].keyterms"), (["keywords": ["a:2"]], "stt[0].keywords"),
            (["eot_threshold": 0.8], "stt[0].eot_threshold"),
        ] as [(JSONValue, String)])
    func refusesAWrongOption(_ row: (JSONValue, String)) {
        do {
            _ = try DeepgramSTT.make(fixture.setup("deepgram", baseURL: nil, options: row.0))
            Issue.record("accepted")
        } catch { #expect(error.path == row.1) }
    }

    @Test func theUsualKeyStaysAtTheUsualAddress() throws {
        let setup = fixture.setup("deepgram", baseURL: "https://elsewhere/x", keyVariable: nil)
        _ = try DeepgramSTT.make(setup).open(fixture.context, format: .telephone, sink: log.sink)
        #expect(fixture.server.origin.description == "elsewhere:443")
        _ = try DeepgramSTT.make(
            fixture.setup("deepgram", baseURL: "http://elsewhere", keyVariable: nil)
        ).open(fixture.context, format: .telephone, sink: log.sink)
        let lines = fixture.server.acceptWebSocket()
        #expect(!lines.contains { $0.lowercased().hasPrefix("authorization") })
        #expect(!lines.joined().contains(ProviderFixture.key))
    }

    @Test func namesTheVariableOfAMissingKey() {
        do {
            _ = try DeepgramSTT.make(fixture.setup("deepgram", baseURL: nil, keyVariable: "MY_KEY"))
            Issue.record("accepted")
        } catch {
            #expect(error.path == "stt[0].api_key_env")
            #expect(error.detail.contains("MY_KEY"))
        }
    }
}
