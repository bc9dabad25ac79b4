import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

@Suite struct OpenAIRealtimeEarsTests {
    private func ears(_ detection: OpenAIRealtimeOptions.Detection = .engine) -> OpenAIRealtimeEars {
        OpenAIRealtimeEars(detection, bytesPerMillisecond: 8)
    }
    private func transcript(_ text: String, _ isSettled: Bool) -> [SpeechToTextEvent] {
        [.transcript(Transcript(text: text, isSettled: isSettled))]
    }

    @Test func piecesOfAnUtteranceAreCommittedAtItsPauses() {
        var ears = ears()
        ears.voiceStarted()
        #expect(ears.sent(bytes: 4_000) == [])
        #expect(ears.voicePaused() == [.commit])
        ears.voiceStarted()
        _ = ears.sent(bytes: 4_000)
        #expect(ears.voicePaused() == [.commit])
        ears.committed("a")
        ears.committed("b")
        // Transcripts come in any order; the words stay in the order of the audio.
        #expect(ears.completed("b", "table ") == transcript("table", false))
        #expect(ears.takeReleased() == 0)
        #expect(ears.delta("a", " I want") == transcript("I want table", false))
        #expect(ears.completed("a", "I want\na") == transcript("I want a table", true))
        #expect(ears.takeReleased() == 8_000)
        #expect(ears.taken().map(\.item) == ["a", "b"])
        #expect(ears.isQuiet)
    }

    @Test func shortSoundsAreNotCommitted() {
        var ears = ears()
        ears.voiceStarted()
        _ = ears.sent(bytes: 799)
        #expect(ears.voicePaused() == [])
        _ = ears.sent(bytes: 1)
        #expect(ears.finish().commands == [])
    }

    @Test func aVoiceThatNeverPausesIsCommittedInPieces() {
        var ears = ears()
        ears.voiceStarted()
        var commits = 0
        for _ in 0..<1_050 { commits += ears.sent(bytes: 160).count }
        #expect(commits == 2)
        // 21 s without an answer: the oldest is let go.
        #expect(ears.takeReleased() == (21_000 - 15_000) * 8)
    }

    @Test func aQuestionForASettledTranscriptIsAnsweredAtOnceWhenThereIsNothingToWaitFor() {
        var ears = ears()
        #expect(ears.finish().events == transcript("", true))
        ears.voiceStarted()
        _ = ears.sent(bytes: 8_000)
        let finish = ears.finish()
        #expect(finish.commands == [.commit] && finish.events == [])
        ears.committed("a")
        #expect(ears.completed("a", nil) == transcript("", true))
    }

    @Test func wordsThatComeAfterTheTurnBelongToTheNextOne() {
        var ears = ears()
        ears.voiceStarted()
        _ = ears.sent(bytes: 8_000)
        _ = ears.voicePaused()
        ears.committed("a")
        #expect(ears.taken().isEmpty)
        #expect(ears.completed("a", "late words") == transcript("late words", true))
    }

    @Test func aServerThatNeverTranscribesIsNotWaitedForForever() {
        var ears = ears()
        for number in 0..<20 {
            ears.voiceStarted()
            _ = ears.sent(bytes: 1_600)
            _ = ears.voicePaused()
            ears.committed("\(number)")
        }
        #expect(ears.taken().map(\.item) == (0..<12).map { "\($0)" })
        #expect(ears.takeReleased() == 12 * 1_600)
        // A text that grows without end is cut.
        for _ in 0..<1_000 { _ = ears.delta("19", String(repeating: "a", count: 100)) }
        #expect(ears.taken().map(\.text.utf8.count) == [16_300])
    }

    @Test func piecesWithoutEndAreForgottenFromTheFront() {
        var ears = ears(.server)
        for number in 0..<2_000 {
            ears.committed("\(number)")
            _ = ears.completed("\(number)", "word")
        }
        let taken = ears.taken()
        #expect(taken.count == 128)
        #expect(taken.last?.item == "1999")
    }

    @Test func theServersOwnDetectionEndsTheTurn() {
        var ears = ears(.server)
        #expect(ears.isOpen)
        #expect(ears.speechStarted() == [.turnStarted])
        _ = ears.sent(bytes: 8_000)
        #expect(ears.voicePaused() == [] && ears.finish().commands == [])
        ears.committed("a")
        #expect(ears.delta("a", "Hel") == transcript("Hel", false))
        #expect(ears.completed("a", "Hello.") == transcript("Hello.", true) + [.endOfTurn])
        #expect(ears.takeReleased() == 8_000)
    }

    @Test func silenceForTheServersDetectionIsNotKept() {
        var ears = ears(.server)
        var released = 0
        for _ in 0..<500 {
            _ = ears.sent(bytes: 160)
            released += ears.takeReleased()
        }
        #expect(released >= 80_000 - 16_000)
    }

    @Test func aNewConnectionGetsWhatWasNotTranscribed() {
        var ears = ears()
        for item in ["a", "b"] {
            ears.voiceStarted()
            _ = ears.sent(bytes: 4_000)
            _ = ears.voicePaused()
            ears.committed(item)
        }
        _ = ears.completed("a", "one")
        #expect(ears.takeReleased() == 4_000)
        #expect(ears.reconnected() == [.commit])
        #expect(ears.completed("b", "two") == [])
        ears.committed("c")
        #expect(ears.completed("c", "two") == transcript("one two", true))
    }
}

@Suite struct OpenAIRealtimeStateMachineTests {
    private let error = ProviderError(.unavailable, provider: "openai", detail: "gone")

    private func machine() -> OpenAIRealtimeStateMachine {
        var machine = OpenAIRealtimeStateMachine(name: "openai", key: nil, detection: .engine, input: 8, output: 8)
        _ = machine.sessionCreated()
        _ = machine.sessionUpdated()
        return machine
    }
    private func request(_ text: String, turn: UInt64, prompt: String = "") -> ChatRequest {
        ChatRequest(prompt: prompt, messages: [.user(text)], tools: [], turn: TurnID(number: turn))
    }
    private func id(_ turn: UInt64, _ index: Int) -> SegmentID { SegmentID(turn: TurnID(number: turn), index: index) }
    private func done(
        _ response: String, _ status: String = "completed",
        _ change: (inout OpenAIRealtimeEvent.Done) -> Void = { _ in }
    ) -> OpenAIRealtimeEvent {
        var done = OpenAIRealtimeEvent.Done(response: response, status: status)
        change(&done)
        return .done(done)
    }
    private func audio(_ response: String, _ item: String) throws -> OpenAIRealtimeAudio {
        let text =
            #"{"type":"response.output_audio.delta","response_id":"\#(response)","item_id":"\#(item)","content_index":0,"delta":""}"#
        return try #require(Array(text.utf8).withUnsafeBytes { OpenAIRealtimeAudio($0) })
    }

    @Test func whatTheModelIsToldIsSentWhenItChanges() {
        var machine = machine()
        let first = machine.generate(request("hi", turn: 1, prompt: "p")).outputs
        #expect(first.first == .send(.instruct("p", tools: [])) && first.last == .send(.respond(request: 1)))
        _ = machine.received(.responseCreated("r1", request: 1))
        _ = machine.received(done("r1"))
        #expect(machine.generate(request("hi", turn: 2, prompt: "p")).outputs == [.send(.respond(request: 2))])
        // And again to a new connection, at once.
        _ = machine.lost(error)
        #expect(machine.sessionCreated() == [.send(.configure(instructions: "p", tools: []))])
    }

    @Test func oneAnswerAtATime() {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        #expect(machine.speak("Wait.", id(2, 0), reads: true) == [])
        _ = machine.received(.responseCreated("r1", request: 1))
        #expect(machine.received(done("other")) == [])
        #expect(
            machine.received(done("r1")) == [
                .wrote(request: 1, .finished(.stop, TokenUsage())), .send(.read(request: 2, "Wait.")),
            ])
    }

    @Test func anotherAnswerUnderWayIsWaitedFor() {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        var fault = OpenAIRealtimeEvent.Fault(type: "invalid_request_error")
        fault.code = "conversation_already_has_active_response"
        fault.eventID = "request-1"
        #expect(machine.received(.error(fault)).count == 1)
        #expect(machine.isBusy)
        #expect(machine.received(done("other")) == [.send(.respond(request: 1))])
    }

    @Test func anAnswerUnderWayThatNeverEndsCostsTheConnection() {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        var fault = OpenAIRealtimeEvent.Fault(type: "invalid_request_error")
        fault.code = "conversation_already_has_active_response"
        fault.eventID = "request-1"
        _ = machine.received(.error(fault))
        let late = ProviderError(.timeout, provider: "openai", detail: "late")
        #expect(machine.timedOut(late) == [.wrote(request: 1, .failed(late)), .renew(late)])
        // Before a connection is there, another one would not come sooner.
        _ = machine.lost(error)
        _ = machine.generate(request("hi", turn: 2))
        #expect(machine.timedOut(late) == [.wrote(request: 2, .failed(late))])
    }

    @Test func anAnswerOfPiecesWithoutEndIsBounded() {
        var machine = machine()
        let (number, _) = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r1", request: number))
        for item in 0..<2_000 {
            _ = machine.received(.outputItem(response: "r1", item: "\(item)", isCall: item % 2 == 0))
        }
        _ = machine.cancelGeneration(number)
        let deletions =
            machine.cancelSpeech(TurnID(number: 1), heard: .zero) + machine.received(done("r1", "cancelled"))
        #expect(deletions.count <= 2 * 64)
    }

    @Test func aCancelledAnswerIsDroppedWhateverComes() throws {
        var machine = machine()
        let (number, _) = machine.generate(request("hi", turn: 1))
        // Before the server has named it.
        #expect(machine.cancelGeneration(number) == [])
        #expect(machine.received(.responseCreated("r1", request: 1)) == [.send(.cancel(response: "r1"))])
        #expect(machine.received(.text(response: "r1", "Hello")) == [])
        #expect(machine.audioArrived(try audio("r1", "b1"), bytes: 80) == nil)
        _ = machine.received(.outputItem(response: "r1", item: "b1", isCall: false))
        #expect(machine.generate(request("well", turn: 2)).outputs == [])
        let end = machine.received(done("r1", "cancelled"))
        #expect(end.first == .send(.delete("b1")) && end.last == .send(.respond(request: 2)))
    }

    @Test func aCutIsMadeAtWhatWasHeard() throws {
        // [ms] of two items, heard, in flight, what the server is told.
        let rows: [(Int, Int, Int64, Bool, [OpenAIRealtimeSpeech.Cut])] = [
            (1_000, 0, 400, false, [.truncate("b1", contentIndex: 0, milliseconds: 400), .delete("b2")]),
            (1_000, 500, 1_200, false, [.truncate("b2", contentIndex: 0, milliseconds: 200)]),
            (1_000, 500, 1_500, false, []),
            (1_000, 500, 9_999, true, [.truncate("b2", contentIndex: 0, milliseconds: 500)]),
            (1_000, 500, 0, true, [.delete("b1"), .delete("b2")]),
        ]
        for row in rows {
            var speech = OpenAIRealtimeSpeech(turn: TurnID(number: 1))
            speech.began("b1")
            speech.delivered(row.0 * 8, of: "b1", contentIndex: 0)
            speech.began("b2")
            if row.1 > 0 { speech.delivered(row.1 * 8, of: "b2", contentIndex: 0) }
            let cuts = speech.cut(heard: .milliseconds(row.2), bytesPerMillisecond: 8, isInFlight: row.3)
            #expect(cuts == row.4, "\(row)")
        }
    }

    @Test func segmentsAreCompleteWhenTheAnswerIs() throws {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r1", request: 1))
        #expect(machine.owns(TurnID(number: 1)) && !machine.owns(TurnID(number: 2)))
        #expect(machine.audioArrived(try audio("r1", "b1"), bytes: 80) == id(1, 0))
        #expect(machine.speak("One moment.", id(1, 0), reads: true) == [])
        #expect(machine.takeCompleted() == [])
        let call = ToolCall(id: "c1", name: "book", arguments: "{}")
        #expect(
            machine.received(done("r1") { $0.calls = [call] }) == [
                .wrote(request: 1, .toolCall(call)), .wrote(request: 1, .finished(.toolCalls, TokenUsage())),
            ])
        #expect(machine.takeCompleted() == [.completed(id(1, 0))])
        #expect(machine.takeCompleted() == [])
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r2", request: 2))
        #expect(machine.audioArrived(try audio("r2", "b2"), bytes: 80) == id(1, 1))
    }

    @Test(arguments: [
        ("completed", "", "stop"), ("incomplete", "max_output_tokens", "length"),
        ("incomplete", "content_filter", "contentFilter"), ("failed", "", "the answer is failed"),
        ("cancelled", "turn_detected", "the answer is cancelled (turn_detected)"),
    ])
    func everyEndOfAnAnswer(status: String, reason: String, event: String) {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r1", request: nil))
        _ = machine.received(.outputItem(response: "r1", item: "call", isCall: true))
        let outputs = machine.received(done("r1", status) { $0.reason = reason })
        #expect(outputs.last.map { "\($0)" }?.contains(event) == true, "\(outputs)")
        // A call of an answer that did not end well is not made, and must not stay unanswered.
        #expect(outputs.contains(.send(.delete("call"))) == (status != "completed"))
    }

    @Test func aLostConnectionAsksAgainOnce() throws {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        for _ in 0..<2 { _ = machine.received(.responseCreated("r", request: 1)) }
        #expect(machine.lost(error) == [])
        _ = machine.sessionCreated()
        _ = machine.sessionUpdated()
        #expect(
            machine.audioSent() == [.send(.create("ve_1", .user("hi"), after: nil)), .send(.respond(request: 1))])
        #expect(machine.lost(error) == [.wrote(request: 1, .failed(error))])
        // Another model goes on: what it writes is not this one's.
        #expect(!machine.owns(TurnID(number: 1)))
    }

    @Test func whatWasWrittenAndNotSpokenIsSpokenAgainByWhoeverGoesOn() throws {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r", request: 1))
        _ = machine.speak("Hello there.", id(1, 0), reads: true)
        #expect(machine.audioArrived(try audio("r", "b1"), bytes: 80) == id(1, 0))
        #expect(machine.received(done("r", "failed") { $0.fault = .init(code: "server_error") }).count == 2)
        #expect(machine.takeCompleted() == [])
        // A chain opens the voice again and gives it what it owes.
        #expect(machine.voiceClosed() == [])
        machine.voiceOpened()
        #expect(machine.speak("there.", id(1, 0), reads: true) == [.send(.read(request: 2, "there."))])
        #expect(machine.received(.responseCreated("r2", request: 2)) == [])
        #expect(machine.received(done("r2")) == [.completed(id(1, 0))])
        // The same model tries again: its own audio belongs to what it writes now.
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r3", request: 3))
        #expect(machine.speak("How are you?", id(1, 1), reads: true) == [])
        #expect(machine.audioArrived(try audio("r3", "b3"), bytes: 80) == id(1, 1))
        #expect(machine.lost(error).first == .speechFailed(TurnID(number: 1), error))
    }

    @Test func aVoiceThatIsClosedReadsNoMore() {
        var machine = machine()
        _ = machine.speak("One.", id(1, 0), reads: true)
        _ = machine.speak("Two.", id(1, 1), reads: true)
        _ = machine.received(.responseCreated("r", request: 1))
        #expect(machine.voiceClosed() == [.send(.cancel(response: "r"))])
        #expect(machine.received(done("r", "cancelled")) == [])
        #expect(!machine.isBusy)
    }

    @Test func anAnswerThatHadBegunFailsWithItsConnection() throws {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        _ = machine.received(.responseCreated("r", request: 1))
        #expect(machine.received(.text(response: "r", "Hello")) == [.wrote(request: 1, .text("Hello"))])
        #expect(machine.lost(error) == [.wrote(request: 1, .failed(error))])
    }

    @Test(arguments: [
        ("invalid_api_key", "", "giveUp"), ("insufficient_quota", "", "giveUp"), ("session_expired", "", "renew"),
        ("response_cancel_not_active", "", "log"), ("item_truncate_invalid_item_id", "", "log"),
        ("input_audio_buffer_commit_empty", "", "log"), ("unknown_parameter", "request-1", "failed(configuration)"),
        ("rate_limit_exceeded", "", "failed(rateLimited)"), ("server_error", "", "failed(unavailable)"),
    ])
    func everyKindOfError(code: String, event: String, effect: String) {
        var machine = machine()
        _ = machine.generate(request("hi", turn: 1))
        var fault = OpenAIRealtimeEvent.Fault(type: "invalid_request_error", code: code, message: "no")
        if !event.isEmpty { fault.eventID = event }
        let outputs = machine.received(.error(fault)).map { output in
            switch output {
            case .giveUp: "giveUp"
            case .renew: "renew"
            case .log: "log"
            case .wrote(_, .failed(let error)): "failed(\(error.kind.rawValue))"
            default: "\(output)"
            }
        }
        #expect(outputs == [effect])
    }

    @Test func aRefusedSessionIsGivenUp() {
        var machine = OpenAIRealtimeStateMachine(name: "openai", key: nil, detection: .engine, input: 8, output: 8)
        _ = machine.sessionCreated()
        let fault = OpenAIRealtimeEvent.Fault(
            type: "invalid_request_error", code: "invalid_value", message: "voice", eventID: "session")
        #expect(
            machine.received(.error(fault)) == [
                .giveUp(ProviderError(.configuration, provider: "openai", detail: "invalid_value: voice"))
            ])
    }
}
