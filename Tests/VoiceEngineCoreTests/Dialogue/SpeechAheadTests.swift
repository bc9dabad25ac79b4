import Testing

@testable import VoiceEngineCore

@Suite struct SpeechAheadTests {
    /// Texts that were given, how much of their audio was heard [ms], and whether the next words may wait.
    static let rows: [(texts: [String], heard: Int64, mayWait: Bool)] = [
        ([], 0, false),
        (["Certainly."], 0, false),
        (["Certainly.", "We open at nine"], 0, true),
        (["Certainly.", "We open at nine"], 1, false),
        ([String(repeating: "a", count: 100)], 3_000, true),
        ([String(repeating: "a", count: 100)], 3_001, false),
        // More was heard than the quickest speaker would have needed.
        (["Certainly."], 60_000, false),
    ]

    @Test(arguments: rows)
    func wordsAreUrgentWhileLittleIsAhead(_ row: (texts: [String], heard: Int64, mayWait: Bool)) {
        var ahead = SpeechAhead()
        for text in row.texts { ahead.speaks(text) }
        #expect(ahead.rest(heard: .milliseconds(row.heard)) == (row.mayWait ? SpeechAhead.rest : nil))
    }
}
