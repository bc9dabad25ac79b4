"""Calls every agent of OUTPUT/agents.txt, then looks at what the host has left: calls, sockets, descriptors."""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

# Everything that ends does so within this time behind the last call: goodbyes take a second, a server that does not
# answer them may take the time-out of a request.
SETTLE_SECONDS = 20


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def metric(port, name):
    """A metric without labels; None when the host does not have it."""
    for line in get(port, "/metrics").splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def settles(check):
    """Waits until `check` returns None; returns what it still says at the end."""
    end = time.monotonic() + SETTLE_SECONDS
    while (fault := check()) and time.monotonic() < end:
        time.sleep(0.2)
    return fault


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=pathlib.Path)
    for name in ("host", "pid", "providers", "limit-ms", "parallel"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--lab", required=True)
    options = parser.parse_args()
    began = time.monotonic()
    descriptors = f"/proc/{options.pid}/fd"
    before = len(os.listdir(descriptors)) - json.loads(get(options.providers, "/counters"))["connections"]

    names = (options.output / "agents.txt").read_text().split()
    calls = subprocess.run(
        [options.lab, "failures", "--url", f"http://127.0.0.1:{options.host}/twilio/voice",
         "--agents", str(options.output / "agents.txt"), "--limit-ms", str(options.limit_ms), "--parallel", str(options.parallel)],
        stdout=subprocess.PIPE, text=True, check=False)
    (options.output / "calls.jsonl").write_text(calls.stdout)
    outcomes = [json.loads(line) for line in calls.stdout.splitlines()]
    failures = [f"{o['agent']}: {o['outcome']} after {o['ms']} ms: {o['detail']}" for o in outcomes if not o["passed"]]
    failures += [f"{name}: was not called" for name in set(names) - {o["agent"] for o in outcomes}]

    def host_is_quiet():
        if not os.path.exists(descriptors):
            return "the host died"
        live = metric(options.host, "voice_engine_calls")
        if live != 0:
            return f"{live} calls are still live in the host"
        counters = json.loads(get(options.providers, "/counters"))
        if counters["sockets"]:
            return f"{counters['sockets']} WebSockets to providers are still open"
        # Idle connections of the pool are wanted; anything else is a leak.
        left = len(os.listdir(descriptors)) - before - counters["connections"]
        if left > 0:
            return f"{left} descriptors more than before the calls"
        return None

    fault = settles(host_is_quiet)
    leaks = [fault] if fault else []
    outcome_counts = collections.Counter(o["outcome"] for o in outcomes)
    slowest = max(outcomes, key=lambda o: o["ms"], default=None)
    for failure in sorted(failures) + leaks:
        print(f"  FAILED {failure}")
    print("  " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcome_counts.items()))
          + (f"; slowest {slowest['agent']} after {slowest['ms']} ms" if slowest else "")
          + f"; {time.monotonic() - began:.0f} s")
    failed = len(failures) + len(leaks)
    # The look at what is left is a check of its own.
    print(f"failures: {len(names) + 1 - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
