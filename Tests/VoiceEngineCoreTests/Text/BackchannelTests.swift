import Testing

@testable import VoiceEngineCore

@Suite struct BackchannelTests {
    @Test(arguments: [
        ("mhm", "en", true), ("Mm-hmm.", "en", true), ("Uh-huh", "en", true), ("Yeah, yeah, okay.", "en", true),
        ("hmmm", "en", true),
        ("Okay, I see.", "en-GB", true), ("that's right", "en", false), ("yeah but", "en", false),
        ("stop", "en", false), ("", "en", false),
        ("yes yes yes yes yes", "en", false), ("Ja, genau.", "de", true), ("Ach so, verstehe", "de", true),
        ("nein", "de", false),
        ("Sí, claro", "es", true), ("D’accord, oui", "fr", true), ("mhm", "xx", true), ("yeah", "xx", false),
    ])
    func knowsListeningFromSpeaking(text: String, language: String, expected: Bool) {
        #expect(Backchannel.isBackchannel(text, language: language) == expected)
    }

    @Test func takesTheDocumentsOwn() {
        #expect(!Backchannel.isBackchannel("roger that", language: "en"))
        #expect(Backchannel.isBackchannel("Roger that, okay", language: "en", extra: ["Roger-that"]))
    }

    @Test func normalisesWords() {
        #expect(
            Backchannel.words(in: "  It’s 3,  'quoted' UH-HUH!! Ärger's'") == [
                "it's", "3", "quoted", "uh", "huh", "ärger's",
            ])
    }

    @Test(arguments: [
        ("I would like to book for", "en", true), ("I would like to book for.", "en", false),
        ("My name is", "en", true),
        ("I want an appointment and.", "en", true), ("It's on Monday,", "en", true), ("well...", "en", true),
        ("Monday.", "en", false),
        ("What is it for?", "en", false), ("and?", "en", false), ("", "en", false), (" , ", "en", false),
        ("um", "en", true), ("Ich möchte einen", "de", true),
        ("Am Montag", "de", false), ("quiero una", "es", true), ("je voudrais le", "fr", true), ("hello", "xx", false),
    ])
    func hearsWhoWillGoOn(text: String, language: String, expected: Bool) {
        #expect(Completeness.looksIncomplete(text, language: language) == expected)
    }
}
