#!/usr/bin/env python3
"""The table of scripts/bench-local.sh.

    scripts/bench/local.py bench-output/local.json bench-output/local/events.jsonl
"""
import json
import sys

COLUMNS = ["calls", "turns answered", "turns a minute", "turns for a core-minute", "caller's end → reply [ms]",
           "voice → last sample [ms]", "late frames", "behind, p99 [ms]", "cores busy", "refused", "other errors"]


def read_errors(lines):
    """Time and text of each error event; lines that are cut off or no JSON are passed over."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("type") == "error":
            yield event["time_ns"], event.get("text", "")


def count_errors(levels, errors):
    """For each level the errors that local models were full, and all others, from its window until the next one's."""
    begins = [level["window_began_ns"] for level in levels]
    counts = [[0, 0] for _ in levels]
    for time, text in errors:
        index = sum(1 for begin in begins if begin <= time) - 1
        if index >= 0:
            counts[index][0 if "overloaded" in text else 1] += 1
    return counts


def three(values):
    """p50 / p95 / p99."""
    if not values.get("count"):
        return "-"
    return " / ".join(f"{values[name]:.0f}" for name in ("p50", "p95", "p99"))


def row(level, refused, others):
    frames, lateness, cpu = level["frames"], level["frame_lateness_ms"], level.get("cpu_s_per_turn")
    return [
        str(level["calls"]),
        f'{level["turns"] - level["turns_unanswered"]} of {level["turns"]}',
        f'{level["turns_per_minute"]:.0f}',
        f"{60 / cpu:.0f}" if cpu else "-",
        three(level["voice_to_voice_ms"]),
        three(level["barge_in_to_last_sample_ms"]),
        f'{100 * level["frames_late_10ms"] / frames:.2f} %' if frames else "-",
        f'{lateness["p99"]:.1f}' if lateness.get("count") else "-",
        f'{level["engine_cpu_s"] / level["window_s"]:.2f}' if level.get("engine_cpu_s") is not None else "-",
        str(refused),
        str(others),
    ]


def table(report, errors):
    levels = sorted(report["levels"], key=lambda level: level["window_began_ns"])
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for level, (refused, others) in zip(levels, count_errors(levels, errors)):
        lines.append("| " + " | ".join(row(level, refused, others)) + " |")
    return "\n".join(lines)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        report = json.load(file)
    with open(arguments[1], encoding="utf-8", errors="replace") as file:
        print(table(report, read_errors(file)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
