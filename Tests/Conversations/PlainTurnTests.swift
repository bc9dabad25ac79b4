import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

@Suite struct PlainTurnTests {
    @Test func greetingThenATurn() throws {
        var policy = SessionPolicy()
        policy.greeting = "Hello, how can I help?"
        let call = try ScriptedCall(policy: policy)
        call.mind.answers = [ScriptedAnswer(text: "We open at nine in the morning.")]
        try call.play(
            """
            2000 caller "when do you open" 800
            6000 gone
            """)
        #expect(call.story == "")
        call.expectNothingLeft()
    }
}
