"""What report.py makes of levels; run by scripts/check/run.sh."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from report import OURS, Level, cheapest, healthy_calls, kilobytes_per_call, read, servers, table

TIMES = (
    "engine_total_ms",
    "voice_to_voice_ms",
    "barge_in_to_clear_ms",
    "barge_in_to_last_sample_ms",
    "frame_lateness_ms",
    "lab_lag_ms",
)


def level(server: str = OURS, calls: int = 10, **figures: Any) -> Level:
    """A healthy level of 60 s with 2 % of a core, but for what is given."""
    base: dict[str, Any] = {name: {"count": 3, "p50": 1.0, "p95": 2.0, "p99": 3.0} for name in TIMES}
    base |= {"calls": calls, "calls_finished": 30, "calls_whole": 30, "turns": 90, "turns_speculative": 0}
    base |= {"frames": 1000, "frames_late_10ms": 0}
    base |= {"stale_frames": 0, "engine_cpu_s": 1.2, "window_s": 60.0, "cpu_s_per_call_minute": 0.12}
    base |= {"resident_kb": 5000 + 100 * calls, "kb_per_call": 9.0}
    return Level(server, base | figures)


class ReportTests(unittest.TestCase):
    def test_every_limit_makes_a_level_unhealthy(self) -> None:
        self.assertTrue(level().is_healthy)
        self.assertFalse(level(calls_whole=29).is_healthy)
        self.assertFalse(level(frame_lateness_ms={"count": 3, "p50": 1.0, "p95": 2.0, "p99": 201.0}).is_healthy)
        self.assertFalse(level(engine_cpu_s=58.0).is_healthy)
        self.assertFalse(level(engine_total_ms={"count": 3, "p50": 1.0, "p95": 101.0, "p99": 102.0}).is_healthy)
        self.assertFalse(level(engine_total_ms={"count": 0}).is_healthy)

    def test_healthy_calls_end_at_the_first_bad_level(self) -> None:
        bad = level(calls=20, calls_whole=0)
        self.assertEqual(healthy_calls([level(), bad, level(calls=30)]), "10")
        self.assertEqual(healthy_calls([bad]), "fewer than 20")
        self.assertEqual(healthy_calls([level(), level(calls=30)]), "30 or more")

    def test_a_disturbed_machine_says_nothing_about_the_server(self) -> None:
        disturbed = level(calls=20, calls_whole=0, lab_lag_ms={"count": 3, "p50": 1.0, "p95": 2.0, "p99": 90.0})
        self.assertEqual(healthy_calls([level(), disturbed]), "10 or more (disturbed)")
        self.assertEqual(table([disturbed])[-1], "| healthy | disturbed |")

    def test_what_late_and_silent_agents_cost_does_not_count(self) -> None:
        late = level(engine_cpu_s=59.0, cpu_s_per_call_minute=0.05)
        self.assertEqual(cheapest([level(), late]), 0.12)
        self.assertEqual(cheapest([late]), 0.05)
        self.assertEqual(cheapest([level(), level(calls_whole=0, cpu_s_per_call_minute=0.01)]), 0.12)
        self.assertIsNone(cheapest([level(calls_whole=0)]))

    def test_memory_is_that_of_further_calls(self) -> None:
        self.assertEqual(kilobytes_per_call([level(calls=10), level(calls=30)]), 100.0)
        self.assertEqual(kilobytes_per_call([level()]), 9.0)
        self.assertIsNone(kilobytes_per_call([level(resident_kb=None), level(calls=30)]))

    def test_peers_are_compared_with_ours(self) -> None:
        peer = level("peer", cpu_s_per_call_minute=3.6, kb_per_call=90.0)
        lines = servers([level(), peer])
        self.assertEqual(lines[3], "| peer | 10 or more | 16.7 | 3.60 | 90.0 | 30 | 10 |")
        self.assertIn("| 1.00 / 2.00 / 3.00 | - / - / - |", table([level(), level(engine_total_ms={"count": 0})])[3])

    def test_ours_comes_first(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a-peer", OURS):
                (Path(folder) / f"{name}.json").write_text(json.dumps({"levels": [level(name).figures]}))
            self.assertEqual([found.server for found in read(Path(folder))], [OURS, "a-peer"])


if __name__ == "__main__":
    unittest.main()
