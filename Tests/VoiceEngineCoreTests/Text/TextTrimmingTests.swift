import Testing

@testable import VoiceEngineCore

@Suite struct TextTrimmingTests {
    @Test(arguments: [
        ("", ""), (" ", ""), (" \n\t", ""), ("a", "a"), (" a b\r\n", "a b"), ("\u{A0}é ", "é"), ("a\n", "a"),
    ])
    func leavesTheMiddle(text: String, expected: String) {
        #expect(text.trimmed == expected)
        #expect(text[...].trimmed == expected)
    }
}
