import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

/// The voice gets words, everybody else what was written.
@Suite struct SpokenWordsTests {
    private func call(greeting: String?, _ language: String = "en", answer: String = "All right.") throws
        -> ScriptedCall
    {
        var policy = SessionPolicy()
        policy.language = language
        policy.greeting = greeting
        policy.normalizer = SpeechNormalizer(
            language: language, level: .full, dictionary: PronunciationDictionary(["ACME": "ack me"]))
        let call = try ScriptedCall(.wire, policy: policy)
        call.mind.answers = [ScriptedAnswer(text: answer)]
        return call
    }

    @Test func numbersAreSpokenInWords() throws {
        let call = try call(greeting: "ACME **costs** $25 today.")
        try call.play("3000 gone")
        #expect(call.voice.spoken == ["ack me costs twenty-five dollars today."])
        #expect(
            call.story == """
                0 text "ACME costs $25 today."
                100 agent starts
                1300 agent stops
                1300 heard "ACME costs $25 today."
                3000 closed "the caller hung up"
                """)
    }

    @Test func theHistoryIsCutInTheWriting() throws {
        let call = try call(greeting: "It costs $25 today.")
        try call.play(
            """
            600 caller "stop I have a question" 1200
            6000 gone
            """)
        #expect(call.voice.spoken.first == "It costs twenty-five dollars today.")
        #expect(call.story.contains("heard \"It costs $25\" interrupted"))
        let said = call.mind.requests.first?.messages.first
        #expect(said == .assistant("It costs $25", toolCalls: []))
    }

    @Test func chineseIsCutAtTheCharacter() throws {
        // The scripted voice takes one word for all of it: 200 ms.
        let call = try call(greeting: "您好我是小王", "zh")
        try call.play("3000 gone")
        #expect(call.voice.spoken == ["您好我是小王"])
        #expect(call.story.contains("heard \"您好我是小王\""))
    }
}
