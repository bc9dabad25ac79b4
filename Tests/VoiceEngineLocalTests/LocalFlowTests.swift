import Testing

@testable import VoiceEngineLocal

@Suite("Flow")
struct LocalFlowTests {
    static let flow = LocalFlow(intents: [
        .init(
            name: "hours", meaning: "asks when the office is open", examples: ["When are you open?"],
            answer: "We are open from nine to five."),
        .init(
            name: "book", meaning: "wants an appointment", examples: ["I need an appointment."],
            slots: [
                .init(name: "day", meaning: "the day of the visit", question: "For which day?"),
                .init(name: "time", meaning: "the time of the visit", question: "At what time?"),
            ],
            answer: "I noted {{day}} at {{time}}.", tool: "book"),
        .init(name: "bye", meaning: "says goodbye", examples: ["Goodbye."], answer: "Goodbye!", tool: "hang_up"),
    ])

    @Test(
        "reads the model's line",
        arguments: [
            ("hours", "when are you open", LocalFlow.Choice.answer("We are open from nine to five.", tool: nil, slots: [:])),
            ("other", "nice weather", .other), ("hour", "x", .other), ("", "x", .other),
            ("book day=\"?\" time=\"?\"", "an appointment", .ask("For which day?")),
            ("book day=\"Tuesday\" time=\"?\"", "an appointment on Tuesday", .ask("At what time?")),
            (
                "book day=\"Tuesday\" time=\"three\"", "Tuesday, at three please",
                .answer("I noted Tuesday at three.", tool: "book", slots: ["day": "Tuesday", "time": "three"])
            ),
            // The caller never said Monday: made up.
            ("book day=\"Monday\" time=\"three\"", "at three", .ask("For which day?")),
            ("bye", "bye", .answer("Goodbye!", tool: "hang_up", slots: [:])),
        ])
    func choices(_ line: String, _ said: String, _ expected: LocalFlow.Choice) {
        #expect(Self.flow.choice(from: line, callerSaid: said) == expected)
    }

    @Test("the prompt names every intent, slot and example")
    func prompt() {
        for word in ["hours:", "book:", "day:", "time:", "other:", "Caller: When are you open?", "Line: bye"] {
            #expect(Self.flow.prompt.contains(word), "\(word)")
        }
        #expect(Self.flow.question([(false, "Hello."), (true, "Hi.")]) == "Agent: Hello.\nCaller: Hi.\nLine:")
    }

    @Test(
        "the model sorts callers' sentences by it", .enabled(if: Models.have(.languageModel), Models.hint),
        arguments: [
            ("What are your opening hours?", "hours"), ("Are you open on Friday?", "hours"),
            ("Goodbye, thank you.", "bye"), ("I would like to book an appointment.", "book"),
        ])
    func model(_ sentence: String, _ intent: String) throws {
        var options = LlamaOptions()
        options.grammar = Self.flow.grammar
        let answer = try Models.store.llama().generate(
            [LlamaMessage(.system, Self.flow.prompt), LlamaMessage(.user, Self.flow.question([(true, sentence)]))],
            conversation: "flow", options: options)
        #expect(answer.text.hasPrefix(intent), "\(answer.text)")
        #expect(answer.ending == .finished)
    }
}
