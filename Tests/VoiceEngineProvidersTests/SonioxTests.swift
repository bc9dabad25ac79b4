internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct SonioxTests {
    /// A message with these tokens: those with a `~` before them are not final.
    private func tokens(_ texts: String..., final: Int = 0, total: Int = 0) -> String {
        let list = texts.map { text in
            text.hasPrefix("~")
                ? #"{"text":"\#(text.dropFirst())","is_final":false}"# : #"{"text":"\#(text)","is_final":true}"#
        }
        return """
            {"tokens":[\(list.joined(separator: ","))],"final_audio_proc_ms":\(final),"total_audio_proc_ms":\(total)}
            """
    }

    @Test func asksForWhatTheDocumentSays() throws {
        let harness = try RecogniserHarness(
            .soniox,
            [
                "keyterms": ["ACME"], "context": "A dentist.", "max_endpoint_delay_ms": 700,
                "endpoint_sensitivity": 0.5, "endpoint_latency_level": 1, "language_hints_strict": true,
            ])
        let lines = harness.begin()
        #expect(lines[0] == "GET /transcribe-websocket HTTP/1.1")
        #expect(lines.contains("Authorization: Bearer \(ProviderFixture.key)"))
        #expect(
            harness.server.takeTexts() == [
                #"{"model":"stt-rt-v5","audio_format":"mulaw","sample_rate":8000,"num_channels":1,"language_hints":["en"],"#
                    + #""language_hints_strict":true,"context":{"text":"A dentist.","terms":["ACME"]},"#
                    + #""enable_endpoint_detection":true,"max_endpoint_delay_ms":700,"endpoint_sensitivity":0.5,"#
                    + #""endpoint_latency_adjustment_level":1}"#
            ])
        let wide = try RecogniserHarness(
            .soniox, ["endpoint_detection": false], model: "stt-rt-v4",
            format: AudioFormat(encoding: .pcm16, sampleRate: 16_000))
        wide.begin()
        #expect(
            wide.server.takeTexts() == [
                #"{"model":"stt-rt-v4","audio_format":"pcm_s16le","sample_rate":16000,"num_channels":1,"#
                    + #""language_hints":["en"],"enable_endpoint_detection":false}"#
            ])
    }

    @Test func refusesWhatOlderModelsRefuse() throws {
        do {
            _ = try RecogniserHarness(.soniox, ["endpoint_sensitivity": 0.1], model: "stt-rt-v4")
            Issue.record("accepted")
        } catch let error as ProviderSetupError { #expect(error.path == "stt[0].endpoint_sensitivity") }
    }

    @Test func putsTokensTogether() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        #expect(
            harness.told(
                tokens("~Hel", total: 200), tokens("Hel", "~lo", final: 100, total: 300),
                tokens("lo", " wor", "~ld", final: 200, total: 500), #"{"tokens":[],"total_audio_proc_ms":510}"#,
                #"{"final_audio_proc_ms":200,"total_audio_proc_ms":520}"#,
                tokens("ld", "<end>", "~ Ag", final: 600, total: 900))
                == [
                    "partial 'Hel' 200", "partial 'Hello' 300", "partial 'Hello world' 500",
                    "settled 'Hello wor' 200", "settled 'Hello world' 600", "end of turn",
                    "partial 'Hello world Ag' 900",
                ])
        harness.stream.utteranceCommitted()
        #expect(
            harness.told(tokens(" Again", "~ and", final: 700, total: 1000)) == ["partial 'and' 1000"])
    }

    @Test func aCommitBetweenTwoTurnsOfOneMessageKeepsTheSecond() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        harness.onEvent = { [unowned harness] in if $0 == "end of turn" { harness.stream.utteranceCommitted() } }
        #expect(
            harness.told(tokens("One.", "<end>", " Two.", "<end>", "~ Three", final: 10, total: 20))
                == ["settled 'One.' 10", "end of turn", "settled 'Two.' 10", "end of turn", "partial 'Three' 20"])
    }

    @Test func leavesOutWhatWasCommittedBeforeItWasFinal() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        _ = harness.told(tokens("Yes", "~ pleas"))
        harness.stream.utteranceCommitted()
        #expect(harness.told(tokens("~ please")) == [])
        #expect(harness.told(tokens(" please", "~ now")) == ["partial 'now' 0"])
        #expect(harness.told(tokens(" now", "<end>", final: 5)) == ["settled 'now' 5", "end of turn"])
        harness.stream.utteranceCommitted()
        #expect(harness.told(tokens("<end>")) == [])
    }

    @Test func forgetsWhatTheServerTakesBack() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        #expect(harness.told(tokens("~hm"), tokens("<end>")) == ["partial 'hm' 0", "settled '' 0"])
    }

    @Test func finalizesWithSilenceBeforeIt() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        harness.send(milliseconds: 30)
        _ = harness.server.takeFrames()
        harness.stream.finishUtterance()
        harness.stream.finishUtterance()
        let frames = harness.server.takeFrames()
        #expect(frames.filter { $0.opcode == 1 }.count == 1)
        #expect(
            String(decoding: frames.last?.payload ?? [], as: UTF8.self)
                == #"{"type":"finalize","trailing_silence_ms":200}"#)
        #expect(
            frames.dropLast().flatMap(\.payload)
                == [UInt8](repeating: 1, count: 240) + [UInt8](repeating: 0xFF, count: 1_600))
        #expect(
            harness.told(tokens("~So"), tokens("So", "<fin>", final: 230)) == ["partial 'So' 0", "settled 'So' 30"])
        harness.advance(1_500)
        #expect(harness.take() == [])
        harness.send(milliseconds: 170)
        _ = harness.told(tokens("~ well", total: 400))
        harness.stream.finishUtterance()
        harness.advance(1_000)
        #expect(harness.take() == ["settled 'So well' 200"])
    }

    @Test func keepsTheConnectionAlive() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        _ = harness.server.takeFrames()
        harness.advance(8_000)
        #expect(harness.server.takeTexts() == [#"{"type":"keepalive"}"#])
        for _ in 0..<16 {
            harness.send(milliseconds: 60)
            harness.server.send(text: tokens())
            harness.advance(1_000)
        }
        #expect(harness.server.takeTexts() == [])
        harness.send(milliseconds: 60)
        harness.advance(100)
        harness.send(milliseconds: 60)
        harness.advance(24_000)
        #expect(harness.take() == ["failed timeout: has said nothing for 15000 ms while audio was sent"])
    }

    @Test(arguments: [
        (400, "configuration"), (401, "auth"), (402, "auth"), (408, "timeout"), (413, "unavailable"),
        (429, "rateLimited"), (500, "unavailable"), (503, "unavailable"),
    ])
    func namesAnError(_ row: (Int, String)) throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        #expect(
            harness.told(#"{"error_code":\#(row.0),"error_message":"no \#(ProviderFixture.key)"}"#)
                == ["failed \(row.1): error \(row.0): no …"])
        harness.advance(1_000)
        #expect(harness.fixture.isQuiet)
    }

    @Test func aServerThatFinishesIsLost() throws {
        let harness = try RecogniserHarness(.soniox)
        harness.begin()
        #expect(
            harness.told(#"{"tokens":[{"text":"a","is_final":true}],"finished":true}"#)
                == ["settled 'a' 0", "failed unavailable: ended the stream"])
    }
}
