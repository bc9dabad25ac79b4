import Testing

@testable import VoiceEngineLocal

@Suite("Flite", .enabled(if: Models.have(.textToSpeech), "apt-get install libflite1"))
struct FliteTests {
    private static let sentences = [
        "Good morning, how can I help you?", "The office is open from nine to five.",
        "Your appointment is on Monday.", "Please hold the line while I look that up.",
    ]
    /// [samples] The voice's noise source goes on from call to call: the same sentence has the same length before trimming, but
    /// its last breath falls below the level up to 60 ms earlier or later.
    private static let noiseAtEnds = 1_600

    @Test(
        "what it says is understood by the recogniser", .enabled(if: Models.have(.speechToText), Models.hint))
    func roundTrip() throws {
        var errors = WordErrors()
        for sentence in Self.sentences {
            let samples = try Models.store.flite().speak(sentence).map { Float($0) / 32_768 }
            errors.add(
                expected: sentence, recognised: try #require(try Models.store.moonshine().transcribe(samples)).text)
        }
        #expect(errors.rate <= 0.15, "\(errors)")
    }

    @Test("has at most 50 ms of silence at each end")
    func ends() throws {
        let samples = try Models.store.flite().speak("Yes.")
        let isLoud = { (sample: Int16) in sample.magnitude > FliteVoice.silenceLevel.magnitude }
        let first = try #require(samples.firstIndex(where: isLoud))
        let last = try #require(samples.lastIndex(where: isLoud))
        #expect(first <= 800)
        #expect(samples.count - 1 - last <= 800)
        #expect(samples.count > 3_200)
    }

    @Test("speaks faster and slower")
    func speed() throws {
        let voice = try Models.store.flite()
        let normal = try voice.speak(Self.sentences[1]).count
        #expect(try voice.speak(Self.sentences[1], speed: 1.5).count < normal * 8 / 10)
        #expect(try voice.speak(Self.sentences[1], speed: 0.7).count > normal * 12 / 10)
        // And then as before, but for what trimming makes of the noise at the ends.
        #expect(abs(try voice.speak(Self.sentences[1]).count - normal) <= Self.noiseAtEnds)
    }

    @Test("says nothing where there is nothing to say", arguments: ["", "  \n", "…", "—!?"])
    func nothing(_ text: String) throws {
        #expect(try Models.store.flite().speak(text) == [])
    }

    @Test("survives several threads at once")
    func threads() async throws {
        let voice = try Models.store.flite()
        let alone = try voice.speak(Self.sentences[0]).count
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 { group.addTask { try voice.speak(Self.sentences[0]).count } }
            for try await count in group { #expect(abs(count - alone) <= Self.noiseAtEnds) }
        }
    }
}

@Suite("Text for Flite")
struct FliteTextTests {
    @Test(
        "becomes ASCII",
        arguments: [
            ("It’s “fine”", "It's \"fine\""), ("wait – what…", "wait ,  what..."), ("Café Müller", "Cafe Muller"),
            ("5 €", "5  euros "), ("日本", "  "), ("e\u{301}", "e"),
        ])
    func ascii(_ text: String, _ expected: String) {
        #expect(FliteVoice.speakable(text) == expected)
    }
}
