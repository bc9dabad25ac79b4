import Testing

@testable import VoiceEngineCore

@Suite struct TranscriptJoinTests {
    @Test(
        arguments: [
            ("", false, "when do", "when do"), ("when do", false, "", "when do"),
            ("when do", false, "you open", "when do you open"), ("no", false, "no", "no no"),
            ("when do you", true, "do you open", "when do you open"),
            ("When do you,", true, "YOU open", "When do you, open"),
            ("when do", true, "you open", "when do you open"), ("when do", true, "when do", "when do"),
            ("when", true, "when do you", "when do you"),
        ])
    func joins(kept: String, overlaps: Bool, text: String, expected: String) {
        #expect(TranscriptJoin(kept: kept, overlaps: overlaps).joined(with: text) == expected)
    }
}
