"""The calls of baseline.sh, and its table."""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

SOUNDS = os.environ.get("ASTERISK_SOUNDS", "/usr/share/asterisk/sounds/en_US_f_Allison")
QUESTION, INTERRUPTION = f"{SOUNDS}/vm-num-i-have.wav", f"{SOUNDS}/one-moment-please.wav"
STEPS = ["listen:0.8", f"say:{QUESTION}", "listen:0.8", f"say:{QUESTION}", "listen:0.8", f"say:{QUESTION}",
         f"interrupt:{INTERRUPTION}@1.5", "wait:2"]
SINGLE = 4


def call(arguments, way, index):
    done = subprocess.run(
        [sys.executable, "-B", "scripts/asterisk/call.py", f"sip:{way}@127.0.0.1:{arguments.sip_port}", *STEPS,
         "--out", f"{arguments.out}/{way}-{index}.wav"], capture_output=True, text=True, timeout=120, check=False)
    report = json.loads(done.stdout)
    if report["failure"]:
        raise SystemExit(f"{way}: {report['failure']}")
    return report


def answer_delays(report):
    """[s] from the end of each question to the first sound after it, at the caller's end."""
    delays = []
    for said in report["said"]:
        after = [begin for begin, _ in report["heard"] if begin > said["end"] - 0.2]
        if after and said["file"] == QUESTION:
            delays.append(after[0] - last_sound(said))
    return delays


def last_sound(said):
    return said["end"] - TRAILING


def trailing_silence():
    """[s] of the question's recording after its last sound."""
    sys.path.insert(0, os.path.dirname(__file__))
    import call as calls

    samples = calls.load(QUESTION, 8000)
    frames = [calls.loudness(samples[i : i + 160]) > calls.AUDIBLE for i in range(0, len(samples), 160)]
    return (len(frames) - max(i for i, loud in enumerate(frames) if loud) - 1) * 0.02


TRAILING = trailing_silence()


def interrupted_stretch(report):
    """[ms] that the caller heard of the answer that was interrupted."""
    at = report["interruptions"][0]["begin"]
    return max(1000 * (end - begin) for begin, end in report["heard"] if begin < at < end + 0.5)


def told_by_module(arguments):
    """[ms] of each call's interrupted answer, by the engine's account: the positions in the trace of voice debug."""
    with open(f"{arguments.run}/log/full", encoding="utf-8", errors="replace") as file:
        return told([(channel, int(kind), int(flags, 16), int(position)) for channel, kind, flags, position in re.findall(
            r"voice: (\S+): event (\d+) turn \d+ flags (\S+) status \S+ position (\d+)", file.read())])


def told_by_host(arguments):
    kinds = {"agent_started": 7, "barge_in": 10}
    with open(f"{arguments.out}/host.jsonl", encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    return told([(e["call"], kinds[e["type"]], 8 if "confirmed" in e.get("flags", []) else 0, e.get("position", 0))
                 for e in events if e["type"] in kinds])


def told(events):
    """The last interruption of each call, in their order."""
    found, start = {}, {}
    for call_id, kind, flags, position in events:
        if kind == 7:
            start[call_id] = position
        elif kind == 10 and flags & 8:
            found[call_id] = (position - start.get(call_id, 0)) / 8
    return list(found.values())


def told_by_relay(arguments):
    """It counts frames sent; a stretch begins where it was silent before."""
    found, silent_at = {}, {}
    with open(f"{arguments.out}/relay.jsonl", encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            frames, before = event.get("sent_frames", 0), silent_at.get(event["call"], 0)
            if event["type"] == "silent":
                silent_at[event["call"]] = frames
            elif event["type"] == "interrupted" and frames > before:
                found[event["call"]] = (frames - before) * 20
    return list(found.values())


def median(values):
    return sorted(values)[len(values) // 2] if values else float("nan")


def load(arguments, way, pids):
    done = subprocess.run(
        [sys.executable, "-B", "Tests/asterisk/load.py", f"sip:{way}@127.0.0.1:{arguments.sip_port}", "--calls",
         str(arguments.calls), "--sound", QUESTION, *(word for pid in pids for word in ("--pid", str(pid)))],
        capture_output=True, text=True, timeout=120, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("run", "out"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("sip-port", "calls", "asterisk", "host", "relay"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    subprocess.run(["bash", "-c", 'source scripts/asterisk/common.sh; asterisk_cli "$@"', "cli", arguments.run,
                    "voice debug on"], check=True, capture_output=True)
    accounts = {"module": told_by_module, "host": told_by_host, "relay": told_by_relay}
    pids = {"module": [arguments.asterisk], "host": [arguments.asterisk, arguments.host],
            "relay": [arguments.asterisk, arguments.relay]}
    # One call of each way at a time.
    with concurrent.futures.ThreadPoolExecutor(len(accounts)) as pool:
        placed = dict(zip(accounts, pool.map(
            lambda way: [call(arguments, way, index) for index in range(SINGLE)], accounts)))
    rows = {}
    for way, account in accounts.items():
        reports = placed[way]
        heard = [interrupted_stretch(report) for report in reports]
        rows[way] = {
            "answer": 1000 * median([d for report in reports for d in answer_delays(report)]),
            "silent": median([report["interruptions"][0]["silent_after_ms"] for report in reports]),
            "first": median([report["first_packet_ms"] for report in reports]),
            "apart": [round(a - b) for a, b in zip(account(arguments)[-SINGLE:], heard)],
        }
    subprocess.run(["bash", "-c", 'source scripts/asterisk/common.sh; asterisk_cli "$@"', "cli", arguments.run,
                    "voice debug off"], check=True, capture_output=True)
    for way in accounts:
        rows[way]["load"] = load(arguments, way, pids[way])
        time.sleep(1)
    print(table(rows, arguments.calls))
    with open(f"{arguments.out}/report.json", "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)


def table(rows, count):
    def line(title, text):
        return f"| {title} | " + " | ".join(text(rows[way]) for way in ("module", "host", "relay")) + " |"

    return "\n".join([
        "| | module | AudioSocket, voice-host | AudioSocket, plain relay |", "|---|---|---|---|",
        line("from the caller's last word to the answer, one call", lambda r: f"{r['answer']:.0f} ms"),
        line(f"the same, {count} calls at once: half of them, 95% of them within",
             lambda r: f"{r['load'].get('answer_ms_p50')} ms, {r['load'].get('answer_ms_p95')} ms"),
        line("first packet after the answer", lambda r: f"{r['first']:.0f} ms"),
        line("silence after the interruption began", lambda r: f"{r['silent']} ms"),
        line("what it believes was heard of an interrupted answer, against the caller's recording",
             lambda r: ", ".join(f"{value:+d} ms" for value in r["apart"])),
        line(f"processor, {count} calls (Asterisk and what is beside it)", lambda r: f"{r['load']['processor_percent']}%"),
        line("packets lost", lambda r: str(r["load"]["lost"]))])


if __name__ == "__main__":
    main()
