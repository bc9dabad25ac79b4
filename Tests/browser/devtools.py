"""Chromium without a screen, over the DevTools protocol on two pipes. Standard library only."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any


class DevToolsError(Exception):
    """A command that Chromium refused, an exception in the page, or a wait that took too long."""


class Chromium:
    """One browser process. Messages are JSON, ended by NUL, on its file descriptors 3 and 4."""

    def __init__(self, program: str, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        self._buffer = b""
        self._numbers = itertools.count(1)
        self._log = open(Path(self._folder.name) / "chromium.log", "wb")
        command = [
            program, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-gpu",
            "--force-color-profile=srgb", f"--user-data-dir={self._folder.name}/profile", *options, "about:blank",
        ]  # fmt: skip

        def wire() -> None:
            # Moved out of the way first: the numbers may already be among 3 and 4.
            read, write = os.dup(to_read), os.dup(to_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, close_fds=False, preexec_fn=wire
        )
        os.close(to_read)
        os.close(to_write)
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, session: str | None = None, timeout: float = 30, **params: Any) -> dict[str, Any]:
        """Runs one command and returns its result; events that come meanwhile are kept."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self._next(deadline)
            if answer is None:
                raise DevToolsError(f"{method}: no answer in {timeout:g} s")
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise DevToolsError(f"{method}: {answer['error']}")
            return answer["result"]

    def listen(self, seconds: float) -> None:
        """Takes events for so long."""
        deadline = time.monotonic() + seconds
        while self._next(deadline) is not None:
            pass

    def _next(self, deadline: float) -> dict[str, Any] | None:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            part = os.read(self._read, 1 << 20)
            if not part:
                raise DevToolsError(f"Chromium ended:\n{self.log()}")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        if "method" in decoded:
            self.events.append(decoded)
        return decoded

    def log(self) -> str:
        """The end of what Chromium says."""
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace")[-2000:]

    def close(self) -> None:
        try:
            self.send("Browser.close", timeout=5)
        except (DevToolsError, OSError):
            pass
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._log.close()
        self._folder.cleanup()


class Page:
    """One tab."""

    def __init__(self, chromium: Chromium, prepare: str = "") -> None:
        """`prepare` is JavaScript that runs in every document before its own."""
        self.chromium = chromium
        target = chromium.send("Target.createTarget", url="about:blank")["targetId"]
        self._target = target
        self.session = chromium.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        if prepare:
            self.send("Page.addScriptToEvaluateOnNewDocument", source=prepare)

    def send(self, method: str, timeout: float = 30, **params: Any) -> dict[str, Any]:
        return self.chromium.send(method, self.session, timeout, **params)

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", 20)

    def run(self, script: str, timeout: float = 30) -> Any:
        """The value of an expression, which may be a promise."""
        result = self.send(
            "Runtime.evaluate", timeout, expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise DevToolsError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float) -> None:
        """Until the expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise DevToolsError(f"not within {seconds:g} s: {condition}")
            self.chromium.listen(0.05)

    def click(self, selector: str) -> None:
        """With the mouse, where the element is."""
        x, y = self.run(
            f"(() => {{ const b = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name: str) -> None:
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(name, "")
        code = "Space" if name == " " else name
        common = {"key": name, "code": code, "windowsVirtualKeyCode": codes[name]}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def look(self, width: int, height: int, scheme: str, path: Path, whole: bool = False) -> None:
        """A picture of the page as a screen of that size shows it."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=width < 600
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.chromium.listen(0.3)
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def problems(self) -> list[str]:
        """What the browser complained of: exceptions, errors in its log, what the policy forbids."""
        found = []
        for event in self.chromium.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning"):
                entry = event["params"]["entry"]
                found.append(f"{entry['text']} {entry.get('url', '')}")
        return found

    def requests(self) -> list[str]:
        """Every address that was asked for."""
        found = []
        for event in self.chromium.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Network.requestWillBeSent":
                found.append(event["params"]["request"]["url"])
            elif event["method"] == "Network.webSocketCreated":
                found.append(event["params"]["url"])
        return found

    def close(self) -> None:
        self.chromium.send("Target.closeTarget", targetId=self._target)
