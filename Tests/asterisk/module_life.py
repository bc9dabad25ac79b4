"""Scenarios of module.py: the module's life, with its configurations; many calls; local models."""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

from calls import QUESTION, Wrong, expect
from lab import Phone, expect_quiet
from module_calls import overhear


# -- The end of calls at any moment ------------------------------------------------------------------------------------


def hang_ups(lab):
    """Ten by each side: the caller, the PBX, and the engine."""
    def one(index):
        after = lab.random.uniform(0.05, 6)
        side = ("caller", "pbx", "engine")[index % 3]
        steps = [f"wait:{after:.2f}"] if side == "caller" else ["peer-hangup:20"]
        # Greeting, words, an answer under way: what the moment meets.
        phone = Phone(lab, "a-long", *steps)
        if side != "caller":
            channel = phone.started()["Channel"]
            time.sleep(after)
            if side == "pbx":
                lab.manager.action("Hangup", Channel=channel)
            else:
                lab.cli(f"voice hangup {channel}")
        phone.finish().ended("COMPLETED" if side == "engine" else "HANGUP")

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(30)))
    expect_quiet(lab)
    return "ten by each of caller, PBX and engine"


# -- Configuration -----------------------------------------------------------------------------------------------------


def descriptors(lab):
    with open(f"{lab.run}/pid", encoding="utf-8") as file:
        return len(os.listdir(f"/proc/{file.read().strip()}/fd"))


def reload(lab):
    conf, agents = f"{lab.run}/etc/voice_engine.conf", f"{lab.out}/agents"
    with open(conf, encoding="utf-8") as file:
        good = file.read()
    before = Phone(lab, "a-talk", "listen:0.8", "wait:6", f"say:{QUESTION}", "listen:0.8")
    channel = before.started()["Channel"]
    expect("Configuration:  1" in lab.cli(f"voice show call {channel}"), lab.cli(f"voice show call {channel}"))
    with open(f"{agents}/talk.json", encoding="utf-8") as file:
        document = json.load(file) | {"name": "fresh", "greeting": "This is the new one."}
    with open(f"{agents}/fresh.json", "w", encoding="utf-8") as file:
        json.dump(document, file)
    lab.cli("module reload app_voice_engine.so")
    expect("Configuration 2" in lab.cli("voice show version"), lab.cli("voice show version"))
    fresh = Phone(lab, "a-fresh", "listen:0.8").finish()
    fresh.ended("HANGUP")
    expect(fresh.texts("agent") == ["This is the new one."], f"{fresh.texts('agent')}")
    lab.expected += [r"loops = many", r"loop_cpus .1-0.", r"there is no setting named lops",
                     r"there is no section \[tolls\]", r"broken\.json", r"unmodelled\.json.*model", r"others may read", r"look_up = Gosub", r"nothing has changed"]
    wrong = ["loops = many", "loop_cpus = 1-0", "lops = 2", "keys = " + conf, "[tolls]", "[tools]\nlook_up = Gosub"]
    for text in wrong:
        with open(conf, "w", encoding="utf-8") as file:
            file.write(good.replace("[tools]", text + "\n[tools]"))
        lab.cli("module reload app_voice_engine.so")
        expect("Configuration 2" in lab.cli("voice show version"), f"{text}: {lab.cli('voice show version')}")
    # An agent that is none, and one whose models are not there.
    local = {"provider": "local"}
    documents = [("broken", {"name": "broken", "prompt": 1}),
                 ("unmodelled", {"name": "unmodelled", "prompt": "Be brief.", "stt": local, "llm": local, "tts": local})]
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good.replace("[tools]", f"models = {lab.run}/none\n[tools]"))
    for name, document in documents:
        with open(f"{agents}/{name}.json", "w", encoding="utf-8") as file:
            json.dump(document, file)
        lab.cli("module reload app_voice_engine.so")
        os.remove(f"{agents}/{name}.json")
        expect("Configuration 2" in lab.cli("voice show version"), f"the agent {name} was taken")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good)
    wrongs = len(wrong) + len(documents)
    expect(lab.log().count("nothing has changed") == wrongs, "it was not said that nothing has changed")
    expect("Configuration:  1" in lab.cli(f"voice show call {channel}"), "the call lost its configuration")
    before.finish().ended("HANGUP")
    expect(len(before.call["heard"]) >= 2, f"{before.call['heard']}")
    for _ in range(50):
        if "an engine that no call uses any more has ended" in lab.log():
            break
        time.sleep(0.1)
    else:
        raise Wrong("the engine of configuration 1 did not end with its last call")
    return f"new calls have the new one, the call before kept its own; {wrongs} wrong ones changed nothing"


def start_wrong(lab):
    """A wrong configuration at the start: the dialplan is told, and a reload mends it."""
    conf = f"{lab.run}/etc/voice_engine.conf"
    with open(conf, encoding="utf-8") as file:
        good = file.read()
    lab.expected += [r"max_calls = 0", r"no agent can be called"]
    lab.cli("module unload app_voice_engine.so")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good.replace("[general]", "[general]\nmax_calls = 0"))
    lab.cli("module load app_voice_engine.so")
    phone = Phone(lab, "wrong-agent", "keys:5", "peer-hangup:10").finish()
    expect(phone.after["Status"] == "BADCONFIG" and "voice_engine.conf" in phone.after["Reason"], f"{phone.after}")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good.replace("[general]", "[general]\nmax_calls = 2"))
    lab.cli("module reload app_voice_engine.so")
    two = [Phone(lab, "a-talk", "wait:4") for _ in range(2)]
    for phone in two:
        phone.started()
    third = Phone(lab, "a-talk", "wait:1", status=603).finish()
    expect(third.after["Status"] == "REFUSED", f"{third.after}")
    for phone in two:
        phone.finish().ended("HANGUP")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good)
    lab.cli("module reload app_voice_engine.so")
    return f"BADCONFIG, mended by a reload; full: {third.after['Reason']}"


def rounds(lab):
    """Again and again: load, a call, unload."""
    expect_quiet(lab)
    before = None
    for index in range(lab.rounds):
        phone = Phone(lab, "a-talk", "hear:0.4").finish()
        phone.ended("HANGUP")
        lab.cli("module unload app_voice_engine.so")
        expect("0 modules loaded" in lab.cli("module show like app_voice_engine"), f"round {index}: it was not unloaded")
        count = descriptors(lab)
        # The first round still opens what Asterisk keeps.
        if index == 1:
            before = count
        lab.cli("module load app_voice_engine.so")
        expect("Configuration" in lab.cli("voice show version"), f"round {index}: it was not loaded")
    expect(count <= before + 2, f"descriptors: {before} after two rounds, {count} after {lab.rounds}")
    return f"{lab.rounds} rounds; descriptors without the module: {before}, after the last round {count}"


def forced(lab):
    """An unload by force: Asterisk hangs the calls up, the module stays until they are over."""
    phones = [Phone(lab, "a-talk", "peer-hangup:10") for _ in range(3)]
    for phone in phones:
        phone.started()
    time.sleep(1)
    lab.cli("module unload -f app_voice_engine.so")
    for phone in phones:
        phone.finish().ended("HANGUP")
    lab.cli("module unload app_voice_engine.so")
    expect("0 modules loaded" in lab.cli("module show like app_voice_engine"), "it was not unloaded")
    lab.cli("module load app_voice_engine.so")
    expect("Configuration" in lab.cli("voice show version"), "it was not loaded again")
    return "three calls were hung up, then it went"


def other_asterisk(lab):
    """Compiled for another Asterisk: not loaded."""
    lab.expected += [r"was compiled for Asterisk 17"]
    link = f"{lab.run}/modules/app_voice_engine.so"
    good = os.readlink(link)
    lab.cli("module unload app_voice_engine.so")
    os.remove(link)
    os.symlink(f"{lab.out}/wrong-asterisk/app_voice_engine.so", link)
    lab.cli("module load app_voice_engine.so")
    expect("compiled for Asterisk 17" in lab.log(), "the log does not say why")
    expect("No such command" in lab.cli("voice show version"), "it was loaded")
    lab.cli("module unload app_voice_engine.so")
    os.remove(link)
    os.symlink(good, link)
    lab.cli("module load app_voice_engine.so")
    expect("Configuration" in lab.cli("voice show version"), "the right one was not loaded afterwards")
    return "declined, with the reason in the log"


# -- Many --------------------------------------------------------------------------------------------------------------


def many(lab):
    with open(f"{lab.run}/pid", encoding="utf-8") as file:
        pid = file.read().strip()
    done = subprocess.run(
        [sys.executable, "-B", "Tests/asterisk/load.py", f"sip:a-talk@127.0.0.1:{lab.port}", "--calls", str(lab.calls),
         "--sound", QUESTION, "--pid", pid], capture_output=True, text=True, timeout=180, check=False)
    expect(done.returncode == 0, f"{done.stdout} {done.stderr[-500:]}")
    report = json.loads(done.stdout)
    expect_quiet(lab)
    ends = lab.manager.all(lambda e: e["Event"] == "VoiceAgentEnd" and e["Uniqueid"] in {
        s["Uniqueid"] for s in lab.manager.all(
            lambda e: e["Event"] == "VoiceAgentStart" and e.get("CallerIDNum", "").startswith("load"))})
    expect(len(ends) == lab.calls, f"{len(ends)} of {lab.calls} calls")
    expect(all(e["Status"] == "HANGUP" for e in ends), f"{ends}")
    expect(all(int(e["Turns"]) >= 1 for e in ends), f"a call without a turn: {[e['Turns'] for e in ends]}")
    expect(report["lost"] == 0, f"{report['lost']} packets were lost")
    expect(report["answered"] == lab.calls, f"{report}")
    late = sum(int(e.get("Late", 0)) for e in ends)
    return f"{report}, ticks that came too late to be made up for: {late}"


# -- Local models ------------------------------------------------------------------------------------------------------


def local_models(lab):
    """A conversation without any network: recorded words in, the local models' own answers out."""
    if not lab.models:
        return "SKIPPED: the models are not installed (make models)"
    conf, sounds = f"{lab.run}/etc/voice_engine.conf", f"{lab.out}/caller"
    subprocess.run(["scripts/demo/caller-audio.sh", sounds], check=True, capture_output=True)
    os.makedirs(f"{lab.out}/local-agents", exist_ok=True)
    with open("examples/agents/receptionist.json", encoding="utf-8") as file:
        document = json.load(file)
    with open(f"{lab.out}/local-agents/receptionist.json", "w", encoding="utf-8") as file:
        json.dump(document, file)
    with open(f"{lab.out}/local-agents/notes.json", "w", encoding="utf-8") as file:
        json.dump({"name": "notes", "mode": "listen", "stt": {"provider": "local"}, "tts": {"provider": "local"}}, file)
    with open(conf, encoding="utf-8") as file:
        good = file.read()
    with open(conf, "w", encoding="utf-8") as file:
        file.write(re.sub(r"agents = .*", f"agents = {lab.out}/local-agents\nmodels = {lab.models}", good))
    lab.cli("module reload app_voice_engine.so")
    number = re.search(r"Configuration (\d+), agents:.* receptionist", lab.cli("voice show version"))
    expect(number, lab.cli("voice show version"))
    for _ in range(600):
        if f"configuration {number[1]} is ready" in lab.log():
            break
        time.sleep(0.1)
    phone = Phone(
        lab, "a-receptionist", "listen:1", f"say:{sounds}/appointment.wav", "listen:1", f"say:{sounds}/friday.wav", "listen:1",
        f"say:{sounds}/prices.wav", f"interrupt:{sounds}/one-moment.wav@1.5", "wait:3", codec="slin16").finish()
    phone.ended("HANGUP")
    turns = overhear(lab, "notes")[2]
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good)
    lab.cli("module reload app_voice_engine.so")
    near, far = (" ".join(t["Text"] for t in turns if t["Who"] == side).lower() for side in ("near", "far"))
    expect("number" in near and "moment" not in near, f"the near side: {near}")
    expect("moment" in far and "number" not in far, f"the far side: {far}")
    caller, agent = " ".join(phone.texts("caller")).lower(), " ".join(phone.texts("agent")).lower()
    expect("appointment" in caller and "friday" in caller, f"understood: {caller}")
    expect("friday" in agent and "sixty" in agent, f"answered: {agent}")
    totals = [int(e["TotalMs"]) for e in phone.events("Metrics")]
    return (f"understood {phone.texts('caller')}; answers after {totals} ms, silent "
            f"{phone.call['interruptions'][0]['silent_after_ms']} ms after the interruption began; listening: "
            f"near {near!r}, far {far!r}")
