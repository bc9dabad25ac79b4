import Testing

@testable import VoiceEngineCore

@Suite struct AgendaTests {
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }
    private func words(_ text: String) -> Utterance { Utterance(text: text, lastSpeech: .zero, decidable: .zero) }

    @Test func anEmptyAgendaListens() {
        var agenda = Agenda()
        #expect(agenda.next(.silent, at: at(0)) == .listen)
        #expect(agenda.next(.audible, at: at(0)) == .listen)
        #expect(agenda.next(.speaking, at: at(0)) == .listen)
    }

    @Test func theCallersWordsComeFirstAndTogether() {
        var agenda = Agenda()
        agenda.add("one")
        agenda.add("two")
        agenda.add(words("hello"))
        agenda.add(words("anybody there"))
        #expect(agenda.hasWords && agenda.waitingTexts == 2)
        #expect(agenda.next(.silent, at: at(0)) == .answer(words("hello anybody there")))
        #expect(!agenda.hasWords)
        #expect(agenda.next(.silent, at: at(0)) == .say("one"))
        #expect(agenda.next(.silent, at: at(0)) == .say("two"))
        #expect(agenda.next(.silent, at: at(0)) == .listen)
    }

    @Test func wordsAreWaitedForAsLongAsTheyLast() {
        var agenda = Agenda()
        agenda.add("one")
        for time in stride(from: Int64(0), to: 60_000, by: 4_000) {
            #expect(agenda.next(.speaking, at: at(time)) == .wait(until: at(time + 4_000)))
        }
        #expect(agenda.next(.silent, at: at(60_000)) == .say("one"))
    }

    @Test func aNoiseIsWaitedForOnlyForSoLong() {
        var agenda = Agenda()
        agenda.add("one")
        agenda.add("two")
        #expect(agenda.next(.audible, at: at(1_000)) == .wait(until: at(5_000)))
        #expect(agenda.next(.audible, at: at(3_000)) == .wait(until: at(5_000)))
        #expect(agenda.next(.audible, at: at(5_000)) == .say("one"))
        #expect(agenda.next(.audible, at: at(7_000)) == .wait(until: at(11_000)), "each anew")
    }

    @Test func textsAreDroppedAndWordsAreNot() {
        var agenda = Agenda()
        agenda.add("one")
        agenda.add(words("hello"))
        agenda.dropTexts()
        #expect(agenda.waitingTexts == 0)
        #expect(agenda.takeWords() == "hello")
        #expect(agenda.takeWords() == nil)
    }
}
