import Glibc
import Testing

@testable import VoiceEngineLocal

@Suite("Flite", .enabled(if: Models.have(.textToSpeech), "apt-get install libflite1"))
struct FliteTests {
    private static let sentences = [
        "Good morning, how can I help you?", "The office is open from nine to five.",
        "Your appointment is on Monday.", "Please hold the line while I look that up.",
    ]
    /// Flite's noise is the C library's `rand`, which goes on from call to call: after the same seed it says the same.
    private static func seed() { srand(7) }

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
    }

    @Test("says the same again to the sample, also after another speed")
    func repeats() throws {
        let voice = try Models.store.flite()
        Self.seed()
        let first = try voice.speak(Self.sentences[1])
        _ = try voice.speak(Self.sentences[2], speed: 1.5)
        Self.seed()
        #expect(try voice.speak(Self.sentences[1]) == first)
    }

    @Test("says nothing where there is nothing to say", arguments: ["", "  \n", "…", "—!?"])
    func nothing(_ text: String) throws {
        #expect(try Models.store.flite().speak(text) == [])
    }

    /// One speaks at a time, so in whatever order the threads come they say what one thread would have said.
    @Test("says on several threads at once what it says on one")
    func threads() async throws {
        let voice = try Models.store.flite()
        Self.seed()
        let alone = try (0..<6).map { _ in try voice.speak(Self.sentences[0]) }
        Self.seed()
        let together = try await withThrowingTaskGroup(of: [Int16].self) { group in
            for _ in 0..<6 { group.addTask { try voice.speak(Self.sentences[0]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(together) == Set(alone))
        #expect(Set(alone).count == 6, "the noise does not go on")
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
