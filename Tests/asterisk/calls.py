"""The calls of Tests/asterisk/run.sh: each is placed by SIP to a real Asterisk and judged by what the caller heard and
what the engine reported.   calls.py --sip-port N --events FILE --out DIR [NAME...]"""

import argparse
import json
import os
import subprocess
import sys
import time

SOUNDS = os.environ.get("ASTERISK_SOUNDS", "/usr/share/asterisk/sounds/en_US_f_Allison")
QUESTION = f"{SOUNDS}/vm-num-i-have.wav"
INTERRUPTION = f"{SOUNDS}/one-moment-please.wav"
# The caller's words reach the engine at once; it must decide that they are an interruption (scripted ears need 280 ms for
# a word, and two words are wanted), after it paused at the first sound.
SILENT_WITHIN_MS = 1000

CONVERSATION = [
    "listen:0.8", f"say:{QUESTION}", "listen:0.8", f"say:{QUESTION}", f"interrupt:{INTERRUPTION}@1.5", "listen:0.8",
    "dtmf:12#", "wait:0.6",
]
ABANDONED = ["listen:0.5", "peer-hangup:30"]

# name: extension, codec of the telephone, steps, checks
CALLS = {
    "audiosocket": ("audiosocket", "ulaw", CONVERSATION, "conversation"),
    "audiosocket, the agent hangs up": ("audiosocket", "ulaw", ABANDONED, "abandoned"),
    "audiosocket at 16 kHz": ("audiosocket16", "slin16", CONVERSATION, "conversation"),
    "audiosocket at 48 kHz": ("audiosocket48", "slin16", CONVERSATION, "conversation"),
    "chan_websocket, plain text": ("websocket", "ulaw", CONVERSATION, "conversation"),
    "chan_websocket, plain text, 16 kHz": ("websocket16", "slin16", CONVERSATION, "conversation"),
    "chan_websocket, JSON": ("websocketjson", "ulaw", CONVERSATION, "conversation"),
    "chan_websocket, JSON, 16 kHz": ("websocketjson16", "slin16", CONVERSATION, "conversation"),
    "chan_websocket, plain text, the agent hangs up": ("websocket", "ulaw", ABANDONED, "abandoned"),
    "chan_websocket, JSON, the agent hangs up": ("websocketjson16", "slin16", ABANDONED, "abandoned"),
    "chan_websocket without a queue": ("websocketpass", "ulaw", CONVERSATION, "conversation"),
    "chan_websocket, a format that the engine has not": ("websocketg722", "ulaw", ["peer-hangup:10"], "refused"),
}


class Wrong(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Wrong(text)


def events_since(path, offset):
    """The events of the call that began after this offset of the file."""
    with open(path, encoding="utf-8") as file:
        file.seek(offset)
        return [json.loads(line) for line in file]


def wait_closed(path, offset):
    """The events of the call, once it is over."""
    for _ in range(100):
        events = events_since(path, offset)
        if any(event["type"] == "closed" for event in events):
            return events
        time.sleep(0.1)
    raise Wrong("the engine's call did not end with the caller's")


def check_conversation(call, events):
    expect(call["hung_up_by"] == "caller", f"ended by the {call['hung_up_by']}")
    finals = [e["text"] for e in events if e["type"] == "transcript" and "final" in e["flags"] and e["text"]]
    expect(len(finals) >= 3, f"the caller said three things; understood: {finals}")
    heard = [e["text"] for e in events if e["type"] == "agent_heard" and e["text"]]
    expect(len(heard) >= 4, f"greeting and three answers; heard by the engine's account: {heard}")
    expect(len(call["heard"]) >= 4, f"greeting and three answers; heard by the caller: {call['heard']}")
    expect(any(e["type"] == "barge_in" and "confirmed" in e["flags"] for e in events), "no interruption was noticed")
    silent = call["interruptions"][0]["silent_after_ms"]
    expect(0 < silent <= SILENT_WITHIN_MS, f"the agent went on for {silent} ms into the interruption")
    keys = "".join(e["text"] for e in events if e["type"] == "dtmf_in")
    expect(keys == "12#", f"the keys 1 2 # arrived as {keys!r}")
    return f"{len(call['heard'])} stretches heard, silent {silent} ms after the interruption began"


def check_abandoned(call, events):
    expect(call["hung_up_by"] == "peer", "the agent did not hang up")
    hangups = [e["text"] for e in events if e["type"] == "hangup"]
    expect(len(hangups) == 1, f"hang-ups reported: {hangups}")
    heard = [e["text"] for e in events if e["type"] == "agent_heard"]
    expect(any("Goodbye" in text for text in heard), f"no goodbye: {heard}")
    left = call["seconds"] - call["heard"][-1][1]
    expect(0 <= left <= 1.5, f"{left:.2f} s between the last word and the end")
    return f"goodbye heard, the line was cut {left * 1000:.0f} ms after it"


def check_refused(call, events):
    expect(call["hung_up_by"] == "peer" and not call["heard"], f"heard: {call['heard']}")
    expect(not events, f"a session was started: {events}")
    return "the dialplan went on"


CHECKS = {"conversation": check_conversation, "abandoned": check_abandoned, "refused": check_refused}


def place(name, arguments):
    extension, codec, steps, check = CALLS[name]
    offset = os.path.getsize(arguments.events) if os.path.exists(arguments.events) else 0
    sound = os.path.join(arguments.out, name.replace(",", "").replace(" ", "-") + ".wav")
    done = subprocess.run(
        [sys.executable, "-B", "scripts/asterisk/call.py", f"sip:{extension}@127.0.0.1:{arguments.sip_port}", *steps,
         "--codec", codec, "--out", sound],
        capture_output=True, text=True, timeout=180, check=False)
    expect(done.stdout, f"the caller failed: {done.stderr[-500:]}")
    call = json.loads(done.stdout)
    with open(sound.replace(".wav", ".json"), "w", encoding="utf-8") as file:
        json.dump(call, file, indent=1)
    expect(call["status"] == 200 and not call["failure"], f"{call['failure']} (status {call['status']})")
    events = [] if check == "refused" else wait_closed(arguments.events, offset)
    errors = [event["text"] for event in events if event["type"] == "error"]
    expect(not errors, f"errors: {errors}")
    expect(call["lost"] == 0, f"{call['lost']} packets were lost")
    return CHECKS[check](call, events)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sip-port", type=int, required=True)
    parser.add_argument("--events", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.names or CALLS:
        try:
            print(f"  ok      {name}: {place(name, arguments)}", flush=True)
        except Wrong as wrong:
            failed += 1
            print(f"  FAILED  {name}: {wrong}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
