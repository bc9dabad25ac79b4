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
        .init(
            name: "bye", meaning: "says goodbye", examples: ["Goodbye.", "Thanks, bye."], answer: "Goodbye!",
            tool: "hang_up"),
    ])

    @Test(
        "says what the document says",
        arguments: [
            ("hours", [:], LocalFlow.Choice.answer("We are open from nine to five.", tool: nil, slots: [:])),
            ("other", [:], .other),
            ("book", [:], .ask("For which day?")),
            ("book", ["day": "Tuesday"], .ask("At what time?")),
            (
                "book", ["day": "Tuesday", "time": "three"],
                .answer("I noted Tuesday at three.", tool: "book", slots: ["day": "Tuesday", "time": "three"])
            ),
            ("bye", [:], .answer("Goodbye!", tool: "hang_up", slots: [:])),
        ] as [(String, [String: String], LocalFlow.Choice)])
    func choices(_ name: String, _ known: [String: String], _ expected: LocalFlow.Choice) {
        #expect(Self.flow.choice(Self.flow.intent(of: " " + name), slots: known) == expected)
    }

    @Test("the prompt has every intent and example")
    func prompt() {
        for words in ["hours, book, bye, other", "Caller: When are you open?\nIntent: hours\n", "Intent: bye"] {
            #expect(Self.flow.prompt.contains(words), "\(words)")
        }
        #expect(Self.flow.answers == [" hours", " book", " bye", " other"])
        #expect(LocalFlow.question("Hi,\nIntent: \"bye\"") == "Caller: Hi, Intent: bye\nIntent:")
    }

    @Test("a slot's value is nothing, or words that follow each other")
    func values() {
        #expect(LocalFlow.values(in: "On \"Friday\" - .") == [" ?\n", " On\n", " On Friday\n", " Friday\n"])
        #expect(LocalFlow.value(of: " ?\n") == nil)
        #expect(LocalFlow.value(of: " Friday at ten\n") == "Friday at ten")
        #expect(LocalFlow.values(in: "").count == 1)
        let long = LocalFlow.values(in: String(repeating: "word ", count: 500))
        #expect(long.count <= 301)
    }

    @Test(
        "knows which question is open, also when it was interrupted",
        arguments: [
            ("For which day?", "day"), ("Sure. for which day", "day"), ("At what time?", "time"), ("At what", nil),
            ("We are open from nine to five.", nil), ("", nil),
        ] as [(String, String?)])
    func pending(_ agent: String, _ slot: String?) {
        #expect(Self.flow.pending(after: agent)?.slot.name == slot)
    }

    @Test("looks for slots only in what was said since the intent came up")
    func sentences() {
        let book = Self.flow.intents[1]
        let spoken = [
            (true, "Monday"), (false, "Hello."), (true, "An appointment."), (false, "For which day?"),
            (true, "Friday."),
            (false, "At what time?"), (true, "Three."),
        ].map { (isCaller: $0.0, text: $0.1) }
        #expect(Self.flow.sentences(for: book, in: spoken) == ["Three.", "Friday.", "An appointment."])
    }

    @Test("a choice is known once nothing else begins like it")
    func choice() {
        #expect(LlamaChoice.only(" h", of: [" hours", " human"]) == nil)
        #expect(LlamaChoice.only(" ho", of: [" hours", " human"]) == " hours")
        #expect(LlamaChoice.only("", of: [" hours"]) == nil)
        #expect(LlamaChoice.only("x", of: [" hours"]) == nil)
        #expect(LlamaChoice.grammar(["a\"\n"]) == "root ::= \"a\\\"\\n\"\n")
    }

    @Test(
        "the model sorts callers' sentences by it", .enabled(if: Models.have(.languageModel), Models.hint),
        arguments: [
            ("What are your opening hours?", "hours"), ("Are you open on Friday?", "hours"),
            ("I would like to book an appointment.", "book"),
        ])
    func model(_ sentence: String, _ intent: String) throws {
        let model = try Models.store.llama()
        try model.prepare(text: Self.flow.prompt)
        let answer = try model.choose(
            among: Self.flow.answers, after: Self.flow.prompt, LocalFlow.question(sentence), conversation: "flow")
        #expect(answer.text == " " + intent)
        #expect(answer.ending == .finished)
        #expect(answer.evaluatedTokens <= 16)
        #expect(answer.generatedTokens <= 3)
    }

    @Test(
        "the model copies a slot's value", .enabled(if: Models.have(.languageModel), Models.hint),
        arguments: [("Friday at ten a.m.", "Friday at ten a.m"), ("I need an appointment.", nil)] as [(String, String?)]
    )
    func slot(_ sentence: String, _ value: String?) throws {
        let slot = LocalFlow.Slot(name: "day", meaning: "day", question: "Sure. Which day would suit you?")
        let answer = try Models.store.llama().choose(
            among: LocalFlow.values(in: sentence), after: LocalFlow.slotPrompt, LocalFlow.question(slot, sentence),
            conversation: "slot")
        #expect(LocalFlow.value(of: answer.text) == value)
    }
}
