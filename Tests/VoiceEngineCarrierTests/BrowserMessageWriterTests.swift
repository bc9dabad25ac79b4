import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineCarrier
@testable import VoiceEngineSession

@Suite struct BrowserMessageWriterTests {
    private func event(
        _ kind: SessionEvent.Kind, turn: UInt64 = 0, at milliseconds: Int64 = 0,
        _ fill: (inout SessionEvent) -> Void = { _ in }
    ) -> SessionEvent {
        var event = SessionEvent(kind, turn: TurnID(number: turn), time: Instant.zero + .milliseconds(milliseconds))
        fill(&event)
        return event
    }

    private func write(_ events: SessionEvent...) -> [String] {
        var writer = BrowserMessageWriter()
        return events.flatMap { writer.messages(for: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func tellsOfEveryKindOfEvent() {
        let rows: [(SessionEvent, [String])] = [
            (
                event(.started, at: 5) { ($0.text, $0.name) = ("c1", "reception") },
                [
                    #"{"type":"started","time_ms":0.0,"turn":0,"call":"c1","agent":"reception","input_rate":16000,"#
                        + #""output_rate":24000}"#
                ]
            ),
            (event(.callerStarted), [#"{"type":"voice","time_ms":0.0,"turn":0,"speaking":true}"#]),
            (event(.callerStopped), [#"{"type":"voice","time_ms":0.0,"turn":0,"speaking":false}"#]),
            (
                event(.transcript, turn: 1) { $0.text = "say \"hi\"\n" },
                [#"{"type":"transcript","time_ms":0.0,"turn":1,"text":"say \"hi\"\n","final":false}"#]
            ),
            (
                event(.transcript, turn: 1) { ($0.text, $0.flags) = ("hi", .final) },
                [#"{"type":"transcript","time_ms":0.0,"turn":1,"text":"hi","final":true}"#]
            ),
            (event(.turnStarted, turn: 2), [#"{"type":"state","time_ms":0.0,"turn":2,"state":"thinking"}"#]),
            (
                event(.agentText, turn: 2) { $0.text = "Hello." },
                [#"{"type":"agent_text","time_ms":0.0,"turn":2,"text":"Hello.","filler":false}"#]
            ),
            (
                event(.agentText, turn: 2) { ($0.text, $0.name) = ("Hm.", "filler") },
                [#"{"type":"agent_text","time_ms":0.0,"turn":2,"text":"Hm.","filler":true}"#]
            ),
            (event(.agentStarted, turn: 2), [#"{"type":"state","time_ms":0.0,"turn":2,"state":"speaking"}"#]),
            (event(.agentStopped, turn: 2), []),
            (
                event(.agentHeard, turn: 2) { ($0.text, $0.flags) = ("Hel", .interrupted) },
                [#"{"type":"heard","time_ms":0.0,"turn":2,"text":"Hel","interrupted":true}"#]
            ),
            (
                event(.bargeIn, turn: 2) { $0.flags = .paused },
                [#"{"type":"barge_in","time_ms":0.0,"turn":2,"action":"pause"}"#]
            ),
            (
                event(.bargeIn, turn: 2) { $0.flags = .confirmed },
                [#"{"type":"barge_in","time_ms":0.0,"turn":2,"action":"cut"}"#]
            ),
            (
                event(.bargeIn, turn: 2) { $0.flags = .resumed },
                [
                    #"{"type":"barge_in","time_ms":0.0,"turn":2,"action":"resume"}"#,
                    #"{"type":"state","time_ms":0.0,"turn":2,"state":"speaking"}"#,
                ]
            ),
            (
                event(.toolCall, turn: 2) { ($0.name, $0.text) = ("book", #"{"day":1}"#) },
                [#"{"type":"tool","time_ms":0.0,"turn":2,"name":"book","arguments":"{\"day\":1}"}"#]
            ),
            (event(.dtmfIn) { $0.text = "1" }, [#"{"type":"digits_in","time_ms":0.0,"turn":0,"digits":"1"}"#]),
            (event(.dtmfOut) { $0.text = "2" }, [#"{"type":"digits_out","time_ms":0.0,"turn":0,"digits":"2"}"#]),
            (event(.transfer) { $0.text = "+1" }, [#"{"type":"transfer","time_ms":0.0,"turn":0,"target":"+1"}"#]),
            (event(.hangUp) { $0.text = "done" }, [#"{"type":"hangup","time_ms":0.0,"turn":0,"reason":"done"}"#]),
            (
                event(.voicemail) { $0.text = "beep" },
                [#"{"type":"voicemail","time_ms":0.0,"turn":0,"evidence":"beep"}"#]
            ),
            (
                event(.error) { ($0.name, $0.text) = ("llm", "no provider is left") },
                [#"{"type":"error","time_ms":0.0,"turn":0,"name":"llm","text":"no provider is left"}"#]
            ),
            (event(.node) { $0.name = "intake" }, [#"{"type":"node","time_ms":0.0,"turn":0,"name":"intake"}"#]),
            (event(.slowHost), []),
            (event(.closed) { $0.text = "over" }, [#"{"type":"ended","time_ms":0.0,"turn":0,"reason":"over"}"#]),
        ]
        for (event, expected) in rows { #expect(write(event) == expected, "\(event.kind)") }
    }

    @Test func theStagesOfATurnHaveTheNamesOfTheHeader() {
        let times: [Int64] = [300_000_000, 20_000_000, 120_000, 180_004_999, 60_000_000, 50_000, 30_000_000, 1_005_000]
        let metrics = TurnMetrics(
            stages: times.map { Nanoseconds($0) }, wasInterrupted: true, usage: TokenUsage(prompt: 40, completion: 9),
            work: ProviderWork())
        #expect(
            write(event(.turnMetrics, turn: 1) { $0.metrics = metrics }) == [
                #"{"type":"metrics","time_ms":0.0,"turn":1,"total_ms":591.17,"engine_ms":1.17,"interrupted":true,"#
                    + #""stages_ms":{"endpoint_wait":300.0,"transcript_wait":20.0,"commit":0.12,"llm_first_token":180.0,"#
                    + #""segment":60.0,"tts_request":0.05,"tts_first_audio":30.0,"playout":1.0},"#
                    + #""prompt_tokens":40,"completion_tokens":9}"#
            ])
        #expect(BrowserMessageWriter.stages.count == TurnTimeline.Milestone.allCases.count - 1)
    }

    @Test func timesCountFromTheStart() {
        let texts = write(event(.started, at: 1_000), event(.callerStarted, at: 2_345), event(.callerStopped, at: 900))
        #expect(texts[1].contains(#""time_ms":1345.0"#))
        #expect(texts[2].contains(#""time_ms":0.0"#), "an onset may lie before the start")
    }

    /// A turn with an interruption, as the page shows whose turn it is.
    @Test func theStateIsToldWhenItChanges() {
        let texts = write(
            event(.started), event(.agentStarted), event(.bargeIn) { $0.flags = .paused },
            event(.bargeIn) { $0.flags = .resumed }, event(.bargeIn) { $0.flags = .paused },
            event(.bargeIn) { $0.flags = .confirmed }, event(.agentStopped), event(.turnStarted), event(.agentStarted),
            event(.agentStopped))
        let states = texts.compactMap { text in
            text.firstMatch(of: #/"type":"state".*"state":"([a-z]+)"/#).map { String($0.1) }
        }
        #expect(
            states == ["speaking", "listening", "speaking", "listening", "thinking", "speaking", "listening"])
    }

    @Test func theServersOwnMessages() {
        #expect(String(decoding: BrowserMessageWriter.clear(3), as: UTF8.self) == #"{"type":"clear","id":3}"#)
        let refusal = BrowserMessageWriter.refused(CallRefusal(.full, "no \"room\""))
        #expect(String(decoding: refusal, as: UTF8.self) == #"{"type":"refused","reason":"no \"room\""}"#)
    }
}
