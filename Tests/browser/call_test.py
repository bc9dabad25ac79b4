#!/usr/bin/env python3
"""A call from the page in a real Chromium, with a recording as its microphone.

    call_test.py --url http://127.0.0.1:PORT/ --chromium PROGRAM --caller WAV --output DIR [--agent NAME]

Asserts what the caller sees and hears, and leaves pictures of the page in DIR. The WAV is what caller.sh makes: times of
its parts are in caller.json beside it.
"""

from __future__ import annotations

import argparse
import array
import json
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devtools import Chromium, DevToolsError, Page

HERE = Path(__file__).parent
# A block is silent below -60 dB of full scale.
SILENCE = 0.001


class Checks:
    """Counts what holds and what does not."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.count = 0

    def holds(self, condition: object, what: str) -> None:
        self.count += 1
        print(f"  {'ok  ' if condition else 'FAIL'} {what}")
        if not condition:
            self.failed.append(what)

    def equal(self, got: object, expected: object, what: str) -> None:
        self.holds(got == expected, what if got == expected else f"{what}: expected {expected!r}, got {got!r}")


def messages(page: Page, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.run(f"watch.messages.filter((message) => message.type === {kind!r})")
    return found


def loud_between(blocks: list[list[float]], begin: float, end: float) -> float:
    return max((level for at, level in blocks if begin <= at < end), default=0.0)


def units(page: Page, checks: Checks) -> None:
    """The tests of the page's own parts."""
    failures = page.run((HERE / "page_tests.js").read_text(), timeout=120)
    for failure in failures:
        print(f"    {failure}")
    checks.equal(len(failures), 0, "the page's parts pass their tests")


def before_the_call(page: Page, checks: Checks, output: Path, agent: str) -> None:
    page.wait("!document.querySelector('#call').disabled", 120)
    checks.equal(page.run("document.querySelector('#notice').textContent"), "", "nothing to complain of")
    checks.holds(page.run(f"[...document.querySelector('#agent').options].some((o) => o.value === {agent!r})"),
                 f"{agent} is in the list")  # fmt: skip
    page.run(f"document.querySelector('#agent').value = {agent!r}")
    for name, width, height in (("desktop", 1280, 800), ("phone", 390, 844)):
        for scheme in ("light", "dark"):
            page.look(width, height, scheme, output / f"idle-{name}-{scheme}.png")
    page.look(1280, 800, "light", output / "idle-desktop-light.png")


def call(page: Page, checks: Checks, output: Path) -> None:
    """Presses the button, and waits until the recording has been said and answered."""
    page.click("#call")
    page.wait("document.body.dataset.phase === 'live'", 20)
    page.wait("document.querySelector('#floor').textContent === 'Speaking'", 20)
    page.chromium.listen(0.6)
    page.look(1280, 800, "dark", output / "greeting-desktop-dark.png")
    page.wait("watch.messages.some((message) => message.type === 'barge_in' && message.action === 'cut')", 60)
    page.look(1280, 800, "light", output / "live-desktop-light.png")
    page.look(390, 844, "light", output / "live-phone-light.png")
    page.look(1280, 800, "light", output / "live-desktop-light.png")
    page.wait("watch.messages.filter((message) => message.type === 'metrics' && !message.interrupted).length >= 2", 60)
    page.wait("document.querySelector('#floor').textContent === 'Listening'", 30)
    checks.equal(page.run("document.querySelector('#callLabel').textContent"), "Hang up", "the button hangs up")


def conversation(page: Page, checks: Checks) -> None:
    finals = [message["text"] for message in messages(page, "transcript") if message["final"]]
    print(f"    heard: {finals}")
    words = " ".join(finals).lower()
    checks.holds("hours" in words, "the recording was understood: opening hours")
    checks.holds("cost" in words or "cleaning" in words, "the recording was understood: a cleaning")
    shown = page.run("[...document.querySelectorAll('.caller .said')].map((line) => line.textContent)")
    checks.holds(all(text in shown for text in finals), "every turn of the caller is on the page")
    checks.holds(not page.run("document.querySelector('.caller.open')"), "no words are left half recognised")
    agent = page.run("[...document.querySelectorAll('.agent .said')].map((line) => line.innerText)")
    print(f"    said: {agent}")
    checks.holds(len(agent) >= 4, f"the agent said {len(agent)} things, the greeting first")
    states = [message["state"] for message in messages(page, "state")]
    checks.holds({"listening", "thinking", "speaking"} <= set(states), "listening, thinking and speaking were shown")


def interruption(page: Page, checks: Checks) -> None:
    clears = messages(page, "clear")
    cleared = page.run("watch.sent.filter((message) => message.type === 'cleared')")
    checks.holds(len(clears) >= 1, f"the player was cleared {len(clears)} times")
    checks.equal([c["id"] for c in clears], [c["id"] for c in cleared], "every clear was answered")
    blocks = page.run("watch.blocks")
    cut = next(message for message in messages(page, "barge_in") if message["action"] == "cut")
    clear = max((c for c in clears if c["at"] <= cut["at"]), key=lambda c: c["at"])
    began = min((m["at"] for m in messages(page, "state") if m["at"] > cut["at"] and m["state"] == "speaking"), default=1e9)
    before = loud_between(blocks, clear["at"] - 0.5, clear["at"])
    after = loud_between(blocks, clear["at"] + 0.06, min(clear["at"] + 0.5, began))
    checks.holds(before > 0.01, f"the agent was speaking when it was interrupted ({before:.3f})")
    checks.holds(after < SILENCE, f"60 ms after the clear it is silent ({after:.4f})")
    checks.holds(page.run("document.querySelectorAll('.unheard').length") >= 1, "what was not heard is struck out")
    cut_heard = [message for message in messages(page, "heard") if message["interrupted"]]
    checks.holds(len(cut_heard) >= 1, "the engine knows what was heard of the interrupted reply")


def waterfalls(page: Page, checks: Checks) -> None:
    metrics = messages(page, "metrics")
    checks.holds(len(metrics) >= 2, f"{len(metrics)} turns were measured")
    for message in metrics:
        total = sum(message["stages_ms"].values())
        checks.holds(abs(total - message["total_ms"]) < 0.1, f"the stages add up to {message['total_ms']} ms")
    checks.equal(page.run("document.querySelectorAll('details.time').length"), len(metrics), "each turn has its waterfall")
    rows = page.run("[...document.querySelectorAll('details.time')].map((d) => d.querySelectorAll('tr').length)")
    checks.holds(all(count == 8 for count in rows), "with eight stages")


def audio(page: Page, checks: Checks) -> None:
    got = page.run("({ rate: watch.rate, blocks: watch.blocks.length, bytes: watch.audioBytes, sent: watch.sentBytes })")
    checks.holds(got["sent"] > 16000 * 2 * 10, f"{got['sent'] / 32000:.1f} s went to the server")
    checks.holds(got["bytes"] > 24000 * 2 * 5, f"{got['bytes'] / 48000:.1f} s came from the server")
    loud = sum(1 for _, level in page.run("watch.blocks") if level > 0.01) * 256 / got["rate"]
    checks.holds(loud > 4, f"{loud:.1f} s of voice went to the loudspeaker")
    played = page.run("watch.sent.filter((message) => message.type === 'played').map((message) => message.samples)")
    checks.holds(all(a <= b for a, b in zip(played, played[1:])), "the count of played samples only grows")
    checks.equal(played[-1], got["bytes"] // 2, "all samples that came are accounted for")


def keep(page: Page, output: Path) -> None:
    """Leaves what was said and what the microphone heard, for whoever wonders about a failure."""
    (output / "messages.json").write_text(json.dumps(page.run("watch.messages"), indent=1))
    with wave.open(str(output / "microphone.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(array.array("h", page.run("watch.microphone")).tobytes())


def pictures(page: Page, output: Path) -> None:
    """After the call, with one waterfall open."""
    page.run("document.querySelector('details.time').open = true")
    # Or what is sticky stands in the middle of the picture.
    page.run("scrollTo(0, 0)")
    for name, width, height in (("desktop", 1280, 800), ("phone", 390, 844)):
        for scheme in ("light", "dark"):
            page.look(width, height, scheme, output / f"call-{name}-{scheme}.png", whole=True)


def keyboard(page: Page, checks: Checks) -> None:
    """Hangs up with the keyboard, and looks whether everything can be reached by it."""
    page.look(1280, 800, "light", Path("/dev/null"))
    page.run("document.querySelector('#call').focus()")
    page.key("Tab")
    checks.equal(page.run("document.activeElement.id"), "mute", "Tab goes from the call to Mute")
    page.key(" ")
    checks.equal(page.run("document.activeElement.getAttribute('aria-pressed')"), "true", "the space bar mutes")
    page.key("Tab")
    page.key("Enter")
    checks.equal(page.run("document.querySelector('#keypad').hidden"), False, "Enter opens the keypad")
    page.key("Tab")
    page.key("Enter")
    page.wait("watch.sent.some((message) => message.type === 'digits' && message.digits === '1')", 5)
    page.run("document.querySelector('#call').focus()")
    page.key("Enter")
    page.wait("document.body.dataset.phase === 'idle'", 10)
    checks.holds(len(messages(page, "ended")) == 1, "the server told of the end")
    status = page.run("document.querySelector('#status').textContent")
    checks.equal(status, "Call ended: the caller hung up.", "a screen reader is told")


def roles(page: Page, checks: Checks) -> None:
    """What a screen reader gets."""
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    found = {(node["role"]["value"], node["name"]["value"]) for node in tree if "name" in node and "role" in node}
    for role, name in (("heading", "Talk to an agent"), ("button", "Call"), ("combobox", "Agent"), ("log", "Conversation")):
        checks.holds((role, name) in found, f"{role} “{name}” has its role and name")
    nameless = [node["role"]["value"] for node in tree
                if node.get("role", {}).get("value") in ("button", "combobox", "link") and not node.get("name", {}).get("value")]  # fmt: skip
    checks.equal(nameless, [], "no control is without a name")


def hindrances(chromium: Chromium, url: str, checks: Checks) -> None:
    """What the page says where it cannot work."""
    rows: list[tuple[str, str, bool]] = [
        ("Object.defineProperty(globalThis, 'isSecureContext', { value: false });", "over https", False),
        ("delete globalThis.AudioWorkletNode;", "too old", False),
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));",
         "not allowed", True),
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));",
         "No microphone was found", True),
        ("AudioContext.prototype.resume = () => new Promise(() => {});", "no loudspeaker", True),
    ]  # fmt: skip
    for prepare, words, presses in rows:
        page = Page(chromium, prepare)
        page.open(url)
        if presses:
            page.wait("!document.querySelector('#call').disabled", 20)
            page.click("#call")
        page.wait("document.querySelector('#notice').textContent", 20)
        notice = page.run("document.querySelector('#notice').textContent")
        checks.holds(words in notice, f"it says: {notice}")
        checks.equal(page.run("document.body.dataset.phase"), "idle", "and stands ready")
        page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--caller", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--agent", default="receptionist")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    checks = Checks()
    chromium = Chromium(
        options.chromium, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={options.caller}%noloop",
        "--autoplay-policy=user-gesture-required",
    )  # fmt: skip
    try:
        page = Page(chromium, (HERE / "watch.js").read_text())
        page.open(options.url)
        steps: list[Callable[[], None]] = [
            lambda: units(page, checks),
            lambda: before_the_call(page, checks, options.output, options.agent),
            lambda: roles(page, checks),
            lambda: call(page, checks, options.output),
            lambda: conversation(page, checks),
            lambda: interruption(page, checks),
            lambda: waterfalls(page, checks),
            lambda: audio(page, checks),
            lambda: pictures(page, options.output),
            lambda: keyboard(page, checks),
            lambda: keep(page, options.output),
        ]
        for step in steps:
            step()
        own = options.url.removeprefix("http://").rstrip("/")
        foreign = [address for address in page.requests() if own not in address and address != "about:blank"]
        checks.equal(foreign, [], "nothing was asked of any other server")
        # The test's own tap is of the old kind, because it needs no module.
        problems = [problem for problem in page.problems() if "ScriptProcessorNode" not in problem]
        checks.equal(problems, [], "the browser complained of nothing")
        hindrances(chromium, options.url, checks)
    except DevToolsError as error:
        checks.holds(False, str(error))
        keep(page, options.output)
        page.look(1280, 800, "light", options.output / "failure.png", whole=True)
    finally:
        chromium.close()
    print(f"{checks.count - len(checks.failed)} of {checks.count} hold; pictures in {options.output}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
