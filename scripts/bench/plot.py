#!/usr/bin/env python3
"""Draws how the cost of a call grows with the number of calls: CPU per call-minute and late frames.

    scripts/bench/plot.py bench-output/bench.json docs/performance.svg

The first file is a report of `voice-lab bench` with several levels. Plain SVG, no dependencies.
"""
import json
import math
import sys
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 80, 54, 56
CPU_COLOUR, LATE_COLOUR = "#1b6ca8", "#c0392b"


def read_levels(report):
    """Calls, CPU seconds per call-minute, per cent of late frames and of the core, by rising calls; levels without CPU
    or frames are left out."""
    levels = []
    for level in report["levels"]:
        cpu, frames = level.get("cpu_s_per_call_minute"), level.get("frames", 0)
        if cpu is None or not frames:
            continue
        levels.append({
            "calls": level["calls"],
            "cpu": cpu,
            "late": 100.0 * level["frames_late_10ms"] / frames,
            "busy": 100.0 * level["engine_cpu_s"] / level["window_s"],
        })
    return sorted(levels, key=lambda level: level["calls"])


def nice_ceiling(value):
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    for factor in (1, 2, 2.5, 5, 10):
        if factor * power >= value * (1 - 1e-9):
            return factor * power
    return 10 * power


def number(value):
    """Short, without zeros behind that say nothing."""
    return f"{value:.3g}"


class Plane:
    """Where values are on the paper: calls along, a scale of its own for each curve."""

    def __init__(self, most_calls):
        self.most_calls = most_calls

    def x(self, calls):
        return LEFT + (WIDTH - LEFT - RIGHT) * calls / self.most_calls

    def y(self, value, most):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most


def text(x, y, words, anchor="middle", colour="#333", size=12, more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" {more}>'
            f"{escape(words)}</text>")


def curve(plane, levels, key, most, colour, dash):
    points = [(plane.x(level["calls"]), plane.y(level[key], most)) for level in levels]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" {dash}/>'
    for level, (x, y) in zip(levels, points):
        title = f'{level["calls"]} calls: {level["cpu"]:.3f} s, {level["late"]:.2f} % late, core {level["busy"]:.0f} % busy'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{escape(title)}</title></circle>'


def axes(plane, levels, most_cpu, most_late):
    bottom = HEIGHT - BOTTOM
    for step in range(6):
        y = plane.y(step, 5)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield text(LEFT - 8, y + 4, number(most_cpu * step / 5), "end", CPU_COLOUR)
        yield text(WIDTH - RIGHT + 8, y + 4, number(most_late * step / 5), "start", LATE_COLOUR)
    last = -math.inf
    for level in levels:
        x = plane.x(level["calls"])
        yield f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}" stroke="#333"/>'
        # Small levels lie close together: a number that would run into the one before is left out.
        if x - last >= 28:
            yield text(x, bottom + 20, str(level["calls"]))
            last = x
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "concurrent calls")
    middle = (TOP + bottom) / 2
    yield text(18, middle, "CPU s per call-minute", colour=CPU_COLOUR, more=f'transform="rotate(-90 18 {middle})"')
    right = WIDTH - 18
    yield text(right, middle, "frames later than 10 ms, %", colour=LATE_COLOUR,
               more=f'transform="rotate(90 {right} {middle})"')


def draw(report):
    """The picture of a report.

    Raises ValueError when fewer than two levels can be drawn.
    """
    levels = read_levels(report)
    if len(levels) < 2:
        raise ValueError("a plot needs two levels with CPU and frames")
    most_cpu = nice_ceiling(max(level["cpu"] for level in levels))
    most_late = nice_ceiling(max(max(level["late"] for level in levels), 0.1))
    plane = Plane(levels[-1]["calls"])
    wire = "TLS on every leg" if report.get("wire") == "TLS" else "plain text"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(WIDTH / 2, 24, f"Cost of a call by the number of calls, one core, {wire}", size=15),
        *axes(plane, levels, most_cpu, most_late),
        *curve(plane, levels, "cpu", most_cpu, CPU_COLOUR, ""),
        *curve(plane, levels, "late", most_late, LATE_COLOUR, 'stroke-dasharray="6 4"'),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            picture = draw(json.load(file))
        with open(arguments[1], "w", encoding="utf-8") as file:
            file.write(picture)
    except (OSError, ValueError, KeyError) as error:
        print(f"plot.py: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
