import Testing

@testable import VoiceEngineCore

@Suite struct BackchannelTests {
    @Test(arguments: [
        ("mhm", "en", true), ("Mm-hmm.", "en", true), ("Uh-huh", "en", true), ("Yeah, yeah, okay.", "en", true),
        ("hmmm", "en", true),
        ("Okay, I see.", "en-GB", true), ("that's right", "en", true), ("that's wrong", "en", false),
        ("yeah but", "en", false),
        ("stop", "en", false), ("", "en", false),
        ("yes yes yes yes yes", "en", false), ("Ja, genau.", "de", true), ("Ach so, verstehe", "de", true),
        ("nein", "de", false),
        ("Sí, claro", "es", true), ("D’accord, oui", "fr", true), ("mhm", "xx", true), ("yeah", "xx", false),
    ])
    func knowsListeningFromSpeaking(text: String, language: String, expected: Bool) {
        #expect(Backchannel.isBackchannel(text, language: language) == expected)
    }

    /// As recognisers write them: with capitals and punctuation, or without any.
    static let listening: [(String, [String])] = [
        ("en", ["Okay. Thank you.", "mm-hmm, sounds good", "Oh, wow.", "Yeah, that works.", "no worries", "MHM"]),
        ("de", ["Ja, danke.", "Alles klar, super.", "Aha, okay", "das passt", "Ah ja, verstehe.", "Kein Problem."]),
        (
            "es",
            ["Sí, gracias.", "vale vale", "Ajá, entiendo.", "Muy bien, perfecto.", "claro que sí", "No hay problema."]
        ),
        ("fr", ["Oui, d'accord.", "Très bien, merci.", "OK, pas de souci", "Ah oui, je vois.", "mmh", "ça marche"]),
        ("it", ["Sì, grazie.", "Va bene, perfetto.", "Ah, capisco.", "certo certo", "Ho capito, okay.", "d'accordo"]),
        ("pt", ["Sim, obrigada.", "Tá bom, entendi.", "Uhum, certo.", "Tudo bem.", "está bem, ok", "Isso mesmo."]),
        ("ru", ["Да, спасибо.", "Угу, понятно.", "Хорошо, ладно.", "Ага, ясно", "всё верно", "Да, да, да."]),
        ("zh", ["嗯，好的。", "好的，谢谢。", "对对对", "是的，没错。", "明白了", "哦，这样啊。"]),
    ]

    @Test(arguments: listening) func everyLanguageListens(language: String, phrases: [String]) {
        for phrase in phrases {
            #expect(Backchannel.isBackchannel(phrase, language: language), "\(phrase)")
            #expect(!Backchannel.alwaysInterrupts(phrase, language: language), "\(phrase)")
        }
    }

    /// Phrases with which a caller takes the floor, and words that are an answer.
    static let speaking: [(String, [String], [String])] = [
        (
            "en",
            ["Wait a minute.", "Hold up", "Sorry, what?", "Could you repeat that?", "Representative!", "No, no, no."],
            ["No.", "Tuesday", "I don't think so.", "Can't do it."]
        ),
        (
            "de", ["Moment bitte.", "Halt, warten Sie!", "Wie bitte?", "Ich habe eine Frage.", "Nein, nein."],
            ["Nein.", "Dienstag", "Das geht nicht."]
        ),
        (
            "es", ["Espere un momento.", "¿Cómo dice?", "Perdone, no entiendo.", "Tengo una pregunta."],
            ["No.", "El martes", "No puedo."]
        ),
        (
            "fr", ["Attendez, s'il vous plaît.", "Pardon ?", "Je n'ai pas compris.", "Non, non."],
            ["Non.", "Mardi", "Je ne peux pas."]
        ),
        (
            "it", ["Aspetti un attimo.", "Mi scusi, non ho capito.", "Come, scusi?", "No no."],
            ["No.", "Martedì", "Non posso."]
        ),
        (
            "pt", ["Espera aí!", "Desculpe, não entendi.", "Só um minuto.", "Pode repetir?"],
            ["Não.", "Terça-feira", "Não posso."]
        ),
        (
            "ru", ["Подождите!", "Секундочку.", "Повторите, пожалуйста.", "Нет, нет."],
            ["Нет.", "Во вторник", "Я не могу."]
        ),
        ("zh", ["等一下。", "停！", "请再说一遍。", "我没听清。"], ["星期二", "我去不了。", "不行。"]),
    ]

    @Test(arguments: speaking)
    func everyLanguageTakesTheFloor(language: String, interruptions: [String], answers: [String]) {
        for phrase in interruptions {
            #expect(Backchannel.alwaysInterrupts(phrase, language: language), "\(phrase)")
            #expect(!Backchannel.isBackchannel(phrase, language: language), "\(phrase)")
        }
        for phrase in answers { #expect(!Backchannel.isBackchannel(phrase, language: language), "\(phrase)") }
    }

    /// Unfinished, then finished.
    static let endings: [(String, [String], [String])] = [
        ("en", ["I'd like to", "my name is", "it's on the", "because we've"], ["Yes, sir.", "I'm fine.", "Monday"]),
        (
            "de", ["Ich hätte gerne einen", "und zwar, dass", "mein Name ist", "am"],
            ["Ja, Frau Meier.", "Das ist gut."]
        ),
        ("es", ["quiero una", "es que", "mi nombre es", "para el"], ["Sí, señora.", "Está bien.", "Prefiero esta."]),
        ("fr", ["je voudrais un", "c'est pour", "parce que", "lorsque"], ["Oui, monsieur.", "Très bien."]),
        ("it", ["vorrei una", "perché", "il mio nome è", "per il"], ["Sì, signora.", "Prendo questo."]),
        ("pt", ["eu queria um", "porque", "meu nome é", "para o"], ["Sim, senhor.", "Quero este."]),
        ("ru", ["я хочу", "потому что", "меня зовут и", "на"], ["Пока.", "Всё хорошо.", "Да."]),
        ("zh", ["我想要一个", "因为", "然后", "我的"], ["是。", "有", "好的", "要"]),
    ]

    @Test(arguments: endings)
    func everyLanguageHearsWhoWillGoOn(language: String, unfinished: [String], finished: [String]) {
        for text in unfinished { #expect(Completeness.looksIncomplete(text, language: language), "\(text)") }
        for text in finished { #expect(!Completeness.looksIncomplete(text, language: language), "\(text)") }
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

    /// Texts of ASCII are read byte by byte: as they would be character by character.
    @Test func wordsOfASCIIAreThoseOfCharacters() {
        func reference(_ text: String) -> [String] {
            text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "'") }.compactMap { part in
                let kept = part.drop { $0 == "'" }
                let end = kept.lastIndex { $0 != "'" }
                return end.map { String(kept[...$0]) }
            }
        }
        var random = SeededRandom(seed: 0x3A)
        let alphabet = Array("abzAZ09'' '-.,\r\n\u{0}\u{7F}".unicodeScalars)
        for _ in 0..<20_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...24, using: &random) {
                text.append(alphabet[Int.random(in: alphabet.indices, using: &random)])
            }
            #expect(Backchannel.words(in: String(text)) == reference(String(text)))
        }
    }

    /// Phrases are looked for in bytes: they stand where they stand in the text, at words.
    @Test func phrasesAreFoundAsInText() {
        let words = ["no", "nö", "ne", "n", "stop", "stoppen", "né", "ne\u{301}"]
        var random = SeededRandom(seed: 0x51)
        for _ in 0..<5_000 {
            let said = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                words[Int.random(in: 0..<8, using: &random)]
            }
            let phrase = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                words[Int.random(in: 0..<8, using: &random)]
            }
            .joined(separator: " ")
            let text = " \(said.joined(separator: " ")) "
            let isDecomposed = text.unicodeScalars.contains { $0 == "\u{301}" }
            // A phrase whose accents stand apart is found in texts that have some too.
            guard isDecomposed || !phrase.unicodeScalars.contains("\u{301}") else { continue }
            #expect(SpokenText(said).holds(phrase) == text.contains(" \(phrase) "), "\(phrase) in \(text)")
        }
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
