"""The calls of Tests/asterisk/module.sh: VoiceAgent() in a real Asterisk, judged by what the caller heard and by what
Asterisk's manager told.   module.py --run RUN --sip-port N --manager-port N --ari-port N --out DIR [--seed N] [GROUP...]"""

import argparse
import concurrent.futures
import re
import subprocess
import sys

import module_calls as calls
import module_life as life
from calls import Wrong
from lab import Lab

GROUPS = {
    "calls": [
        calls.conversation, calls.ari, calls.wideband, calls.g722, calls.opus, calls.narrow, calls.mute,
        calls.agent_ends, calls.transfer, calls.left_transfer, calls.refer, calls.nowhere, calls.keys_out, calls.hold, calls.tools, calls.limited, calls.early,
        calls.variables, calls.redirect, calls.say, calls.wrong, calls.dead, calls.fork, calls.console,
        calls.listener_stops],
    "people": [calls.listener],
    "ends": [life.hang_ups],
    "configuration": [life.reload, life.start_wrong],
    "load": [life.many],
    "modules": [life.rounds, life.forced, life.other_asterisk],
    "models": [life.local_models],
}


def attempt(scenario, lab):
    try:
        return True, scenario(lab)
    except (Wrong, subprocess.TimeoutExpired, KeyError, IndexError, AttributeError, OSError, ValueError) as error:
        return False, f"{type(error).__name__}: {error}"[:900]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--sip-port", type=int, required=True)
    parser.add_argument("--manager-port", type=int, required=True)
    parser.add_argument("--ari-port", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--models", help="folder of the local models")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--calls", type=int, default=100, help="of the group load")
    parser.add_argument("--rounds", type=int, default=20, help="of loading and unloading")
    parser.add_argument("--together", type=int, default=6, help="calls at the same time")
    parser.add_argument("names", nargs="*", help="groups or scenarios; default: all")
    arguments = parser.parse_args()
    lab = Lab(arguments)
    failed = 0
    for group, scenarios in GROUPS.items():
        chosen = [s for s in scenarios
                  if not arguments.names or group in arguments.names or s.__name__ in arguments.names]
        with concurrent.futures.ThreadPoolExecutor(arguments.together if group == "calls" else 1) as pool:
            for scenario, (is_good, text) in zip(chosen, pool.map(lambda s: attempt(s, lab), chosen)):
                failed += not is_good
                print(f"  {'ok    ' if is_good else 'FAILED'}  module, {scenario.__name__}: {text}", flush=True)
    for line in re.findall(r"^.*ERROR\[.*(?:voice_\w+|app_voice_engine)\.c.*$", lab.log(), re.M):
        if not any(re.search(pattern, line) for pattern in lab.expected):
            failed += 1
            print(f"  FAILED  an error that nobody expected: {line[:300]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
