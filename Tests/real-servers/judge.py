"""Reads the events of a call; prints what was said, or what is wrong (exit status 1)."""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    errors = [event["text"] for event in events if event["type"] == "error"]
    if errors:
        return f"errors: {errors}"
    heard_caller = [e["text"] for e in events if e["type"] == "transcript" and "final" in e["flags"]]
    if not any(heard_caller):
        return f"the caller was not understood: {[e['text'] for e in events if e['type'] == 'transcript']}"
    turns = {e["turn"] for e in events if e["type"] == "turn_started"}
    answers = [e["text"] for e in events if e["type"] == "agent_heard" and e["turn"] in turns and e["text"]]
    if not answers:
        return "no answer was heard"
    if any("FAILURE" in answer for answer in answers):
        return f"the agent apologised: {answers}"
    if len(answers[-1].split()) < 2:
        return f"the answer is no sentence: {answers}"
    metrics = [e["metrics"] for e in events if e["type"] == "turn_metrics" and "metrics" in e]
    tokens = metrics[-1].get("completion_tokens") if metrics else None
    print(f"“{heard_caller[-1]}” was answered with “{answers[-1]}”" + (f" ({tokens} tokens)" if tokens else ""))
    return None


if __name__ == "__main__":
    fault = main()
    if fault:
        print(fault)
        sys.exit(1)
