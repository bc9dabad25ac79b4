import Testing

@testable import VoiceEngineLocal

@Suite(
    "Moonshine", .enabled(if: Models.have(.speechToText), Models.hint),
    .enabled(if: Recordings.areThere, Recordings.hint))
struct MoonshineTests {
    /// Texts from core-sounds-en.txt and the LibriVox transcription.
    private static let prompts: [(file: String, text: String)] = [
        ("agent-incorrect", "Login incorrect. Please enter your agent number followed by the pound key."),
        ("agent-pass", "Please enter your password followed by the pound key."),
        ("conf-onlyperson", "You are currently the only person in this conference."),
        ("conf-waitforleader", "The conference will begin when the leader arrives."),
        ("conf-invalid", "That is not a valid conference number. Please try again."),
        ("demo-nomatch", "I'm sorry there are no matches for those keywords"),
        ("pbx-invalid", "I am sorry, that's not a valid extension. Please try again."),
        (
            "tt-allbusy",
            "All representatives of the household are currently assisting other telemarketers. "
                + "Please hold and your call will be answered in the order it was received."
        ),
        ("vm-nobodyavail", "Nobody is available to take your call at the moment"),
        ("vm-nobox", "you cannot reply to this message because the sender does not have a mailbox"),
        ("vm-tempgreetactive", "Your temporary greeting is currently active"),
        ("vm-msgforwarded", "Your message has been successfully forwarded."),
    ]

    private static let librivox: [(file: String, text: String)] = [
        (
            "sense_and_sensibility_01_austen_64kb-0870",
            "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them"
        ),
        (
            "sense_and_sensibility_01_austen_64kb-0930",
            "he might even have been made amiable himself"
        ),
    ]

    @Test("recognises telephone prompts with at most 6 % of the words wrong")
    func prompts() throws {
        let moonshine = try Models.store.moonshine()
        var errors = WordErrors()
        for (file, text) in Self.prompts {
            let result = try moonshine.transcribe(Recordings.speech("\(Recordings.prompts)/\(file).wav"))
            let recognition = try #require(result)
            errors.add(expected: text, recognised: recognition.text)
            #expect(recognition.confidence > 0.5, "\(file): \(recognition)")
        }
        #expect(errors.words > 100)
        #expect(errors.rate <= 0.06, "\(errors)")
    }

    @Test("recognises a reader who is not the prompts' speaker")
    func otherSpeaker() throws {
        let moonshine = try Models.store.moonshine()
        var errors = WordErrors()
        for (file, text) in Self.librivox {
            let result = try moonshine.transcribe(Recordings.speech("\(Recordings.librivox)/\(file).wav"))
            errors.add(expected: text, recognised: try #require(result).text)
        }
        #expect(errors.rate <= 0.1, "\(errors)")
    }

    @Test("hears no words in silence, noise and too short audio")
    func silence() throws {
        let moonshine = try Models.store.moonshine()
        let silence = try moonshine.transcribe([Float](repeating: 0, count: 32_000))
        #expect(silence?.text == "")
        var state: UInt32 = 1
        let noise = (0..<32_000).map { _ -> Float in
            state = state &* 1_664_525 &+ 1_013_904_223
            return (Float(state >> 8) / Float(1 << 24) - 0.5) * 0.05
        }
        #expect(try moonshine.transcribe(noise)?.text == "")
        #expect(try moonshine.transcribe([Float](repeating: 0.1, count: 6_399)) == Recognition(text: "", confidence: 0))
        #expect(try moonshine.transcribe([]) == Recognition(text: "", confidence: 0))
    }

    @Test("stops between two tokens when cancelled")
    func cancellation() throws {
        let moonshine = try Models.store.moonshine()
        let speech = try Recordings.speech("\(Recordings.prompts)/tt-allbusy.wav")
        var asked = 0
        let result = try moonshine.transcribe(speech) {
            asked += 1
            return asked > 3
        }
        #expect(result == nil)
        #expect(asked == 4)
    }
}

@Suite("Moonshine's tokens")
struct MoonshineTokenTests {
    @Test("joins pieces and turns the marker into spaces")
    func text() throws {
        // "▁good", "<s>", "▁day", "s"
        let file = "4paBZ29vZA== 0\nPHM+ 1\n4paBZGF5 2\ncw== 3\n"
        let tokens = try MoonshineTokens(file: Array(file.utf8))
        #expect(tokens.text(of: [1, 0, 2, 3]) == "good days")
        #expect(tokens.text(of: [7, -1]) == "")
    }

    @Test("refuses a file that is no vocabulary", arguments: ["abc", "4paB 1\n", "!! 0\n"])
    func damage(_ file: String) {
        #expect(throws: LocalModelError.unusable("tokens.txt: line 1 is not a token")) {
            try MoonshineTokens(file: Array(file.utf8))
        }
    }
}
