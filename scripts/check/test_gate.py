"""The gate lets through what costs as much as before, and nothing that costs more. Run by run.sh."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import gate
from gate import Cost

# now, recorded, whether it passes
ROWS: tuple[tuple[Cost, Cost | None, bool], ...] = (
    (Cost(1000, 0), Cost(1000, 0), True),
    (Cost(1049, 0), Cost(1000, 0), True),
    (Cost(1051, 0), Cost(1000, 0), False),
    (Cost(500, 0), Cost(1000, 0), True),
    (Cost(1000, 0.005), Cost(1000, 0), False),
    (Cost(1000, 0.1), Cost(1000, 0.2), True),
    (Cost(900, 1), Cost(1000, 0), False),
    (Cost(1000, 0), None, False),
)


class GateTests(unittest.TestCase):
    def test_rows(self) -> None:
        for now, before, passes in ROWS:
            with self.subTest(now=now, before=before):
                line, is_good = gate.verdict("pull/agent/1", now, before)
                self.assertEqual(is_good, passes)
                self.assertIn(str(now.allocations), line)

    def test_a_case_that_is_gone_fails(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as text:
            self.assertFalse(gate.compare({"a": Cost(1, 0)}, {"a": Cost(1, 0), "b": Cost(1, 0)}))
            self.assertTrue(gate.compare({"a": Cost(1, 0)}, {"a": Cost(1, 0)}))
        self.assertIn("--accept", text.getvalue())

    def test_what_was_accepted_passes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            cases = [{"name": "a", "frames": 10, "allocations": 0}, {"name": "b", "frames": 20, "allocations": 30}]
            (root / "frames.json").write_text(json.dumps({"cases": cases}))
            for part, count in enumerate((5, 100, 7, 400), start=1):
                (root / f"counts.{part}").write_text(f"part: {part}\nfn=main\n1 {count}\ntotals: {count}\n")
            found = gate.measured(root / "frames.json", root / "counts")
            self.assertEqual(found, {"a": Cost(10, 0), "b": Cost(20, 1.5)})
            gate.store(found, root / "baseline.json")
            self.assertEqual(gate.load(root / "baseline.json"), found)


if __name__ == "__main__":
    unittest.main()
