#!/usr/bin/env python3
"""The plot of the load benchmark."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(__file__))
import plot

SVG = "{http://www.w3.org/2000/svg}"


def level(calls, cpu=0.2, late=0, frames=1000):
    return {"calls": calls, "cpu_s_per_call_minute": cpu, "frames": frames, "frames_late_10ms": late,
            "engine_cpu_s": 4.0, "window_s": 10.0}


class PlotTests(unittest.TestCase):
    def picture(self, levels, **more):
        return xml.etree.ElementTree.fromstring(plot.draw({"levels": levels, **more}))

    def test_levels_are_sorted_and_those_without_figures_left_out(self):
        levels = plot.read_levels({"levels": [level(100), level(1), level(10, cpu=None), level(50, frames=0)]})
        self.assertEqual([one["calls"] for one in levels], [1, 100])
        self.assertEqual(levels[0]["busy"], 40)

    def test_scales_end_at_round_numbers(self):
        for value, expected in [(0.19, 0.2), (0.2, 0.2), (0.21, 0.25), (3, 5), (7, 10), (0, 1), (1, 1)]:
            self.assertAlmostEqual(plot.nice_ceiling(value), expected)

    def test_more_calls_are_further_right_and_more_cost_higher(self):
        root = self.picture([level(1, cpu=0.4), level(100, cpu=0.1), level(400, cpu=0.2, late=200)])
        cpu, late = [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
                     for line in root.iter(SVG + "polyline")]
        self.assertLess(cpu[0][0], cpu[1][0])
        self.assertLess(cpu[1][0], cpu[2][0])
        self.assertLess(cpu[0][1], cpu[2][1])  # y grows downwards
        self.assertLess(cpu[2][1], cpu[1][1])
        self.assertEqual(late[0][1], late[1][1])
        self.assertAlmostEqual(late[2][1], plot.TOP)  # 20 % is the end of its scale
        for x, y in cpu + late:
            self.assertTrue(plot.LEFT <= x <= plot.WIDTH - plot.RIGHT and plot.TOP <= y <= plot.HEIGHT - plot.BOTTOM)

    def test_it_says_which_wire_it_was(self):
        levels = [level(1), level(2)]
        self.assertIn("TLS on every leg", plot.draw({"levels": levels, "wire": "TLS"}))
        self.assertIn("plain text", plot.draw({"levels": levels}))

    def test_one_level_is_no_plot(self):
        with self.assertRaises(ValueError):
            plot.draw({"levels": [level(10)]})

    def test_the_command_writes_the_file_or_says_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            report, picture = folder + "/bench.json", folder + "/bench.svg"
            with open(report, "w", encoding="utf-8") as file:
                json.dump({"levels": [level(1), level(2)]}, file)
            self.assertEqual(plot.main([report, picture]), 0)
            xml.etree.ElementTree.parse(picture)
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plot.py")
            missing = subprocess.run([sys.executable, script, folder + "/none", picture], capture_output=True, text=True)
            self.assertEqual(missing.returncode, 1)
            self.assertIn("none", missing.stderr)


if __name__ == "__main__":
    unittest.main()
