import Testing

@testable import VoiceEngineCore

@Suite struct ExpectedAnswerTests {
    @Test(arguments: [
        ("en", "Sure. What's your phone number?", ExpectedAnswer.phone),
        ("en", "Can I have your email address, please?", .email),
        ("en", "Could you tell me your full name?", .name), ("en", "What date works for you?", .date),
        ("en", "How many people?", .number), ("en", "What is the delivery address?", .address),
        ("en", "Is that right?", .yesNo),
        ("en", "Your number is 5, is that correct?", .yesNo), ("en", "Do you have an order number?", .yesNo),
        ("en", "What's your name? Take your time.", .name), ("en", "How can I help you?", .open),
        ("en", "We open at nine.", .open),
        ("en", "Please tell me your order number.", .number), ("de", "Wie ist Ihre Telefonnummer?", .phone),
        ("de", "Nennen Sie mir bitte Ihre E-Mail.", .email), ("de", "Wie heißen Sie?", .name),
        ("de", "Möchten Sie bestellen?", .yesNo),
        ("de", "Haben Sie eine Kundennummer?", .yesNo), ("de", "Wann passt es Ihnen?", .date),
        ("de", "Wie viele Personen?", .number),
        ("es", "¿Cuál es su teléfono?", .phone), ("es", "¿Cómo se llama?", .name), ("es", "¿Quiere reservar?", .yesNo),
        ("es", "Dígame su correo.", .email), ("fr", "Quel est votre numéro de téléphone ?", .phone),
        ("fr", "Est-ce que cela vous convient ?", .yesNo), ("fr", "Quel est votre prénom ?", .name),
        ("fr", "À quelle heure ?", .date),
        ("it", "Qual è il suo numero di telefono?", .phone), ("it", "Come si chiama?", .name),
        ("it", "Va bene?", .yesNo),
        ("it", "Vuole prenotare?", .yesNo), ("pt", "Qual é o seu telefone?", .phone),
        ("pt", "Qual é o seu nome?", .name),
        ("pt", "Você quer marcar?", .yesNo), ("ru", "Назовите, пожалуйста, ваш номер телефона.", .phone),
        ("ru", "Как вас зовут?", .name),
        ("ru", "Хотите записаться?", .yesNo), ("ru", "Сколько человек?", .number), ("zh", "请问您的电话是多少？", .phone),
        ("zh", "您贵姓？", .name), ("zh", "明天可以吗？", .yesNo), ("zh", "您想约什么时候？", .date), ("xx", "Phone number?", .open),
        ("en", "", .open),
    ])
    func knowsWhatWasAskedFor(language: String, text: String, expected: ExpectedAnswer) {
        #expect(ExpectedAnswer.after(text, language: language) == expected)
    }

    @Test func aHalfNumberGoesOn() {
        #expect(Completeness.looksIncomplete("It's 555 12.", language: "en", expecting: .phone))
        #expect(!Completeness.looksIncomplete("It's 555 123 4567.", language: "en", expecting: .phone))
        #expect(!Completeness.looksIncomplete("It's 5.", language: "en", expecting: .number))
        #expect(Completeness.looksIncomplete("anna@example", language: "en", expecting: .email))
    }

    private static let listening: [(String, [String])] = [
        (
            "en",
            [
                "yeah", "Yep.", "uh-huh", "mhm", "okay", "right", "I see", "got it", "sure", "alright", "of course",
                "exactly", "oh okay", "makes sense", "great",
            ]
        ),
        (
            "de",
            [
                "ja", "genau", "mhm", "ja klar", "okay", "ach so", "alles klar", "stimmt", "verstehe", "in Ordnung",
                "super", "jaja", "natürlich", "sehr gut",
            ]
        ),
        (
            "es",
            [
                "sí", "vale", "claro", "ajá", "de acuerdo", "entiendo", "muy bien", "por supuesto", "sí, claro",
                "eso es", "perfecto", "ya veo", "está bien",
            ]
        ),
        (
            "fr",
            [
                "oui", "ouais", "d'accord", "je vois", "très bien", "bien sûr", "c'est ça", "tout à fait", "ok",
                "voilà", "ça marche", "euh", "entendu",
            ]
        ),
        (
            "it",
            [
                "sì", "va bene", "certo", "esatto", "ho capito", "capisco", "d'accordo", "ok", "perfetto", "giusto",
                "mhm", "benissimo", "ecco",
            ]
        ),
        (
            "pt",
            [
                "sim", "tá bom", "certo", "claro", "entendi", "isso mesmo", "pois é", "uhum", "ok", "está bem",
                "beleza", "com certeza", "perfeito",
            ]
        ),
        (
            "ru",
            [
                "да", "угу", "ага", "понятно", "хорошо", "ну да", "конечно", "ладно", "так", "верно", "да, да", "ясно",
                "понял",
            ]
        ),
        ("zh", ["嗯", "对", "好的", "是的", "明白了", "知道了", "没问题", "原来如此", "嗯嗯", "对对对", "好的，好的", "行", "当然"]),
    ]
    private static let speaking: [(String, [String])] = [
        (
            "en",
            [
                "no", "yeah but I need", "can you repeat that", "what about Monday", "I want to cancel",
                "how much is it", "not that one", "five", "tomorrow morning", "okay and when", "yes please book it",
                "my name is Ann",
            ]
        ),
        (
            "de",
            [
                "nein", "ja aber ich", "was kostet das", "morgen früh", "ich möchte stornieren", "okay und wann",
                "mein Name ist", "lieber Montag", "fünf", "das geht nicht", "können Sie das wiederholen", "warten Sie",
            ]
        ),
        (
            "es",
            [
                "no", "sí pero yo", "cuánto cuesta", "mañana", "quiero cancelar", "vale y cuándo", "me llamo Ana",
                "el lunes mejor", "cinco", "no puedo", "otra cosa", "espere",
            ]
        ),
        (
            "fr",
            [
                "non", "oui mais je", "combien ça coûte", "demain matin", "je veux annuler", "d'accord et quand",
                "je m'appelle", "plutôt lundi", "cinq", "je ne peux pas", "autre chose", "attendez",
            ]
        ),
        (
            "it",
            [
                "no", "sì ma io", "quanto costa", "domani mattina", "voglio annullare", "va bene e quando",
                "mi chiamo Anna", "meglio lunedì", "cinque", "non posso", "altra cosa", "aspetti",
            ]
        ),
        (
            "pt",
            [
                "não", "sim mas eu", "quanto custa", "amanhã cedo", "quero cancelar", "tá bom e quando", "meu nome é",
                "melhor segunda", "cinco", "não posso", "outra coisa", "espere",
            ]
        ),
        (
            "ru",
            [
                "нет", "да но я", "сколько стоит", "завтра утром", "хочу отменить", "хорошо а когда", "меня зовут",
                "лучше в понедельник", "пять", "не могу", "другое", "подождите",
            ]
        ),
        ("zh", ["不", "对但是我", "多少钱", "明天早上", "我要取消", "好的那什么时候", "我叫王明", "周一吧", "五", "不可以", "另外一个", "等一下"]),
    ]

    @Test(arguments: listening) func listeningIsNoSpeaking(language: String, texts: [String]) {
        for text in texts {
            #expect(Backchannel.isBackchannel(text, language: language), "\(text)")
            #expect(!Backchannel.alwaysInterrupts(text, language: language), "\(text)")
        }
    }

    @Test(arguments: speaking) func speakingIsNoListening(language: String, texts: [String]) {
        for text in texts { #expect(!Backchannel.isBackchannel(text, language: language), "\(text)") }
        #expect(Backchannel.alwaysInterrupts(texts.last ?? "", language: language) == (language != "en"))
        #expect(Backchannel.alwaysInterrupts("wait please", language: "en"))
    }
}
