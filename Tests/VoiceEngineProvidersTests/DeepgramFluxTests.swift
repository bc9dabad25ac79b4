internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct DeepgramFluxTests {
    private func turn(_ event: String, _ index: Int, _ text: String, _ end: Double) -> String {
        RecogniserHouse.flux(event, index, text, end)
    }

    @Test func asksForWhatTheDocumentSaysAndNothingOfTheOtherProtocol() throws {
        let harness = try RecogniserHarness(
            .flux,
            [
                "eot_threshold": 0.8, "eager_eot_threshold": 0.4, "eot_timeout_ms": 3000,
                "keyterms": ["Ana", "ACME Co"],
                "language_hints": ["de", "en"], "numerals": true, "tags": ["x"], "redact": "numbers",
            ], model: "flux-general-multi")
        let lines = harness.begin()
        #expect(
            lines[0]
                == "GET /v2/listen?model=flux-general-multi&encoding=mulaw&sample_rate=8000&eot_threshold=0.8"
                + "&eager_eot_threshold=0.4&eot_timeout_ms=3000&numerals=true&language_hint=de&language_hint=en"
                + "&keyterm=Ana&keyterm=ACME%20Co&tag=x&redact=numbers HTTP/1.1")
        #expect(lines.contains("Authorization: Token \(ProviderFixture.key)"))
        let plain = try RecogniserHarness(.flux).begin()[0]
        #expect(
            plain
                == "GET /v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000&eot_timeout_ms=5000 HTTP/1.1")
        let hinted = try RecogniserHarness(.flux, model: "flux-general-multi").begin()[0]
        #expect(hinted.contains("&language_hint=en HTTP"))
    }

    @Test(
        arguments: [
            (["endpointing_ms": 300], "endpointing_ms"), (["smart_format": true], "smart_format"),
            (["utterance_end_ms": 1000], "utterance_end_ms"), (["eot_threshold": 0.2], "eot_threshold"),
            (["eager_eot_threshold": 0.8], "eager_eot_threshold"), (["language_hints": ["de"]], "language_hints"),
            (["language": "de"], "language"), (["eot_timeout_ms": 1], "eot_timeout_ms"),
        ] as [(JSONValue, String)])
    func refusesAWrongOption(_ row: (JSONValue, String)) throws {
        do {
            _ = try RecogniserHarness(.flux, row.0)
            Issue.record("accepted")
        } catch let error as ProviderSetupError { #expect(error.path == "stt[0].\(row.1)") }
    }

    @Test func refusesALanguageThatTheModelDoesNotKnow() throws {
        let fixture = try ProviderFixture()
        #expect(throws: ProviderSetupError.self) {
            try DeepgramSTT.make(
                fixture.setup("deepgram", model: "flux-general-en", baseURL: "ws://x", language: "de-DE"))
        }
        _ = try DeepgramSTT.make(
            fixture.setup("deepgram", model: "flux-general-multi", baseURL: "ws://x", language: "de-DE"))
    }

    @Test func tellsATurnFromItsBeginningToItsEnd() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        #expect(harness.told(turn("Update", 0, "", 0.2)) == [])
        #expect(
            harness.told(
                turn("StartOfTurn", 0, "I'd", 0.5), turn("Update", 0, "I'd like", 0.8),
                turn("EagerEndOfTurn", 0, "I'd like", 1), turn("TurnResumed", 0, "I'd like to", 1.2),
                turn("Update", 0, "I'd like to go", 1.4), turn("EagerEndOfTurn", 0, "I'd like to go.", 1.6),
                turn("EndOfTurn", 0, "I'd like to go.", 1.8))
                == [
                    "turn started", "partial 'I'd' 500", "partial 'I'd like' 800", "early end of turn", "turn resumed",
                    "partial 'I'd like to' 1200", "partial 'I'd like to go' 1400", "partial 'I'd like to go.' 1600",
                    "early end of turn", "settled 'I'd like to go.' 1800", "end of turn",
                ])
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn("Update", 1, "", 2)) == [])
        #expect(
            harness.told(turn("StartOfTurn", 1, "Thanks", 2.5), turn("EndOfTurn", 1, "Thanks.", 3))
                == ["turn started", "partial 'Thanks' 2500", "settled 'Thanks.' 3000", "end of turn"])
        #expect(harness.told(turn("Update", 1, "Late", 3.1), turn("EndOfTurn", 1, "Thanks.", 3)) == [])
    }

    @Test func keepsWhatNobodyCommitted() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        #expect(
            harness.told(turn("StartOfTurn", 0, "one", 1), turn("EndOfTurn", 0, "One.", 2))
                == ["turn started", "partial 'one' 1000", "settled 'One.' 2000", "end of turn"])
        // The end of turn 1 is never told.
        #expect(
            harness.told(turn("Update", 1, "two", 3), turn("StartOfTurn", 2, "three", 4))
                == ["partial 'One. two' 3000", "turn started", "partial 'One. two three' 4000"])
    }

    @Test func losesAndDoublesNothingWhenTheSessionCommitsFirst() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        _ = harness.told(
            turn("StartOfTurn", 0, "book a table for too", 1), turn("EagerEndOfTurn", 0, "book a table for too", 1))
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn("Update", 0, "Book a table for two", 1.2)) == [])
        // What was announced early is a turn already: nothing resumes.
        #expect(
            harness.told(turn("TurnResumed", 0, "Book a table for two tomorrow", 1.5))
                == ["partial 'tomorrow' 1500"])
        harness.stream.utteranceCommitted()
        #expect(harness.told(turn("EndOfTurn", 0, "Book a table for two tomorrow.", 2)) == [])
        #expect(
            harness.told(turn("StartOfTurn", 1, "Bye", 3), turn("EndOfTurn", 1, "Bye.", 3.5))
                == ["turn started", "partial 'Bye' 3000", "settled 'Bye.' 3500", "end of turn"])
    }

    @Test func forcesTheEndOfATurn() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        harness.send(milliseconds: 20)
        _ = harness.told(turn("StartOfTurn", 0, "so", 1))
        harness.stream.finishUtterance()
        let frames = harness.server.takeFrames()
        #expect(frames.map(\.opcode) == [2, 1])
        #expect(String(decoding: frames[1].payload, as: UTF8.self) == #"{"type":"ForceEndTurn"}"#)
        #expect(harness.told(turn("EndOfTurn", 0, "So.", 1.2)) == ["settled 'So.' 1200", "end of turn"])
        harness.advance(2_000)
        #expect(harness.take() == [])
        harness.stream.utteranceCommitted()
        // Nothing to end: the server says so, or nothing.
        harness.stream.finishUtterance()
        let warning =
            #"{"type":"Warning","request_id":"r","sequence_id":2,"code":"FORCE_END_TURN_NO_ACTIVE_TURN","description":"no"}"#
        #expect(harness.told(warning) == ["settled '' 20"])
        #expect(harness.told(warning) == [])
        _ = harness.told(turn("StartOfTurn", 1, "well", 4))
        harness.stream.finishUtterance()
        harness.advance(999)
        #expect(harness.take() == [])
        harness.advance(1)
        // 4 s less the silence of the 3 s in which the caller sent nothing.
        #expect(harness.take() == ["settled 'well' 1120"])
    }

    @Test func sendsSilenceWhileTheCallerSendsNothing() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        harness.send(milliseconds: 100)
        #expect(harness.server.takeFrames().map(\.payload.count) == [640])
        harness.advance(480)
        let frames = harness.server.takeFrames()
        // The rest of the caller's audio, and 480 ms of silence.
        #expect(frames.map(\.opcode) == [2, 2, 2, 2, 2, 2, 2])
        #expect(frames.flatMap(\.payload) == [UInt8](repeating: 1, count: 160) + [UInt8](repeating: 0xFF, count: 3_840))
        // Silence is not the caller's: 580 ms of audio are 100 ms of the call.
        #expect(
            harness.told(turn("StartOfTurn", 0, "hm", 0.58)) == ["turn started", "partial 'hm' 100"])
        for _ in 0..<24 {
            harness.send(milliseconds: 20)
            harness.advance(20)
        }
        #expect(harness.server.takeFrames().allSatisfy { !$0.payload.contains(0xFF) })
    }

    @Test func noticesAServerThatStalls() throws {
        let harness = try RecogniserHarness(.flux, ["eot_timeout_ms": 1000])
        harness.begin()
        _ = harness.told(turn("StartOfTurn", 0, "so", 1))
        harness.advance(3_800)
        #expect(harness.take() == [])
        harness.advance(700)
        #expect(harness.take() == ["failed timeout: has said nothing for 4000 ms while audio was sent"])
        harness.advance(1_000)
        #expect(harness.fixture.isQuiet)
    }

    @Test(arguments: [
        ("INTERNAL_SERVER_ERROR", "unavailable"), ("UNPARSABLE_CLIENT_MESSAGE", "protocol"),
    ])
    func namesAnError(_ row: (String, String)) throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        #expect(
            harness.told(#"{"type":"Error","sequence_id":3,"code":"\#(row.0)","description":"oh"}"#)
                == ["failed \(row.1): \(row.0): oh"])
        let other = try RecogniserHarness(.flux)
        other.begin()
        other.server.sendClose(1008, "DATA-0000")
        #expect(other.take().first?.hasPrefix("failed configuration: ") == true)
    }

    @Test func ignoresWhatItDoesNotKnow() throws {
        let harness = try RecogniserHarness(.flux)
        harness.begin()
        #expect(
            harness.told(
                #"{"type":"Novelty"}"#, turn("Pondering", 0, "x", 1),
                #"{"type":"ConfigureSuccess","request_id":"r","sequence_id":1}"#) == [])
        harness.server.send(text: #"{"type":"TurnInfo","event":"Update"}"#)
        #expect(harness.take() == ["failed protocol: sent a message that is not of its protocol"])
    }
}
