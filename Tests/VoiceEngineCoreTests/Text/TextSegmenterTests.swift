import Testing

@testable import VoiceEngineCore

@Suite struct TextSegmenterTests {
    private func segments(_ text: String, language: String = "en-US") -> [String] {
        var segmenter = TextSegmenter(language: language)
        return segmenter.append(text) + segmenter.finish()
    }

    @Test(
        arguments: [
            ("", []), ("   ", []), ("Sure.", ["Sure."]), ("Hello there", ["Hello there"]),
            (
                "Sure. We are open from nine, and until five. Bye!",
                ["Sure.", "We are open from nine, and until five.", "Bye!"]
            ),
            (
                "We are open today, Monday, from nine. Anything else?",
                ["We are open today,", "Monday, from nine.", "Anything else?"]
            ),
            ("Yes, well, I think so.", ["Yes, well, I think so."]),
            (
                "Dr. Smith and Mrs. J. Miller, e.g. today. Fine.",
                ["Dr. Smith and Mrs. J. Miller,", "e.g. today.", "Fine."]
            ),
            ("It costs 3.50 dollars. It is 9 a.m. on Monday.", ["It costs 3.50 dollars.", "It is 9 a.m. on Monday."]),
            ("We open at 9 a.m. You can come then.", ["We open at 9 a.m.", "You can come then."]),
            (
                "See www.example.com or mail a.b@example.co.uk. Thanks.",
                ["See www.example.com or mail a.b@example.co.uk.", "Thanks."]
            ),
            ("Take No. 5 please. I said no. Really.", ["Take No. 5 please.", "I said no.", "Really."]),
            ("It is 9. We open now.", ["It is 9.", "We open now."]), ("So do I. We agree.", ["So do I.", "We agree."]),
            ("1. First thing\n2. Second thing", ["1. First thing", "2. Second thing"]),
            ("He said \"go now.\" Then he left.", ["He said \"go now.\"", "Then he left."]),
            ("Wait... let me see. Ok", ["Wait... let me see.", "Ok"]), ("Ok?! Good", ["Ok?!", "Good"]),
            ("One two three four — five six", ["One two three four —", "five six"]), ("... -- !", []),
            ("你好。再见！", ["你好。", "再见！"]), ("a\n\n\nb", ["a", "b"]),
        ] as [(String, [String])])
    func cutsWhereASpeakerWould(text: String, expected: [String]) {
        #expect(segments(text) == expected)
    }

    @Test(arguments: [
        ("Am 3. Mai um 9 Uhr. Gut.", ["Am 3. Mai um 9 Uhr.", "Gut."]),
        ("Das ist z.B. Herr Dr. Maier, usw. Danke.", ["Das ist z.B. Herr Dr. Maier,", "usw.", "Danke."]),
        ("Haus Nr. 5 usw. und so fort.", ["Haus Nr. 5 usw. und so fort."]),
    ])
    func knowsGerman(text: String, expected: [String]) { #expect(segments(text, language: "de-DE") == expected) }

    /// What models write and cutters cut wrong.
    static let nasty: [(String, String, [String])] = [
        ("en", "The total is $5 (incl. 8.25% tax), due today.", ["The total is $5 (incl. 8.25% tax),", "due today."]),
        ("de", "Mo.–Fr. 9–17 Uhr, Sa. zu.", ["Mo.–Fr. 9–17 Uhr, Sa. zu."]),
        ("de", "Am 1.1. und am 24. Dez. geschlossen.", ["Am 1.1. und am 24. Dez. geschlossen."]),
        ("de", "Ihre Kundennr. ist 4711.", ["Ihre Kundennr. ist 4711."]),
        (
            "en",
            "Absolutely, I can help you with that, but first I need to ask you a couple of quick questions about your account.",
            [
                "Absolutely, I can help you with that,",
                "but first I need to ask you a couple of quick questions about your account.",
            ]
        ),
        (
            "en",
            "The quick answer is that we do have availability on most weekdays between nine and five and also on some Saturdays so let me check.",
            [
                "The quick answer is that we do have availability on most weekdays between nine and five and also on some Saturdays",
                "so let me check.",
            ]
        ),
        ("en", "Well, yes.", ["Well, yes."]),
        ("en", "Okay. So the total is $3.50. Is that fine?", ["Okay.", "So the total is $3.50.", "Is that fine?"]),
        (
            "en", "Visit https://example.com/a.b?c=d. Then call us.",
            ["Visit https://example.com/a.b?c=d.", "Then call us."]
        ),
        ("en", "Our site is example.com. It is up.", ["Our site is example.com.", "It is up."]),
        ("en", "Mail anna.lee@example.co.uk! Or call.", ["Mail anna.lee@example.co.uk!", "Or call."]),
        ("en", "It's at 5 p.m. Come in. It's 5 p.m. today.", ["It's at 5 p.m.", "Come in.", "It's 5 p.m. today."]),
        (
            "en", "She said, \"I will be there. Don't wait.\" Then she left.",
            ["She said, \"I will be there. Don't wait.\"", "Then she left."]
        ),
        (
            "en", "'Fine.' That was it. 'Sure, why not?' he said.",
            ["'Fine.'", "That was it.", "'Sure, why not?' he said."]
        ),
        ("en", "“Is it open?” she asked. “Yes, it is.”", ["“Is it open?” she asked.", "“Yes, it is.”"]),
        ("en", "Version 2.0.1 is out. See section 3.2. Next.", ["Version 2.0.1 is out.", "See section 3.2.", "Next."]),
        ("en", "We have (see Fig. 3.) two. Ok.", ["We have (see Fig. 3.) two.", "Ok."]),
        ("en", "Call 1-800-555-0199. Ask for Bob.", ["Call 1-800-555-0199.", "Ask for Bob."]),
        ("en", "I'm 5'11\". You?", ["I'm 5'11\".", "You?"]),
        ("en", "Wait... what? Hmm... okay.", ["Wait... what?", "Hmm... okay."]),
        ("en", "Wait… what? No… Yes.", ["Wait… what?", "No… Yes."]),
        (
            "en", "Here are the steps:\n1. Open the app.\n2. Tap \"Pay\".\n3. Done!\nAnything else?",
            ["Here are the steps:", "1. Open the app.", "2. Tap \"Pay\".", "3. Done!", "Anything else?"]
        ),
        ("en", "a) First option b) second option.", ["a) First option b) second option."]),
        ("en", "No. 5 is alive. I said no. 5 people came.", ["No. 5 is alive.", "I said no. 5 people came."]),
        ("en", "At 3. Then 4. Ok", ["At 3.", "Then 4.", "Ok"]),
        ("en", "The answer is 42. Next question.", ["The answer is 42.", "Next question."]),
        (
            "en", "It costs 1,000.50 dollars, i.e. a lot, e.g. too much.",
            ["It costs 1,000.50 dollars,", "i.e. a lot, e.g. too much."]
        ),
        (
            "en", "Mr. and Mrs. Smith vs. the St. Louis Dept. of Health. Ok.",
            ["Mr. and Mrs. Smith vs. the St. Louis Dept. of Health.", "Ok."]
        ),
        (
            "en", "Go to Room 5A. It's Ph.D. work. She has a Ph.D. in it.",
            ["Go to Room 5A.", "It's Ph.D. work.", "She has a Ph.D. in it."]
        ),
        ("en", "Really?! Yes!! No?? Ok.", ["Really?!", "Yes!!", "No??", "Ok."]),
        ("en", "One-two: three; four, five. Six.", ["One-two: three; four, five.", "Six."]),
        ("en", "Dates: Jan. 5, Feb. 6, etc. Fine.", ["Dates: Jan. 5, Feb. 6,", "etc.", "Fine."]),
        ("en", "50% off... today only. 3.5% APR.", ["50% off... today only.", "3.5% APR."]),
        (
            "en", "You owe $1.2M. That's it. We're No.1! In 2.5 hrs.",
            ["You owe $1.2M.", "That's it.", "We're No.1!", "In 2.5 hrs."]
        ),
        ("en", "\"Hello,\" she said.", ["\"Hello,\" she said."]),
        (
            "en", "Your flight departs at 10:45 a.m. from Gate B12. Boarding is at 10:15 a.m. Please be there.",
            ["Your flight departs at 10:45 a.m. from Gate B12.", "Boarding is at 10:15 a.m.", "Please be there."]
        ),
        (
            "de", "Gerne, ich schaue sofort nach, ob wir am 3. Mai noch etwas frei haben.",
            ["Gerne, ich schaue sofort nach,", "ob wir am 3. Mai noch etwas frei haben."]
        ),
        (
            "de", "Das ist am Mo. den 3. Mai. Der Preis beträgt 3,50 €. Gut.",
            ["Das ist am Mo. den 3. Mai.", "Der Preis beträgt 3,50 €.", "Gut."]
        ),
        (
            "de", "Wir haben z. B. Montag, d. h. den 5. 6. 2025, frei. Passt das?",
            ["Wir haben z. B. Montag,", "d. h. den 5. 6. 2025, frei.", "Passt das?"]
        ),
        ("de", "Er wohnt in der Hauptstr. 5. Das ist nah.", ["Er wohnt in der Hauptstr. 5. Das ist nah."]),
        (
            "de", "Das kostet ca. 1.234,50 Euro inkl. MwSt. Ist das okay?",
            ["Das kostet ca. 1.234,50 Euro inkl. MwSt.", "Ist das okay?"]
        ),
        ("de", "Es ist 14 Uhr. Am 1. Januar 2025. Danke.", ["Es ist 14 Uhr.", "Am 1. Januar 2025.", "Danke."]),
        (
            "de", "Im 19. Jahrhundert. Ludwig XIV. war König. Ja.",
            ["Im 19. Jahrhundert.", "Ludwig XIV. war König.", "Ja."]
        ),
        (
            "de", "Sie sagte: „Ich komme. Warte nicht.“ Dann ging sie.",
            ["Sie sagte: „Ich komme. Warte nicht.“", "Dann ging sie."]
        ),
        ("de", "Er fragte: »Wie bitte? Wer?« und ging.", ["Er fragte: »Wie bitte? Wer?« und ging."]),
        (
            "de", "Prof. Dr. med. Müller, Abt. Innere, Tel. 030 123. Ja.",
            ["Prof. Dr. med. Müller,", "Abt. Innere, Tel. 030 123.", "Ja."]
        ),
        (
            "es", "¡Claro que sí! ¿En qué puedo ayudarle? Dígame.",
            ["¡Claro que sí!", "¿En qué puedo ayudarle?", "Dígame."]
        ),
        (
            "es", "El Sr. López y la Sra. García llegan a las 3 p. m. mañana. Bien.",
            ["El Sr. López y la Sra. García llegan a las 3 p. m. mañana.", "Bien."]
        ),
        (
            "es", "Cuesta 3,50 €. Son 1.234,50 EE. UU. dólares. ¿Vale?",
            ["Cuesta 3,50 €.", "Son 1.234,50 EE. UU. dólares.", "¿Vale?"]
        ),
        ("es", "Avda. de la Paz n.º 5, 3.º izq. Perfecto.", ["Avda. de la Paz n.º 5, 3.º izq.", "Perfecto."]),
        ("es", "Dijo: «Ya voy. Espera.» Luego salió.", ["Dijo: «Ya voy. Espera.»", "Luego salió."]),
        (
            "es", "Por supuesto, con mucho gusto le ayudo a cambiar su cita.",
            ["Por supuesto, con mucho gusto le ayudo a cambiar su cita."]
        ),
        (
            "fr", "Bien sûr ! Que puis-je faire pour vous ? Dites-moi.",
            ["Bien sûr !", "Que puis-je faire pour vous ?", "Dites-moi."]
        ),
        (
            "fr", "M. Dupont et Mme Martin, c.-à-d. eux, arrivent à 15 h 30. Bien.",
            ["M. Dupont et Mme Martin,", "c.-à-d. eux, arrivent à 15 h 30.", "Bien."]
        ),
        (
            "fr", "Cela coûte 3,50 €. Il a dit : « Je viens. Attends. » Puis il est parti.",
            ["Cela coûte 3,50 €.", "Il a dit : « Je viens. Attends. »", "Puis il est parti."]
        ),
        (
            "fr", "Ouvert du lun. au ven. de 9 h à 17 h. D'accord ?",
            ["Ouvert du lun. au ven. de 9 h à 17 h.", "D'accord ?"]
        ),
        (
            "fr", "Le 1er mai, le 2e jour, au 3 av. Foch. Merci.",
            ["Le 1er mai, le 2e jour,", "au 3 av. Foch.", "Merci."]
        ),
        ("it", "Certo! Come posso aiutarLa? Mi dica pure.", ["Certo!", "Come posso aiutarLa?", "Mi dica pure."]),
        (
            "it", "Il Sig. Rossi e la Dott.ssa Bianchi, p.es. domani, ecc. Va bene?",
            ["Il Sig. Rossi e la Dott.ssa Bianchi,", "p.es. domani, ecc.", "Va bene?"]
        ),
        ("it", "Costa 3,50 €. Il 1° maggio alle 15.30. Bene.", ["Costa 3,50 €.", "Il 1° maggio alle 15.30.", "Bene."]),
        ("it", "Disse: «Arrivo. Aspetta.» Poi uscì.", ["Disse: «Arrivo. Aspetta.»", "Poi uscì."]),
        ("pt", "Claro! Em que posso ajudar? Pode falar.", ["Claro!", "Em que posso ajudar?", "Pode falar."]),
        (
            "pt", "O Sr. Silva e a Sra. Costa, p. ex., vêm às 15h30. Certo?",
            ["O Sr. Silva e a Sra. Costa,", "p. ex., vêm às 15h30.", "Certo?"]
        ),
        (
            "pt", "Custa R$ 3,50. É na Av. Paulista, n.º 5, apto. 3. Ok.",
            ["Custa R$ 3,50.", "É na Av. Paulista, n.º 5, apto. 3.", "Ok."]
        ),
        (
            "ru", "Конечно! Чем могу помочь? Скажите, пожалуйста.",
            ["Конечно!", "Чем могу помочь?", "Скажите, пожалуйста."]
        ),
        (
            "ru", "Это ул. Ленина, д. 5, кв. 3. Приходите в 15.30. Хорошо.",
            ["Это ул. Ленина, д. 5,", "кв. 3.", "Приходите в 15.30.", "Хорошо."]
        ),
        (
            "ru", "Это стоит 1 000 руб. в месяц, т. е. 12 тыс. руб. в год. Да.",
            ["Это стоит 1 000 руб. в месяц,", "т. е. 12 тыс. руб. в год.", "Да."]
        ),
        ("ru", "Он сказал: «Я иду. Жди.» Потом ушёл.", ["Он сказал: «Я иду. Жди.»", "Потом ушёл."]),
        (
            "ru", "В 2025 г. мы открылись. А. С. Пушкин родился в 1799 г. Да.",
            ["В 2025 г. мы открылись.", "А. С. Пушкин родился в 1799 г.", "Да."]
        ),
        ("zh", "好的，我来帮您查一下。请问您的姓名是什么？", ["好的，我来帮您查一下。", "请问您的姓名是什么？"]),
        ("zh", "价格是3.5元。版本2.0.1发布了！请访问www.example.com。谢谢。", ["价格是3.5元。", "版本2.0.1发布了！", "请访问www.example.com。", "谢谢。"]),
        ("zh", "他说：“我来了。等等。”然后走了。", ["他说：“我来了。等等。”然后走了。"]),
        ("zh", "您可以拨打400-800-1234，或者发邮件到a@b.cn。好吗？", ["您可以拨打400-800-1234，或者发邮件到a@b.cn。", "好吗？"]),
        ("zh", "当然可以！没问题……我马上查……好了。", ["当然可以！", "没问题……我马上查……好了。"]),
        ("zh", "营业时间：周一至周五9:00-17:00；周末休息。", ["营业时间：周一至周五9:00-17:00；", "周末休息。"]),
        ("zh", "1. 打开应用\n2. 点击“支付”\n3. 完成", ["1. 打开应用", "2. 点击“支付”", "3. 完成"]),
        (
            "en", "Let me pull up the reservation under your name and I will read you the details.",
            ["Let me pull up the reservation under your name", "and I will read you the details."]
        ),
        (
            "en", "You can choose between nine and five or ten and six on most of the weekdays.",
            ["You can choose between nine and five or ten and six on most of the weekdays."]
        ),
        (
            "en", "Your appointment is on March 14, 2025, at ten.",
            ["Your appointment is on March 14, 2025,", "at ten."]
        ),
        (
            "en", "I have you down for Friday March 14, is that right?",
            ["I have you down for Friday March 14,", "is that right?"]
        ),
        (
            "en", "Absolutely—let me check that for you right away, one moment.",
            ["Absolutely—let me check that for you right away,", "one moment."]
        ),
        (
            "de", "Ich habe Ihren Termin am Montag um zehn Uhr gefunden und ich kann ihn verschieben.",
            ["Ich habe Ihren Termin am Montag um zehn Uhr gefunden", "und ich kann ihn verschieben."]
        ),
        (
            "es", "He encontrado su cita del lunes a las diez y puedo cambiarla si quiere.",
            ["He encontrado su cita del lunes a las diez", "y puedo cambiarla si quiere."]
        ),
        (
            "fr", "J'ai bien trouvé votre rendez-vous de lundi à dix heures et je peux le déplacer.",
            ["J'ai bien trouvé votre rendez-vous de lundi à dix heures", "et je peux le déplacer."]
        ),
        (
            "ru", "Я нашёл вашу запись на понедельник в десять часов и могу её перенести.",
            ["Я нашёл вашу запись на понедельник в десять часов", "и могу её перенести."]
        ),
        ("ru", "Это г. Москва, 2025 г. Да.", ["Это г. Москва, 2025 г.", "Да."]),
        (
            "en", "I can certainly help you with that and I will check.",
            ["I can certainly help you with that", "and I will check."]
        ),
        (
            "en", "I would be happy to look into that for you because your account is odd.",
            ["I would be happy to look into that for you", "because your account is odd."]
        ),
        (
            "en", "There are several good reasons for which I love it.",
            ["There are several good reasons for which I love it."]
        ),
    ]

    @Test(arguments: nasty) func cutsNothingInTwo(language: String, text: String, expected: [String]) {
        #expect(segments(text, language: language) == expected)
        var segmenter = TextSegmenter(language: language)
        var split: [String] = []
        for scalar in text.unicodeScalars { split += segmenter.append(String(scalar)) }
        #expect(split + segmenter.finish() == expected)
    }

    @Test func aLongRowOfDigitsIsCutBetweenThem() {
        let pieces = segments("Now " + String(repeating: "1 ", count: 300))
        #expect(pieces.first == "Now" && pieces.allSatisfy { $0.count <= TextSegmenter.longest })
        #expect(pieces.joined().count { $0 == "1" } == 300)
    }

    @Test func theFirstSegmentLeavesAsSoonAsItsSpaceArrives() {
        var segmenter = TextSegmenter(language: "en")
        #expect(segmenter.append("We are open today,").isEmpty)
        #expect(segmenter.append(" ") == ["We are open today,"])
        #expect(segmenter.append("and tomorrow as well, I think").isEmpty)
        #expect(segmenter.finish() == ["and tomorrow as well, I think"])
    }

    @Test func longTextIsCutAtTheBestPlace() {
        let clauses = String(repeating: "some more words here, ", count: 40)
        let words = String(repeating: "word ", count: 200)
        let endless = String(repeating: "e\u{301}", count: 500)
        for text in [clauses, words, endless] {
            let pieces = segments("Ok. " + text)
            #expect(pieces.allSatisfy { $0.unicodeScalars.count <= TextSegmenter.longest + 1 })
            #expect(pieces.dropFirst().joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
        #expect(segments("Ok. " + clauses).dropFirst().allSatisfy { $0.hasSuffix(",") })
    }

    @Test func anySplitCutsAlikeAndLosesNothing() {
        let parts = [
            "Hello", "Dr.", "3.5", "a.m.", "well,", "J.", "e.g.", "yes!", "…", "No.", "www.x.org.", "é😀", "\n", "(so)",
            "\"ok.\"", "7.", "。",
        ]
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let text = (0..<Int.random(in: 1...120, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }
            .joined(separator: " ")
            let whole = segments(text)
            var segmenter = TextSegmenter(language: "en-US")
            var split: [String] = []
            for scalar in text.unicodeScalars { split += segmenter.append(String(scalar)) }
            split += segmenter.finish()
            #expect(split == whole, "seed \(seed)")
            let spoken = { (text: String) in text.filter { $0.isLetter || $0.isNumber } }
            #expect(spoken(whole.joined()) == spoken(text), "seed \(seed)")
            #expect(whole.allSatisfy { $0.unicodeScalars.count <= TextSegmenter.longest + 1 }, "seed \(seed)")
        }
    }
}
