import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// Agents that only listen: to a call between two people.
@Suite struct ListeningTests {
    private func call(isMute: Bool = false) throws -> ScriptedCall {
        var policy = SessionPolicy()
        policy.greeting = "Hello."
        policy.manners.checkInAfter = .seconds(8)
        policy.isMute = isMute
        policy.onlyListen()
        return try ScriptedCall(policy: policy)
    }

    @Test func turnsAreWrittenDownAndNotAnswered() throws {
        let call = try call()
        try call.play(
            """
            1000 caller "good morning" 900
            4000 caller "I have a question" 900
            60000 gone
            """)
        #expect(call.mind.requests.isEmpty)
        let finals = call.events.filter { $0.kind == .transcript && $0.flags.contains(.final) }
        #expect(finals.map(\.text) == ["good morning", "I have a question"])
        #expect(finals.map(\.turn.number) == [1, 2])
        #expect(!call.events.contains { [.turnStarted, .agentText, .agentStarted].contains($0.kind) })
        #expect(call.events.last?.text == "the caller hung up", "and a minute of silence is nobody's business")
        call.expectNothingLeft()
    }

    @Test func aWhisperIsHeardOutWhileTheyTalk() throws {
        let call = try call()
        try call.play(
            """
            1000 say "Offer ten percent."
            1200 caller "that is too much for me" 900
            8000 gone
            """)
        #expect(!call.events.contains { $0.kind == .bargeIn })
        #expect(call.events.contains { $0.kind == .agentHeard && $0.text == "Offer ten percent." })
        #expect(
            call.events.contains {
                $0.kind == .transcript && $0.flags.contains(.final) && $0.text == "that is too much for me"
            })
        call.expectNothingLeft()
    }

    @Test func withoutAVoiceNothingIsSaid() throws {
        let call = try call(isMute: true)
        try call.play(
            """
            1000 say "Offer ten percent."
            2000 caller "good morning" 900
            8000 gone
            """)
        let error = try #require(call.events.first { $0.kind == .error })
        #expect(error.status == .unsupported)
        #expect(error.text.contains("no tts"))
        #expect(call.events.contains { $0.kind == .transcript && $0.flags.contains(.final) })
        call.expectNothingLeft()
    }

    @Test func whatIsTypedIsWrittenDownToo() throws {
        let call = try call()
        try call.play(
            """
            1000 type "note this"
            3000 gone
            """)
        #expect(call.events.contains { $0.kind == .transcript && $0.text == "note this" })
        #expect(call.mind.requests.isEmpty)
        call.expectNothingLeft()
    }
}
