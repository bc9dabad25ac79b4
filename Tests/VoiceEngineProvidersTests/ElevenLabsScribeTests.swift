internal import NIOCore
import Testing
internal import VoiceEngineCore
internal import VoiceEngineNetSupport
@testable internal import VoiceEngineProviders

@Suite struct ElevenLabsScribeTests {
    private let commit = #"{"message_type":"input_audio_chunk","audio_base_64":"","commit":true,"sample_rate":8000}"#
    private func partial(_ text: String) -> String { #"{"message_type":"partial_transcript","text":"\#(text)"}"# }
    private func committed(_ text: String) -> String { #"{"message_type":"committed_transcript","text":"\#(text)"}"# }

    @Test func asksForWhatTheDocumentSays() throws {
        let harness = try RecogniserHarness(
            .scribe,
            [
                "commit_strategy": "vad", "vad_silence_ms": 700, "vad_threshold": 0.5, "keyterms": ["ACME", "Ana"],
                "secondary_languages": ["es"], "no_verbatim": true, "enable_logging": false,
            ])
        let lines = harness.begin()
        #expect(
            lines[0]
                == "GET /v1/speech-to-text/realtime?model_id=scribe_v2_realtime&audio_format=ulaw_8000&commit_strategy=vad"
                + "&vad_silence_threshold_secs=0.7&vad_threshold=0.5&language_code=en&secondary_languages=es"
                + "&keyterms=ACME&keyterms=Ana&no_verbatim=true&enable_logging=false HTTP/1.1")
        #expect(lines.contains("xi-api-key: \(ProviderFixture.key)"))
    }

    @Test(
        arguments: [
            (["vad_silence_ms": 700], "vad_silence_ms"), (["commit_strategy": "x"], "commit_strategy"),
            (["keyterms": ["a word that is too long for it"]], "keyterms"),
            (["include_timestamps": true], "include_timestamps"),
        ] as [(JSONValue, String)])
    func refusesAWrongOption(_ row: (JSONValue, String)) throws {
        do {
            _ = try RecogniserHarness(.scribe, row.0)
            Issue.record("accepted")
        } catch let error as ProviderSetupError { #expect(error.path == "stt[0].\(row.1)") }
    }

    @Test(
        arguments: [
            (.mulaw, 8_000, .mulaw, 8_000), (.alaw, 8_000, .pcm16, 8_000), (.pcm16, 12_000, .pcm16, 16_000),
            (.pcm16, 24_000, .pcm16, 24_000), (.opus, 48_000, .pcm16, 16_000), (.mulaw, 16_000, .pcm16, 16_000),
        ] as [(AudioEncoding, Int, AudioEncoding, Int)])
    func asksForAFormatThatTheServerHas(_ row: (AudioEncoding, Int, AudioEncoding, Int)) throws {
        let provider = try ElevenLabsScribe.make(try ProviderFixture().setup("elevenlabs", baseURL: "ws://x"))
        #expect(
            provider.format(for: try AudioFormat(encoding: row.0, sampleRate: row.1))
                == (try AudioFormat(encoding: row.2, sampleRate: row.3)))
    }

    @Test func commitsASegmentWhenTheUtteranceEnds() throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        // Nothing was said: nothing to wait for.
        harness.stream.finishUtterance()
        #expect(harness.server.takeTexts() == [])
        #expect(harness.take() == ["settled '' -1"])
        harness.send(milliseconds: 500)
        #expect(harness.server.takeTexts().count == 5)
        #expect(
            harness.told(partial("book"), partial("book a tabl")) == ["partial 'book' -1", "partial 'book a tabl' -1"])
        harness.stream.finishUtterance()
        harness.stream.finishUtterance()
        #expect(harness.server.takeTexts() == [commit])
        #expect(
            harness.told(
                committed("Book a table."),
                #"{"message_type":"committed_transcript_with_timestamps","text":"Book a table.","words":[]}"#)
                == ["settled 'Book a table.' 500"])
        harness.advance(2_000)
        #expect(harness.take() == [])
        harness.stream.utteranceCommitted()
        #expect(harness.server.takeTexts() == [])
        #expect(harness.told(partial("bye")) == ["partial 'bye' -1"])
    }

    @Test func settlesWhenTheCommitIsNotAnswered() throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        harness.send(milliseconds: 500)
        _ = harness.told(partial("yes pleas"))
        harness.stream.finishUtterance()
        harness.advance(1_500)
        #expect(harness.take() == ["settled 'yes pleas' -1"])
        harness.stream.utteranceCommitted()
        // The answer comes after all.
        #expect(harness.told(committed("Yes, please. Now")) == ["settled 'Now' 500"])
    }

    @Test func endsTheSegmentOfATurnThatTheSessionCommits() throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        harness.send(milliseconds: 500)
        _ = harness.server.takeTexts()
        _ = harness.told(partial("yes please"))
        harness.stream.utteranceCommitted()
        #expect(harness.server.takeTexts() == [commit])
        #expect(harness.told(partial("yes please"), committed("Yes please.")) == [])
        #expect(harness.told(partial("now")) == ["partial 'now' -1"])
    }

    @Test(arguments: ["commit_throttled", "insufficient_audio_activity"])
    func aCommitOfNothingIsNoFault(_ type: String) throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        harness.send(milliseconds: 500)
        _ = harness.told(partial("hm"))
        harness.stream.finishUtterance()
        let message = #"{"message_type":"\#(type)","error":"no"}"#
        #expect(harness.told(message) == ["settled 'hm' -1"])
        #expect(harness.told(message) == [])
    }

    @Test func takesTheServersOwnEndOfTurn() throws {
        let harness = try RecogniserHarness(.scribe, ["commit_strategy": "vad"])
        harness.begin()
        #expect(
            harness.told(partial("hi"), committed("Hi.")) == ["partial 'hi' -1", "settled 'Hi.' -1", "end of turn"])
        harness.stream.utteranceCommitted()
        _ = harness.told(partial("bye"))
        harness.stream.finishUtterance()
        // 600 ms of silence make the server end the segment.
        #expect(harness.server.takeTexts().count == 6)
        #expect(harness.told(committed("Bye.")) == ["settled 'Bye.' -1"])
    }

    @Test func sendsALittleSilenceWhileThereIsNoAudio() throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        harness.advance(5_000)
        let texts = harness.server.takeTexts()
        #expect(texts.count == 1)
        #expect(texts.first?.contains("/////") == true)
        #expect(texts.first?.hasSuffix(#"","commit":false,"sample_rate":8000}"#) == true)
    }

    @Test(arguments: [
        ("auth_error", "auth"), ("quota_exceeded", "auth"), ("unaccepted_terms", "auth"),
        ("invalid_request", "configuration"), ("input_error", "configuration"), ("rate_limited", "rateLimited"),
        ("queue_overflow", "unavailable"), ("resource_exhausted", "unavailable"), ("error", "unavailable"),
        ("session_time_limit_exceeded", "unavailable"), ("transcriber_error", "unavailable"),
        ("chunk_size_exceeded", "protocol"), ("news", "unavailable"),
    ])
    func namesAnError(_ row: (String, String)) throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        #expect(
            harness.told(#"{"message_type":"\#(row.0)","error":"no \#(ProviderFixture.key)"}"#)
                == ["failed \(row.1): \(row.0): no …"])
        harness.advance(1_000)
        #expect(harness.fixture.isQuiet)
    }

    @Test func ignoresWhatItDoesNotUse() throws {
        let harness = try RecogniserHarness(.scribe)
        harness.begin()
        #expect(
            harness.told(
                #"{"message_type":"warning","warning":"w"}"#, #"{"message_type":"edited_transcript","text":"x"}"#)
                == [])
    }
}
