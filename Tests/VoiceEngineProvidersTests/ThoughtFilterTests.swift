import Testing
@testable internal import VoiceEngineProviders

@Suite struct ThoughtFilterTests {
    @Test(arguments: [
        ("Hello.", "Hello."), ("<think>hm</think>\n\nHello.", "Hello."), ("a <think>b</think> c", "a c"),
        ("a < b <think", "a < b <think"), ("<think>never ends", ""), ("</think>x", "</think>x"), ("", ""),
        ("<<think>x</think>y", "<y"), ("<think></</think>z", "z"), ("<thin<think>q</think>k>", "<think>"),
    ])
    func keepsThoughtsOut(_ row: (String, String)) {
        let characters = Array(row.0)
        for cut in 0...characters.count {
            var filter = ThoughtFilter()
            let spoken =
                filter.take(String(characters[..<cut])) + filter.take(String(characters[cut...])) + filter.end()
            #expect(spoken == row.1, "cut at \(cut)")
        }
    }
}
