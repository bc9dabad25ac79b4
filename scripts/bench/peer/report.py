"""Writes the reports of `voice-lab bench` about several servers as one table.   report.py FOLDER

FOLDER holds voice-host.json and the peers' NAME.json, each the report of one process through all its levels.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable

OURS = "voice-host"
# What a healthy level has: a caller notices nothing.
WHOLE_CALLS = 0.99
BEHIND_P99_MS = 200.0
ADDED_P95_MS = 100.0
CORES_BUSY = 0.95
# Above this it is the machine that was measured.
LAG_P99_MS = 20.0


@dataclass(frozen=True)
class Level:
    """One server at one number of calls."""

    server: str
    figures: dict[str, Any]

    @property
    def calls(self) -> int:
        return int(self.figures["calls"])

    @property
    def cores(self) -> float | None:
        cpu = self.figures.get("engine_cpu_s")
        return None if cpu is None else float(cpu / self.figures["window_s"])

    @property
    def cpu(self) -> float | None:
        value = self.figures.get("cpu_s_per_call_minute")
        return None if value is None else float(value)

    @property
    def late(self) -> float:
        return float(self.figures["frames_late_10ms"] / max(1, self.figures["frames"]))

    def percentile(self, name: str, percent: str) -> float | None:
        value = self.figures[name].get(percent)
        return None if value is None else float(value)

    @property
    def is_whole(self) -> bool:
        """Whether the agent answered."""
        return bool(self.figures["calls_whole"] >= WHOLE_CALLS * max(1, self.figures["calls_finished"]))

    @property
    def is_disturbed(self) -> bool:
        """Whether the callers themselves had no processor for a time; the server's figures are not to be trusted then."""
        return (self.percentile("lab_lag_ms", "p99") or 0.0) > LAG_P99_MS

    @property
    def is_healthy(self) -> bool:
        added = self.percentile("engine_total_ms", "p95")
        behind = self.percentile("frame_lateness_ms", "p99")
        return (
            self.is_whole
            and behind is not None
            and behind <= BEHIND_P99_MS
            and added is not None
            and added <= ADDED_P95_MS
            and (self.cores or 0.0) < CORES_BUSY
        )


def read(folder: Path) -> list[Level]:
    """All levels, voice-host first."""
    paths = sorted(folder.glob("*.json"), key=lambda path: (path.stem != OURS, -len(path.stem)))
    return [Level(path.stem, level) for path in paths for level in json.loads(path.read_text())["levels"]]


def kilobytes_per_call(levels: list[Level]) -> float | None:
    """What a further call costs one server: between its first and its last level with answers, so that what the first
    call loads once is not counted; with one level all of it."""
    whole = [level for level in levels if level.is_whole] or levels
    first, last = whole[0], whole[-1]
    if last.calls == first.calls:
        value = first.figures.get("kb_per_call")
        return None if value is None else float(value)
    begin, end = first.figures.get("resident_kb"), last.figures.get("resident_kb")
    return None if begin is None or end is None else float((end - begin) / (last.calls - first.calls))


def number(value: float | None) -> str:
    """Three digits that matter."""
    if value is None:
        return "-"
    decimals = next((count for count, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:.{decimals}f}"


def distribution(name: str) -> Callable[[Level], str]:
    """The row of a distribution: p50 / p95 / p99."""
    return lambda level: " / ".join(number(level.percentile(name, percent)) for percent in ("p50", "p95", "p99"))


ROWS: list[tuple[str, Callable[[Level], str]]] = [
    ("calls held / every turn answered", lambda level: "{calls_finished} / {calls_whole}".format(**level.figures)),
    ("added by the server in a turn [ms]", distribution("engine_total_ms")),
    ("requests before the final transcript", lambda level: "{turns_speculative} of {turns}".format(**level.figures)),
    ("caller's end → reply [ms]", distribution("voice_to_voice_ms")),
    ("barge-in: voice → clear [ms]", distribution("barge_in_to_clear_ms")),
    ("barge-in: voice → last agent sample [ms]", distribution("barge_in_to_last_sample_ms")),
    ("frames later than 10 ms", lambda level: f"{100 * level.late:.2f} %"),
    ("frames behind their place [ms]", distribution("frame_lateness_ms")),
    ("stale frames after a cut", lambda level: str(level.figures["stale_frames"])),
    ("CPU s per call-minute", lambda level: number(level.cpu)),
    ("core busy", lambda level: "-" if level.cores is None else f"{100 * level.cores:.0f} %"),
    ("the callers' own lag [ms]", distribution("lab_lag_ms")),
    ("healthy", lambda level: "yes" if level.is_healthy else "disturbed" if level.is_disturbed else "no"),
]


def row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(levels: list[Level]) -> list[str]:
    """A column for each server and number of calls."""
    lines = [row(["", *(f"{level.server}, {level.calls} calls" for level in levels)])]
    lines.append("|---" * (len(levels) + 1) + "|")
    return lines + [row([name, *(cell(level) for level in levels)]) for name, cell in ROWS]


def healthy_calls(levels: list[Level]) -> str:
    """The most calls before a level was not healthy; nothing after a disturbed one is certain."""
    healthy = 0
    for level in levels:
        if not level.is_healthy:
            if level.is_disturbed:
                return f"{healthy} or more (disturbed)" if healthy else "disturbed"
            return str(healthy) if healthy else f"fewer than {level.calls}"
        healthy = level.calls
    return f"{healthy} or more"


def ratio(peer: float | None, ours: float | None) -> str:
    """How many times as much the peer needs."""
    if peer is None or not ours or ours < 0:
        return "-"
    return f"{peer / ours:.0f}" if peer / ours >= 10 else f"{peer / ours:.1f}"


COLUMNS = (
    "",
    "healthy calls on a core, as measured",
    "calls on a core, by its CPU",
    "CPU s per call-minute",
    "memory of a further call [KB]",
    "× CPU",
    "× memory",
)


def servers(levels: list[Level]) -> list[str]:
    """What one core of each server carries, and how many times as much as ours it needs."""
    names = list(dict.fromkeys(level.server for level in levels))
    own = {name: [level for level in levels if level.server == name] for name in names}
    lines = [row(COLUMNS), "|---" * len(COLUMNS) + "|"]
    ours = cheapest(own.get(OURS, []))
    our_memory = kilobytes_per_call(own[OURS]) if OURS in own else None
    for name in names:
        best, memory = cheapest(own[name]), kilobytes_per_call(own[name])
        cells = [name, healthy_calls(own[name]), number(60 / best) if best else "-", number(best), number(memory)]
        lines.append(row([*cells, ratio(best, ours), ratio(memory, our_memory)]))
    return lines


def cheapest(levels: list[Level]) -> float | None:
    """CPU seconds per call-minute at the healthy level that costs least; without one, at any that has answers: who
    answers late or never has less to do."""
    answering = [level for level in levels if level.is_whole]
    counted = [level for level in answering if level.is_healthy] or answering
    return min((level.cpu for level in counted if level.cpu is not None), default=None)


EXPLANATION = """\
p50 / p95 / p99; added by the server: final transcript → request to the model, sentence → request to the voice, first
byte of audio → first frame at the caller, together.
"""
HEALTHY = f"""
Healthy: {100 * WHOLE_CALLS:.0f} % of the calls have every turn answered, p99 of how far frames are behind is at most
{BEHIND_P99_MS:.0f} ms, p95 of what the server adds is at most {ADDED_P95_MS:.0f} ms, and its core is less than
{100 * CORES_BUSY:.0f} % busy. Disturbed: it is not, and the callers were short of processor time themselves (lag).
"""


def main() -> None:
    """Prints the tables."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:2] in (["-h"], ["--help"]) else 2)
    levels = read(Path(sys.argv[1]))
    print(EXPLANATION)
    print("\n".join(table(levels)))
    print(HEALTHY)
    print("\n".join(servers(levels)))


if __name__ == "__main__":
    main()
