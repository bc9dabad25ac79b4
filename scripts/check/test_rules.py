"""Each rule finds what it is for, and nothing else. Run by run.sh: python3 -m unittest."""

from __future__ import annotations

import unittest

import rules

CORE = "Sources/VoiceEngine/Core/Turn/Turn.swift"
RING = "Sources/VoiceEngine/Core/Audio/SampleRing.swift"
NET = "Sources/VoiceEngine/Net/Server.swift"
ABI = "Sources/VoiceEngine/ABI/Exports.swift"
LAB = "Sources/VoiceLab/main.swift"
TEST = "Tests/VoiceEngineTests/CallTests.swift"

# file, text, the rules that it breaks
ROWS: tuple[tuple[str, str, list[str]], ...] = (
    (NET, 'fatalError("no")', ["traps"]),
    (NET, "let x = try! parse()", ["traps"]),
    (NET, "let x = y as! Int", ["traps"]),
    (NET, "let x = y as? Int; let z = try? parse()", []),
    (TEST, "let x = try! parse(); let y = z as! Int", []),
    (NET, "// fatalError is banned, try! too", []),
    (NET, "/* as! /* nested */ as! */ let x = 1", []),
    (NET, 'let text = "try! this"; let raw = #"as! " there"#', []),
    (NET, 'let text = """\n  fatalError\n  """\nlet x = 1', []),
    (NET, 'let text = "a \\" as! b"', []),
    (CORE, "internal import NIOCore", ["core-imports"]),
    (CORE, "import Foundation", ["core-imports", "foundation"]),
    (CORE, "import DequeModule", []),
    (CORE, "internal import Synchronization", ["core-imports"]),
    (RING, "internal import Synchronization", []),
    (NET, "package import NIOCore", []),
    (NET, "import FoundationEssentials", ["foundation"]),
    (NET, "@preconcurrency import struct Foundation.Data // ours", ["foundation"]),
    (LAB, "import Foundation", []),
    (NET, "import CVoiceEngine", ["abi-boundary"]),
    (ABI, "import CVoiceEngine", []),
    (NET, "DispatchQueue.main.async {}", ["blocking"]),
    (NET, "try await Task.sleep(for: .seconds(1))", ["blocking"]),
    (NET, "usleep(10)", ["blocking"]),
    (NET, "sleep(1)", ["blocking"]),
    (NET, "clock.sleep(until: deadline)", []),
    (NET, "let s = AsyncStream<Int> { c in }", ["unbounded-stream"]),
    (NET, "let s = AsyncStream.makeStream(of: Int.self)", ["unbounded-stream"]),
    (NET, "let s = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(4))", []),
    (NET, "final class A: @unchecked Sendable {}", ["unchecked"]),
    (NET, "/// `@unchecked Sendable`: confined to its loop.\nfinal class A: @unchecked Sendable {}", []),
    (NET, "// Set once.\n@usableFromInline\nnonisolated(unsafe) var x = 1", []),
    (NET, "// Far away.\n\nnonisolated(unsafe) var x = 1", ["unchecked"]),
    (NET, "final class A: @unchecked Sendable {\n    // Owns its memory.\n}", []),
    (NET, "@_optimize(none) func f() {}", ["underscored"]),
    (NET, "@_noAllocation func f() {}", ["underscored"]),
    (RING, "@_noAllocation @_noLocks func f() {}", []),
    (ABI, '@implementation @_cdecl("voice_x") public func voice_x() {}', []),
    (NET, "let now = NIODeadline.now()", ["clock"]),
    (NET, "let now = NIODeadline.now() // once per connection", []),
    ("Sources/VoiceEngine/Session/SessionClock.swift", "let now = NIODeadline.now()", []),
    (NET, 'print("hello")', ["host-process"]),
    (NET, "log.print(line)", []),
    (LAB, 'print("hello")', []),
    (NET, "exit(1)", ["host-process"]),
    (NET, "signal(SIGPIPE, SIG_IGN)", ["host-process"]),
    (NET, "abort(connection); monitor.signal(now)", []),
    (TEST, "try await Task.sleep(for: .seconds(1))", ["test-time"]),
    (TEST, "let start = ContinuousClock.now", ["test-time"]),
    (TEST, "let start = Date()", ["test-time"]),
    (TEST, "let when = Date(timeIntervalSince1970: 0)", []),
    (NET, "\n" * 601, ["length"]),
    (NET, "\n" * 600, []),
    (NET, "// check: table of tones\n" + "\n" * 700, []),
    ("bindings/c/a.c", "\n" * 601, ["length"]),
    ("docs/a.md", "\n" * 601, []),
    ("docs/a.md", "see /root/thing", ["machine-path"]),
)


class RulesTest(unittest.TestCase):
    def test_rows(self) -> None:
        for path, text, expected in ROWS:
            with self.subTest(path=path, text=text[:60]):
                self.assertEqual([rule for _, rule, _ in rules.breaches(path, text)], expected)

    def test_lines_are_counted_through_comments_and_strings(self) -> None:
        text = '/* one\ntwo */\nlet a = """\n  x\n  """\nfatalError()'
        self.assertEqual([(line, rule) for line, rule, _ in rules.breaches(NET, text)], [(6, "traps")])


if __name__ == "__main__":
    unittest.main()
