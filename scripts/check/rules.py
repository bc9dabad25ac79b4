#!/usr/bin/env python3
"""The rules of the code base that a compiler or formatter does not check.

    rules.py [ROOT]     prints file:line: message [rule] for every breach; exits with 1 when there is one

Code is looked at without comments and string literals; a rule that asks for a comment looks at the comments.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LINE_LIMIT = 600
# Says in its first lines why a file is a table and may be longer.
TABLE_MARK = "check: table"
SOURCE_SUFFIXES = {".swift", ".c", ".h", ".py", ".sh"}
RING_FILES = ("Core/Audio/PlayoutRing.swift", "Core/Audio/SampleRing.swift")


@dataclass(frozen=True)
class Source:
    """A file in two halves: each line's code, and each line's comments."""

    path: str
    code: list[str]
    comments: list[str]

    def explained(self, index: int) -> bool:
        """Whether a comment stands on the line, in the lines right before it, or right after."""
        if self.comments[index].strip():
            return True
        before = index - 1
        # Attributes may stand between the comment and the declaration.
        while before >= 0 and not self.comments[before].strip() and self.code[before].strip().startswith("@"):
            before -= 1
        if before >= 0 and self.comments[before].strip():
            return True
        return index + 1 < len(self.code) and bool(self.comments[index + 1].strip()) and not self.code[index + 1].strip()


def split(path: str, text: str) -> Source:
    """Separates code from comments and blanks string literals; knows Swift's nested comments, multi-line and raw strings."""
    code: list[str] = []
    comment: list[str] = []
    at = 0
    while at < len(text):
        two = text[at : at + 2]
        if two == "//":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            comment.append(text[at:end])
            code.append(" " * (end - at))
            at = end
            continue
        if two == "/*":
            end = _comment_end(text, at)
            comment.append(text[at:end])
            code.append(_blank(text[at:end]))
            at = end
            continue
        string = re.compile(r'(#*)("""|")').match(text, at)
        if string:
            end = _string_end(text, string)
            code.append('""' + _blank(text[at + 2 : end]))
            comment.append(_blank(text[at:end]))
            at = end
            continue
        code.append(text[at])
        comment.append("\n" if text[at] == "\n" else " ")
        at += 1
    return Source(path, "".join(code).split("\n"), "".join(comment).split("\n"))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _string_end(text: str, opening: re.Match[str]) -> int:
    hashes, quotes = opening.groups()
    at = opening.end()
    escape = "\\" + hashes
    closing = quotes + hashes
    while at < len(text):
        if text.startswith(escape, at):
            at += len(escape) + 1
        elif text.startswith(closing, at):
            return at + len(closing)
        elif quotes == '"' and text[at] == "\n":
            return at
        else:
            at += 1
    return len(text)


@dataclass(frozen=True)
class Rule:
    """Forbids a pattern in the code of some files."""

    name: str
    pattern: str
    message: str
    applies: Callable[[str], bool]
    # With a comment that says why, it is allowed.
    unless_explained: bool = False

    def breaches(self, source: Source) -> Iterator[tuple[int, str]]:
        pattern = re.compile(self.pattern)
        for index, line in enumerate(source.code):
            match = pattern.search(line)
            if match and not (self.unless_explained and source.explained(index)):
                yield index + 1, self.message.format(match.group().strip())


def under(*folders: str) -> Callable[[str], bool]:
    return lambda path: path.endswith(".swift") and path.startswith(folders)


def library(path: str) -> bool:
    return path.endswith(".swift") and path.startswith("Sources/VoiceEngine/")


def library_but(*folders: str) -> Callable[[str], bool]:
    return lambda path: library(path) and not path.startswith(folders)


def core(path: str) -> bool:
    return under("Sources/VoiceEngine/Core/")(path)


IMPORT = r"^\s*(?:@\w+\s+)?(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:\w+\s+)?"

RULES = (
    Rule("traps", r"\bfatalError\b|\btry!|\bas!", "{}: a trap here ends every call of the host", under("Sources/")),
    Rule(
        "core-imports",
        IMPORT + r"(?:NIO\w*|_NIO\w*|Foundation\w*|Dispatch|Logging|Glibc|CVoiceEngine|COpenSSL|COpus|CSampleRate)\b",
        "{}: Core is pure; it imports the standard library, collections and kernels in C only",
        core,
    ),
    Rule(
        "core-imports",
        IMPORT + r"Synchronization\b",
        "{}: in Core only the two rings synchronise",
        lambda path: core(path) and not path.endswith(RING_FILES),
    ),
    Rule(
        "foundation",
        IMPORT + r"Foundation\w*\b",
        "{}: the library does without Foundation; use Glibc where the C library is needed",
        library,
    ),
    Rule("logging", IMPORT + r"Logging\b", "{}: log lines go to the host's callback", library),
    Rule(
        "abi-boundary",
        IMPORT + r"CVoiceEngine\b",
        "{}: only ABI/ knows the header",
        library_but("Sources/VoiceEngine/ABI/"),
    ),
    Rule(
        "blocking",
        r"\bDispatchQueue\b|\bDispatchSemaphore\b|\bDispatchGroup\b|\bTask\s*\.\s*sleep\b|\bThread\s*\.\s*sleep\b"
        r"|\busleep\s*\(|\bnanosleep\s*\(|(?<![.\w])sleep\s*\(",
        "{}: timers belong to the event loop, locks are Mutex; nothing sleeps or blocks",
        library,
    ),
    Rule(
        "unbounded-stream",
        r"\bAsync(?:Throwing)?Stream\b(?!.*bufferingPolicy)(?=.*(?:\{|\bmakeStream\b|\())",
        "{}: unbounded unless it names a bufferingPolicy",
        under("Sources/"),
    ),
    Rule(
        "unchecked",
        r"@unchecked\s+Sendable|\bnonisolated\(unsafe\)|@preconcurrency",
        "{}: needs a comment that names the invariant, on the line or right before it",
        under("Sources/"),
        unless_explained=True,
    ),
    Rule(
        "underscored",
        r"@_(?!cdecl\b)\w+",
        "{}: underscored attributes are not for us",
        lambda path: library(path) and not path.startswith(("Sources/VoiceEngine/Core/Audio/", "Sources/VoiceEngine/Core/Codec/")),
    ),
    Rule(
        "underscored",
        r"@_(?!cdecl\b|noAllocation\b|noLocks\b)\w+",
        "{}: kernels may use @_noAllocation and @_noLocks only",
        under("Sources/VoiceEngine/Core/Audio/", "Sources/VoiceEngine/Core/Codec/"),
    ),
    Rule(
        "clock",
        r"\bNIODeadline\s*\.\s*now\b|\bclock_gettime\b|\bContinuousClock\b|\bSuspendingClock\b|\bgettimeofday\b",
        "{}: time is handed down from the tick; another read of the clock needs a comment that says why",
        lambda path: library(path) and not path.endswith(("Clock.swift", "Monitor.swift")),
        unless_explained=True,
    ),
    Rule(
        "host-process",
        r"(?<![.\w])(?:(?:print|debugPrint|dump|exit|_exit|sigaction|setenv|putenv)\s*\(|signal\s*\(\s*SIG)(?!.*->)",
        "{}: the process is the host's: no output, no signals, no exit",
        library,
    ),
    Rule(
        "test-time",
        r"\bTask\s*\.\s*sleep\b|\bThread\s*\.\s*sleep\b|\busleep\s*\(|\bnanosleep\s*\(|(?<![.\w])sleep\s*\("
        r"|\bDate\s*\(\s*\)|\bDate\s*\.\s*now\b|\bContinuousClock\b|\bSuspendingClock\b|\bclock_gettime\b|\bgettimeofday\b"
        r"|\bNIODeadline\s*\.\s*now\b|\bDispatchTime\b|\bsystemUptime\b|\bmach_absolute_time\b",
        "{}: tests run in virtual time: no sleep, no clock",
        # Reports of cost, which run on demand, are no tests.
        lambda path: under("Tests/")(path) and not path.endswith("Cost.swift"),
    ),
)

# In every text file: traces of the machine that it was made on.
MACHINE = re.compile(r"/tmp/wt\b|/work/(?:main|shared)\b|/home/[a-z]+/|/root/")


def length_breach(path: str, text: str) -> str | None:
    """The message for a file that is too long."""
    lines = text.count("\n") + (not text.endswith("\n") and text != "")
    if lines <= LINE_LIMIT or TABLE_MARK in "\n".join(text.split("\n")[:10]):
        return None
    return f"{lines} lines, {LINE_LIMIT} is the limit; split it by concept (a table says \"{TABLE_MARK}\" and why at its start)"


def breaches(path: str, text: str) -> Iterator[tuple[int, str, str]]:
    """Line, rule and message of every breach in a file."""
    if Path(path).suffix in SOURCE_SUFFIXES:
        long = length_breach(path, text)
        if long:
            yield LINE_LIMIT + 1, "length", long
    if path.endswith(".swift"):
        source = split(path, text)
        for rule in RULES:
            if rule.applies(path):
                for line, message in rule.breaches(source):
                    yield line, rule.name, message
    if not path.startswith("scripts/check/"):
        for index, content in enumerate(text.split("\n")):
            match = MACHINE.search(content)
            if match:
                yield index + 1, "machine-path", f"{match.group()}: a path of one machine"


def tracked_files(root: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, check=True, capture_output=True
    )
    return sorted(listed.stdout.decode().splitlines())


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = 0
    for path in tracked_files(root):
        file = root / path
        if not file.is_file() or file.is_symlink():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for line, rule, message in breaches(path, text):
            print(f"{path}:{line}: {message} [{rule}]")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
