#!/usr/bin/env python3
"""Compares what a frame costs with what was recorded. Run by gate.sh.

    gate.py compare|accept|profile REPORT COUNTS BASELINE

REPORT is of `voice-bench frames`; COUNTS.1, COUNTS.2 ... are callgrind's counts between its marks: before and after the frames of
each case, so every second one is a case.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# Another C library or compiler of the same version moves the figures by less.
TOLERANCE = 0.05
# Better by more than this should be recorded, or it is lost again unseen.
GAIN = 0.10
NAMES_SHOWN = 40


@dataclass(frozen=True)
class Cost:
    """Of one frame."""

    instructions: float
    allocations: float


def total(counts: Path) -> int:
    for line in counts.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise SystemExit(f"gate: {counts.name} has no total")


def measured(report: Path, prefix: Path) -> dict[str, Cost]:
    found: dict[str, Cost] = {}
    for index, case in enumerate(json.loads(report.read_text())["cases"]):
        counts = prefix.with_name(f"{prefix.name}.{2 * index + 2}")
        frames = case["frames"]
        found[case["name"]] = Cost(round(total(counts) / frames, 1), round(case["allocations"] / frames, 4))
    return found


def verdict(name: str, now: Cost, before: Cost | None) -> tuple[str, bool]:
    """One line about a case, and whether it passes."""
    if before is None:
        return f"{name}: {now.instructions:.0f} instructions, {now.allocations} allocations per frame; not recorded yet", False
    change = now.instructions / before.instructions - 1
    line = (
        f"{name}: {now.instructions:.0f} instructions per frame ({before.instructions:.0f} recorded, {change:+.1%}), "
        f"{now.allocations} allocations ({before.allocations} recorded)"
    )
    if now.allocations > before.allocations:
        return line + ": more allocations", False
    if change > TOLERANCE:
        return line + f": more than {TOLERANCE:.0%} dearer", False
    if change < -GAIN or now.allocations < before.allocations:
        return line + ": cheaper; record it with scripts/check/gate.sh --accept", True
    return line, True


def compare(found: dict[str, Cost], recorded: dict[str, Cost]) -> bool:
    passes = True
    for name, cost in found.items():
        line, is_good = verdict(name, cost, recorded.get(name))
        print(line)
        passes = passes and is_good
    for name in recorded.keys() - found.keys():
        print(f"{name}: recorded, but not measured any more")
        passes = False
    if not passes:
        print("If this is meant to be: scripts/check/gate.sh --accept. Where it goes: scripts/check/gate.sh --profile CASE")
    return passes


def profile(counts: Path, frames: int) -> None:
    """Prints each function's own instructions per frame."""
    own: Counter[str] = Counter()
    function, is_call = "", False
    for line in counts.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            # The line after it is the cost of what was called.
            is_call = True
        elif re.match(r"^[+*-]?\d+ \d+$", line):
            if not is_call:
                own[function] += int(line.split()[1])
            is_call = False
    text = "\n".join(f"{count / frames:9.1f}  {name}" for name, count in own.most_common(NAMES_SHOWN))
    demangle = shutil.which("swift")
    if demangle:
        text = subprocess.run([demangle, "demangle", "--compact"], input=text, text=True, capture_output=True, check=True).stdout
    print(text)


def load(path: Path) -> dict[str, Cost]:
    if not path.exists():
        return {}
    return {name: Cost(**cost) for name, cost in json.loads(path.read_text())["frames"].items()}


def store(found: dict[str, Cost], path: Path) -> None:
    frames = {name: {"instructions": cost.instructions, "allocations": cost.allocations} for name, cost in found.items()}
    path.write_text(json.dumps({"frames": frames}, indent=2) + "\n")


def main() -> int:
    mode, report, prefix, baseline = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    if mode == "profile":
        for index, case in enumerate(json.loads(report.read_text())["cases"]):
            print(f"{case['name']}, instructions per frame:")
            profile(prefix.with_name(f"{prefix.name}.{2 * index + 2}"), case["frames"])
        return 0
    found = measured(report, prefix)
    if mode == "accept":
        store(found, baseline)
        for name, cost in found.items():
            print(f"{name}: {cost.instructions:.0f} instructions, {cost.allocations} allocations per frame")
        return 0
    return 0 if compare(found, load(baseline)) else 1


if __name__ == "__main__":
    sys.exit(main())
