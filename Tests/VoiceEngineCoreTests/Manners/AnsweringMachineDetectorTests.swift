import Testing

@testable import VoiceEngineCore

/// Who has answered, by rows: what is heard when, and what follows.
@Suite struct AnsweringMachineDetectorTests {
    private enum Input {
        case voice(Int64)
        case pause(Int64, lastSpeech: Int64)
        case words(Int64, String)
        case beep(Int64)
        case timer(Int64)
    }

    private typealias Action = AnsweringMachineDetector.Action

    private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private static func wait(_ milliseconds: Int64) -> Action { .wait(until: at(milliseconds)) }
    private static func person(_ milliseconds: Int64) -> Action { .person(until: at(milliseconds)) }

    private func run(_ inputs: [Input], language: String = "en-US") -> [Action] {
        var detector = AnsweringMachineDetector(language: language, start: .zero)
        return inputs.map { input in
            switch input {
            case .voice(let time): detector.voiceStarted(onset: Self.at(time), at: Self.at(time + 40))
            case .pause(let time, let end): detector.voicePaused(lastSpeech: Self.at(end), at: Self.at(time))
            case .words(let time, let text): detector.words(text, at: Self.at(time))
            case .beep(let time): detector.beep(at: Self.at(time))
            case .timer(let time): detector.timerFired(at: Self.at(time))
            }
        }
    }

    @Test func aPersonSaysHello() {
        #expect(
            run([
                .voice(1_000), .words(1_300, "Hello"), .pause(1_650, lastSpeech: 1_500), .timer(2_300), .timer(17_300),
            ])
                == [Self.wait(5_000), .none, Self.wait(2_300), Self.person(17_300), .settled])
    }

    @Test func nobodySaysAnything() {
        #expect(run([.timer(2_000), .timer(2_500)]) == [Self.wait(2_500), Self.person(17_500)])
    }

    @Test func aPersonWhoAnnouncesTheFirm() {
        // 3.4 s, with a breath in the middle.
        #expect(
            run([
                .voice(500), .pause(2_150, lastSpeech: 2_000), .voice(2_500), .timer(4_400),
                .pause(4_050, lastSpeech: 3_900), .timer(4_700),
            ]) == [
                Self.wait(4_500), Self.wait(2_800), Self.wait(4_500), Self.wait(4_500), Self.wait(4_700),
                Self.person(19_700),
            ])
    }

    @Test func aLongGreetingIsAMachine() {
        #expect(
            run([.voice(500), .pause(2_150, lastSpeech: 2_000), .voice(2_500), .timer(4_500)])
                == [Self.wait(4_500), Self.wait(2_800), Self.wait(4_500), .machine(.length)])
        #expect(run([.voice(0), .pause(4_100, lastSpeech: 4_050)]).last == .machine(.length))
    }

    @Test func wordsDecideAtOnce() {
        #expect(
            run([.voice(500), .words(1_500, "You have reached the"), .words(1_700, "again"), .timer(9_000)])
                == [Self.wait(4_500), .machine(.words), .none, .none])
    }

    @Test func afterAPersonOnlyCertainWordsTell() {
        let hello: [Input] = [.voice(500), .pause(1_150, lastSpeech: 1_000), .timer(1_800)]
        #expect(run(hello + [.words(4_000, "I am not available on Monday")]).last == Action.none)
        #expect(run(hello + [.words(4_000, "Please leave your message after the tone")]).last == .machine(.words))
        #expect(run(hello + [.words(16_900, "Please leave your message after the tone")]).last == Action.none)
    }

    @Test func aBeepTellsOnceSomebodyHasSpoken() {
        #expect(run([.beep(300)]) == [.none], "a tone of the exchange")
        #expect(run([.voice(500), .beep(900)]).last == .machine(.beep))
        #expect(run([.voice(500), .pause(1_150, lastSpeech: 1_000), .beep(1_500)]).last == .machine(.beep))
        let hello: [Input] = [.voice(500), .pause(1_150, lastSpeech: 1_000), .timer(1_800)]
        #expect(run(hello + [.beep(3_000)]).last == .machine(.beep))
        #expect(run(hello + [.beep(17_000)]).last == Action.none)
    }

    @Test func voiceDuringAConversationMeansNothing() {
        let hello: [Input] = [.voice(500), .pause(1_150, lastSpeech: 1_000), .timer(1_800)]
        #expect(
            run(hello + [.voice(3_000), .pause(9_000, lastSpeech: 8_900), .timer(9_000)]).suffix(3)
                == [.none, .none, Self.wait(16_800)])
        #expect(run([.pause(100, lastSpeech: 50)]) == [.none], "no voice, no pause")
    }

    @Test func nothingFollowsAVerdict() {
        let machine: [Input] = [.voice(0), .words(500, "voicemail")]
        for input in [
            .voice(1_000), .pause(1_000, lastSpeech: 900), .words(1_000, "voicemail"), .beep(1_000), .timer(9_000),
        ]
            as [Input]
        {
            #expect(run(machine + [input]).last == Action.none)
        }
    }

    @Test(arguments: [
        ("en-US", "Hi, this is Bob. I can't take your call right now."),
        ("en", "Please leave a message after the beep"),
        ("en", "The mailbox is full"), ("de-DE", "Hinterlassen Sie eine Nachricht nach dem Signalton."),
        ("de", "Der Teilnehmer ist derzeit nicht erreichbar"), ("es", "Deje su mensaje después de la señal"),
        ("es", "En este momento no puedo atender"), ("fr", "Laissez un message après le bip sonore."),
        ("fr", "Je ne suis pas disponible"), ("it", "Lasciate un messaggio dopo il segnale acustico"),
        ("it", "Al momento non posso rispondere"), ("pt", "Deixe o seu recado após o sinal"),
        ("pt-BR", "Sua chamada está sendo encaminhada para a caixa postal"), ("ru", "Оставьте сообщение после сигнала"),
        ("ru", "Абонент временно недоступен"), ("zh", "您拨打的用户暂时无法接听，请在提示音后留言"),
        ("de", "Please leave your message after the tone"),
    ])
    func machinesInEveryLanguage(language: String, text: String) {
        #expect(run([.voice(0), .words(1_000, text)], language: language).last == .machine(.words))
    }

    @Test(arguments: [
        ("en", "Hello?"), ("en", "Smith and sons, how can I help you?"), ("en", "Yes, speaking."),
        ("en", "Hi, this is Ann"),
        ("de", "Müller, guten Tag"), ("de", "Ja bitte?"), ("es", "¿Dígame?"), ("es", "Hola, buenos días"),
        ("fr", "Allô ?"), ("fr", "Oui, bonjour, Dupont"), ("it", "Pronto?"), ("pt", "Alô, quem fala?"),
        ("ru", "Алло, слушаю вас"), ("zh", "喂，你好，哪位？"),
    ])
    func peopleInEveryLanguage(language: String, text: String) {
        #expect(run([.voice(0), .words(1_000, text)], language: language).last == Action.none)
    }
}
