"""Writes one agent document for each fault of each provider into OUTPUT/agents, and their names into OUTPUT/agents.txt.

Faults are addresses: `/fault/NAME/FAULT` in front of the path makes the scripted providers break that agent's requests
(voice-lab providers --help). A name says the role, the fault and whether a healthy provider stands behind it.
"""

import argparse
import json
import pathlib

# In the answer's head, behind it, in the middle of what follows; what each step is differs by the provider's protocol.
STATUS = ["401", "403", "429=1", "429=1x1", "500", "500x1", "503", "404"]
ENDINGS = ["stall", "reset", "close", "half", "garbage=200"]
FAULTS = {
    "stt": STATUS
    + [f"{ending}@1" for ending in ENDINGS]
    + [f"{ending}@2" for ending in ENDINGS]
    # While the caller is speaking: 50 messages of 20 ms and more.
    + [f"{ending}@in50" for ending in ENDINGS]
    + ["reset@in50x1", "close@2x1", "latency=300", "split=3", "drip=30@1", "drip=5@2"],
    "llm": STATUS
    + [f"{ending}@{step}" for step in (1, 2, 5) for ending in ENDINGS]
    + ["reset@1x1", "reset@5x1", "latency=300", "split=3", "drip=30@1", "drip=2@2"],
    # The greeting goes over the same socket as the answer: its head, Metadata, then audio.
    "tts": STATUS
    + [f"{ending}@{step}" for step in (1, 2, 4, 12) for ending in ENDINGS]
    + ["reset@4x1", "reset@12x1", "latency=300", "split=100", "drip=30@1"],
}
BACKED_UP = ["401", "500", "stall@1", "reset@1", "reset@5", "stall@5", "close@5", "garbage=200@5"]


def agent(name, roles):
    def entry(role, base):
        if role == "llm":
            return {"provider": "openai", "model": "lab", "base_url": f"http{base}/v1", "api_key_env": "VOICE_LAB_KEY"}
        model = "nova-3" if role == "stt" else "aura-2-thalia-en"
        return {"provider": "deepgram", "model": model, "base_url": f"ws{base}", "api_key_env": "VOICE_LAB_KEY"}

    document = {
        "name": name,
        "language": "en-US",
        "prompt": "You answer the telephone. Be brief.",
        "greeting": "Hello there.",
        "audio": {"voice_activity": "energy"},
        # A caller who can hear nothing at all is not kept on the line.
        # A voice that stops in the middle is given up before the caller of the matrix hangs up.
        "failover": {"first_audio_ms": 1_500},
        "manners": {"check_in_after_s": 3, "hang_up_after_check_ins": 1, "max_call_s": 60,
                    "on_failure": "I am sorry, I am having trouble right now."},
    }
    for role in ("stt", "llm", "tts"):
        entries = [entry(role, base) for base in roles[role]]
        document[role] = entries[0] if len(entries) == 1 else entries
    return document


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=pathlib.Path)
    for name in ("plain", "tls", "closed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    healthy = f"://127.0.0.1:{options.plain}"
    secure = f"s://localhost:{options.tls}"
    rows = {}

    def row(role, label, first, behind=()):
        name = "".join(c if c.isalnum() or c == "-" else "-" for c in f"{role}-{label}")
        roles = {other: [healthy] for other in ("stt", "llm", "tts")}
        roles[role] = [first.replace("NAME", name), *behind]
        rows[name] = roles

    for role, faults in FAULTS.items():
        for fault in faults:
            row(role, fault, f"{healthy}/fault/NAME/{fault}")
        for fault in BACKED_UP:
            row(role, f"{fault}-backed-up", f"{healthy}/fault/NAME/{fault}", [healthy])
        row(role, "nobody-listens", f"://127.0.0.1:{options.closed}")
        row(role, "nobody-listens-backed-up", f"://127.0.0.1:{options.closed}", [healthy])
        row(role, "plain-where-tls-is-asked", f"s://localhost:{options.plain}")
        row(role, "wrong-host-in-certificate", f"s://127.0.0.2:{options.tls}")
        row(role, "over-tls", secure)
        for fault in ("reset@1", "reset@3", "close@3", "half@3", "split=7"):
            row(role, f"{fault}-over-tls", f"{secure}/fault/NAME/{fault}")
    row("stt", "healthy", healthy)

    folder = options.output / "agents"
    folder.mkdir()
    chosen = [name for name in rows if options.only in name]
    for name in chosen:
        (folder / f"{name}.json").write_text(json.dumps(agent(name, rows[name]), indent=1))
    (options.output / "agents.txt").write_text("".join(f"{name}\n" for name in chosen))


if __name__ == "__main__":
    main()
