#!/usr/bin/env python3
"""The table of local speech under load."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import local


def level(calls, began, **more):
    return {"calls": calls, "window_began_ns": began, "window_s": 10.0, "turns": 30, "turns_unanswered": 3,
            "turns_per_minute": 40.0, "frames": 1000, "frames_late_10ms": 5, "engine_cpu_s": 15.0, "cpu_s_per_turn": 0.5,
            "voice_to_voice_ms": {"count": 27, "p50": 700.4, "p95": 900, "p99": 1000},
            "barge_in_to_last_sample_ms": {"count": 0}, "frame_lateness_ms": {"count": 9, "p99": 3.25}, **more}


class LocalTests(unittest.TestCase):
    def test_errors_belong_to_the_level_in_whose_time_they_came(self):
        levels = [level(1, 100), level(2, 200)]
        errors = [(50, "local models are overloaded: 64 jobs are waiting"), (150, "x overloaded"), (200, "overloaded"),
                  (250, "overloaded"), (260, "something else")]
        self.assertEqual(local.count_errors(levels, errors), [[1, 0], [2, 1]])

    def test_only_error_events_are_read(self):
        lines = [json.dumps({"type": "error", "time_ns": 5, "text": "a"}), json.dumps({"type": "started", "time_ns": 6}),
                 "{broken", "7"]
        self.assertEqual(list(local.read_errors(lines)), [(5, "a")])

    def test_a_row_has_every_column(self):
        lines = local.table({"levels": [level(8, 300), level(4, 100)]}, [(120, "overloaded")]).split("\n")
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        self.assertEqual([len(row) for row in cells], [len(local.COLUMNS)] * 4)
        self.assertEqual(cells[2], ["4", "27 of 30", "40", "120", "700 / 900 / 1000", "-", "0.50 %", "3.2", "1.50", "1", "0"])
        self.assertEqual(cells[3][0], "8")

    def test_a_level_without_an_answer_has_a_row_too(self):
        empty = level(64, 1, frames=0, frame_lateness_ms={"count": 0}, voice_to_voice_ms={"count": 0}, cpu_s_per_turn=None)
        self.assertEqual(local.row(empty, 0, 0)[3:8], ["-", "-", "-", "-", "-"])


if __name__ == "__main__":
    unittest.main()
