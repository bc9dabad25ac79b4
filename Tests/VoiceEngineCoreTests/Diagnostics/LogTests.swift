import Synchronization
import Testing
import VoiceEngineCore

@Suite struct LogTests {
    /// Names of calls come from whoever opens a stream.
    @Test(arguments: [
        ("call a refused", "call a refused"), ("", ""), ("Müller, 你好 🎉 ¡", "Müller, 你好 🎉 ¡"),
        ("call a\n[error] engine: forged", "call a [error] engine: forged"), ("a\r\nb\tc\u{0}d", "a  b c d"),
        ("\u{1B}[2Ja\u{9B}2Jb\u{7F}", " [2Ja 2Jb "),
    ])
    func aMessageIsOneLine(message: String, line: String) {
        let lines = Mutex<[String]>([])
        let log = Log(component: "test") { _, _, line in lines.withLock { $0.append(line) } }
        log(.error, message)
        #expect(lines.withLock { $0 } == [line])
    }
}
