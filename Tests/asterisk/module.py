"""The calls of Tests/asterisk/module.sh: VoiceAgent() in a real Asterisk, judged by what the caller heard and by what
Asterisk's manager told.   module.py --run RUN --sip-port N --manager-port N --ari-port N --out DIR [--seed N] [GROUP...]"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.parse

from calls import CONVERSATION, INTERRUPTION, QUESTION, SILENT_WITHIN_MS, Wrong, expect
from manager import Manager


class Lab:
    def __init__(self, arguments):
        self.run, self.port, self.out = arguments.run, arguments.sip_port, arguments.out
        self.manager = Manager(arguments.manager_port)
        self.random = random.Random(arguments.seed)
        self.ari_port = arguments.ari_port
        self.models, self.rounds = arguments.models, arguments.rounds
        self.count, self.calls = 0, arguments.calls
        # ERROR lines of the module that a scenario meant to cause, as regular expressions.
        self.expected = []

    def cli(self, text):
        # The manager may not load and unload modules.
        if not text.startswith("module "):
            return self.manager.command(text)
        return subprocess.run(
            ["bash", "-c", 'source scripts/asterisk/common.sh; asterisk_cli "$@"', "cli", self.run, text],
            capture_output=True, text=True, timeout=60, check=False).stdout

    def log(self):
        with open(f"{self.run}/log/full", encoding="utf-8", errors="replace") as file:
            return file.read()


class Phone:
    """One call: its caller's report, and what the manager told of it."""

    def __init__(self, lab, extension, *steps, codec="ulaw", mute=False, status=200):
        lab.count += 1
        self.lab, self.name = lab, f"n{lab.count}x{lab.random.randrange(1000, 9999)}"
        self.sound = os.path.join(lab.out, f"module-{extension}-{self.name}.wav")
        command = [sys.executable, "-B", "scripts/asterisk/call.py", f"sip:{extension}@127.0.0.1:{lab.port}", *steps,
                   "--codec", codec, "--from", self.name, "--out", self.sound]
        self.expected_status = status
        self.process = subprocess.Popen(
            command + (["--mute"] if mute else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_start(self, event):
        return event["Event"] == "VoiceAgentStart" and event.get("CallerIDNum") == self.name

    def started(self, limit=20):
        """The event of the call's begin: Uniqueid, Channel."""
        event = self.lab.manager.wait(self.is_start, limit)
        expect(event, "VoiceAgentStart did not come")
        return event

    def finish(self, has_dialplan=True):
        """Waits for its end. A channel that Bridge() took has no dialplan of its own any more."""
        out, error = self.process.communicate(timeout=180)
        expect(out, f"the caller failed: {error[-500:]}")
        self.call = json.loads(out)
        expect(self.call["status"] == self.expected_status, f"status {self.call['status']}")
        if self.expected_status == 200:
            expect(not self.call["failure"], self.call["failure"])
            expect(self.call["lost"] == 0, f"{self.call['lost']} packets were lost")
        if not has_dialplan:
            return self
        # A call through another channel has two ends.
        start = self.lab.manager.wait(self.is_start, 0)
        self.after = self.lab.manager.wait(
            lambda e: e.get("UserEvent") == "After" and e.get("Caller") == self.name
            and (start is None or e["Uniqueid"] == start["Uniqueid"]))
        expect(self.after, "the dialplan's h was not reached")
        self.after |= {key: urllib.parse.unquote(self.after.get(key, "")) for key in ("Reason", "Summary")}
        return self

    def events(self, name=None):
        id = self.started()["Uniqueid"]
        return self.lab.manager.all(
            lambda e: e.get("Uniqueid") == id and e["Event"].startswith("VoiceAgent")
            and (name is None or e["Event"] == "VoiceAgent" + name))

    def texts(self, who):
        return [e["Text"] for e in self.events("Turn") if e["Who"] == who and e.get("Text")]

    def ended(self, status):
        """Checks how it ended; the event of the end."""
        end = self.lab.manager.wait(
            lambda e: e["Event"] == "VoiceAgentEnd" and e["Uniqueid"] == self.started()["Uniqueid"])
        expect(end, "VoiceAgentEnd did not come")
        expect(end["Status"] == status, f"status {end['Status']} ({end.get('Reason')}), expected {status}")
        expect(self.after["Status"] == status, f"VOICE_AGENT_STATUS {self.after['Status']}")
        return end


def lab_user_events(phone):
    id = phone.started()["Uniqueid"]
    told = phone.lab.manager.all(lambda e: e.get("UserEvent") == "VoiceAgentTurn" and e["Uniqueid"] == id)
    return [{"Who": e["Who"], "Interrupted": e.get("Interrupted"), "Text": e.get("Text")} for e in told]


def check_conversation(phone):
    call = phone.call
    expect(len(phone.texts("caller")) >= 3, f"the caller said three things; understood: {phone.texts('caller')}")
    expect(len(phone.texts("agent")) >= 4, f"greeting and three answers; heard: {phone.texts('agent')}")
    expect(len(call["heard"]) >= 4, f"greeting and three answers; heard by the caller: {call['heard']}")
    expect(any(e["State"] == "confirmed" for e in phone.events("BargeIn")), "no interruption was noticed")
    silent = call["interruptions"][0]["silent_after_ms"]
    # With AddressSanitizer on a busy machine everything takes longer.
    patience = 3 if os.environ.get("MODULE_ASAN") else 1
    expect(0 < silent <= SILENT_WITHIN_MS * patience, f"the agent went on for {silent} ms into the interruption")
    keys = "".join(e["Digits"] for e in phone.events("DTMF"))
    expect(keys == "12#", f"the keys 1 2 # arrived as {keys!r}")
    end = phone.ended("HANGUP")
    with open(end["Transcript"], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    expect([line["who"] for line in lines].count("caller") >= 3, f"transcript: {lines}")
    expect(any(line.get("interrupted") for line in lines), f"no interruption in the transcript: {lines}")
    expect(int(phone.after["Turns"]) >= 3 and "caller:" in phone.after["Summary"], f"variables: {phone.after}")
    # What ARI sees: the same as user events of the channel.
    told = lab_user_events(phone)
    expect([e for e in told if e["Who"] == "caller"] and [e for e in told if e["Interrupted"] == "yes"], f"{told}")
    totals = [int(e["TotalMs"]) for e in phone.events("Metrics")]
    engine = [float(e["EngineMs"]) for e in phone.events("Metrics")]
    return (f"answers after {totals} ms, the engine's share {engine} ms, silent {silent} ms after the interruption "
            f"began, first packet {call['first_packet_ms']} ms, longest gap {call['max_gap_ms']} ms")


def conversation(lab):
    return check_conversation(Phone(lab, "a-talk", *CONVERSATION).finish())


def ari(lab):
    """An ARI application sees the turns: ChannelUserevent."""
    watcher = subprocess.Popen(
        [sys.executable, "-B", "Tests/asterisk/ari.py", str(lab.ari_port)], stdout=subprocess.PIPE, text=True)
    try:
        expect(watcher.stdout.readline().strip() == "ready", "ARI does not answer")
        phone = Phone(lab, "a-talk", "listen:0.8", f"say:{QUESTION}", "listen:0.8").finish()
        phone.ended("HANGUP")
        id, end = phone.started()["Uniqueid"], time.monotonic() + 10
        seen = {}
        while "VoiceAgentEnd" not in seen and time.monotonic() < end:
            event = json.loads(watcher.stdout.readline())
            if event["type"] == "ChannelUserevent" and event["channel"]["id"] == id:
                seen.setdefault(event["eventname"], []).append(event["userevent"])
    finally:
        watcher.terminate()
        watcher.wait()
    who = [turn["Who"] for turn in seen.get("VoiceAgentTurn", [])]
    expect("caller" in who and "agent" in who, f"{seen}")
    return f"ChannelUserevent: {', '.join(f'{name} {len(events)}' for name, events in seen.items())}"


def wideband(lab):
    phone = Phone(lab, "a-talk", *CONVERSATION, codec="slin16")
    shown = lab.cli(f"voice show call {phone.started()['Channel']}")
    expect("16000 Hz" in shown, shown)
    return check_conversation(phone.finish())


def g722(lab):
    phone = Phone(lab, "w-talk", *CONVERSATION, codec="slin16")
    start = phone.started()
    expect("g722" in lab.cli(f"core show channel {start['Channel']}"), "the agent's channel has no G.722")
    expect("16000 Hz" in lab.cli(f"voice show call {start['Channel']}"), "the agent does not hear 16 kHz")
    return check_conversation(phone.finish())


def narrow(lab):
    phone = Phone(lab, "narrow", "listen:0.8", f"say:{QUESTION}", "listen:0.8", codec="slin16")
    expect("8000 Hz" in lab.cli(f"voice show call {phone.started()['Channel']}"), "option r(8000)")
    phone.finish().ended("HANGUP")
    return f"{len(phone.call['heard'])} stretches heard at 8 kHz on a wideband call"


def mute(lab):
    """A telephone that sends nothing hears the greeting, and the check-in."""
    phone = Phone(lab, "a-talk", "listen:0.8", "listen:0.8", "peer-hangup:30", mute=True).finish()
    phone.ended("COMPLETED")
    first = phone.call["heard"][0][0]
    expect(first < 1, f"the greeting began after {first} s")
    expect(any("Goodbye" in text for text in phone.texts("agent")), f"no goodbye: {phone.texts('agent')}")
    left = phone.call["seconds"] - phone.call["heard"][-1][1]
    return f"greeting after {first * 1000:.0f} ms, hung up {left * 1000:.0f} ms after the goodbye"


def agent_ends(lab):
    phone = Phone(lab, "a-bye", "listen:0.8", f"say:{QUESTION}", "keys:8", "peer-hangup:20").finish()
    end = phone.ended("COMPLETED")
    expect("Goodbye" in phone.texts("agent")[-1], f"{phone.texts('agent')}")
    return f"the dialplan went on; reason: {end.get('Reason')}"


def transfer(lab):
    phone = Phone(lab, "a-transfer", "listen:0.8", f"say:{QUESTION}", "keys:7", "peer-hangup:20").finish()
    phone.ended("TRANSFER")
    expect(phone.after["Goto"] == "desk", f"{phone.after}")
    return "the caller heard the other place of the dialplan"


def left_transfer(lab):
    phone = Phone(lab, "dialplan", "listen:0.8", f"say:{QUESTION}", "keys:7", "peer-hangup:20").finish()
    phone.ended("TRANSFER")
    return "option x: the dialplan went there by VOICE_AGENT_GOTO"


def refer(lab):
    phone = Phone(lab, "a-refer", "listen:0.8", f"say:{QUESTION}", "referred:20", "peer-hangup:20").finish()
    phone.ended("TRANSFER")
    expect(phone.call["referred_to"].startswith("sip:desk@example.invalid"), phone.call["referred_to"])
    return f"REFER to {phone.call['referred_to']}"


def nowhere(lab):
    """A transfer to where the dialplan has nothing: the conversation goes on."""
    phone = Phone(lab, "a-nowhere", "listen:0.8", f"say:{QUESTION}", "wait:4", "dtmf:1").finish()
    phone.ended("HANGUP")
    failed = [e for e in phone.events("Transfer") if e.get("Result")]
    expect(len(failed) == 1, f"{phone.events('Transfer')}")
    return failed[0]["Result"] + ", the call went on"


def keys_out(lab):
    phone = Phone(lab, "a-keys", "listen:0.8", f"say:{QUESTION}", "keys:42#", "wait:0.5").finish()
    phone.ended("HANGUP")
    return f"the caller's end saw {phone.call['keys_heard']}"


def hold(lab):
    """What would be said on hold is said afterwards."""
    phone = Phone(lab, "a-long", "listen:0.8", f"say:{QUESTION}", "hear:1.5", "hold:4", "hear:1.5", "listen:1").finish()
    phone.ended("HANGUP")
    held = phone.call["holds"][0]
    # Frames may be under way as the hold begins, and it may take Asterisk a moment to tell the channel.
    during = [s for s in phone.call["heard"] if s[1] > held["begin"] + 0.8 and s[0] < held["end"] - 0.4]
    expect(not during, f"heard on hold ({held}): {phone.call['heard']}")
    after = sum(s[1] - max(s[0], held["end"]) for s in phone.call["heard"] if s[1] > held["end"])
    expect(after > 2, f"only {after:.1f} s were heard after the hold")
    expect([e["Held"] for e in phone.events("Hold")] == ["yes", "no"], f"{phone.events('Hold')}")
    return f"silent for {held['end'] - held['begin']:.1f} s, then {after:.1f} s more"


def tools(lab):
    said = [f"say:{QUESTION}", "listen:1.2"]
    phone = Phone(lab, "a-tool", "listen:0.8", *said, *said, *said, f"say:{QUESTION}", "wait:5.5", "listen:1.2").finish()
    phone.ended("HANGUP")
    heard = " ".join(phone.texts("agent"))
    expect('number 4711 exact true customer Ann' in heard and "Ångström" in heard and phone.name in heard,
           f"the subroutine's result was not read out: {heard}")
    expect("AGI was asked: opening hours, please" in heard, f"the AGI's result was not read out: {heard}")
    expect("this tool is not available" in heard, f"the unknown tool: {heard}")
    expect("took too long" in heard, f"the slow tool: {heard}")
    expect(len(phone.events("Tool")) == 4, f"{phone.events('Tool')}")
    expect("VoiceTool" not in lab.cli("core show channels"), lab.cli("core show channels"))
    return f"subroutine, AGI, unknown, too slow; longest gap in the sound {phone.call['max_gap_ms']} ms"


def limited(lab):
    phone = Phone(lab, "limited", "peer-hangup:20").finish()
    phone.ended("TIMEOUT")
    return f"ended after {phone.call['seconds']} s"


def early(lab):
    """Without an answer: the agent talks as early media, then the call is rejected."""
    phone = Phone(lab, "early", "wait:1", status=403).finish()
    phone.ended("TIMEOUT")
    return "the call was never answered"


def variables(lab):
    phone = Phone(lab, "variables", "listen:0.8").finish()
    phone.ended("HANGUP")
    said = phone.texts("agent")[0]
    expect(said == f"one, two (2), {phone.name}, variables.", said)
    return said


def redirect(lab):
    phone = Phone(lab, "a-talk", "keys:6", "peer-hangup:10")
    channel = phone.started()["Channel"]
    time.sleep(1.5)
    lab.manager.action("Redirect", Channel=channel, Context="lab", Exten="elsewhere", Priority="1")
    phone.finish().ended("REDIRECT")
    return "AMI Redirect took the call elsewhere"


def say(lab):
    phone = Phone(lab, "a-talk", "listen:0.8", "listen:0.8")
    channel = phone.started()["Channel"]
    time.sleep(1)
    lab.cli(f"voice debug on {channel}")
    lab.cli(f"voice say {channel} A word from the console.")
    phone.finish().ended("HANGUP")
    expect("A word from the console." in phone.texts("agent"), f"{phone.texts('agent')}")
    expect(f"voice: {channel}: event" in lab.log(), "voice debug showed nothing")
    return "voice say was heard, voice debug showed it"


def wrong(lab):
    results = []
    for extension, reason in (
        ("wrong-agent", "nobody"), ("wrong-option", "option r"), ("wrong-nothing", "expected an agent")
    ):
        phone = Phone(lab, extension, "keys:5", "peer-hangup:10").finish()
        expect(phone.after["Status"] == "BADCONFIG" and reason in phone.after["Reason"], f"{phone.after}")
        results.append(phone.after["Reason"])
    return "; ".join(results)


def dead(lab):
    """No provider answers: the caller is not kept in silence."""
    phone = Phone(lab, "a-dead", "peer-hangup:40").finish()
    end = phone.ended("FAILED")
    return f"ended after {phone.call['seconds']} s: {end.get('Reason')}"


def fork(lab):
    phone = Phone(lab, "fork", "peer-hangup:30").finish()
    return f"10 System() and 10 AGI() beside the calls in {phone.call['seconds']} s"


def console(lab):
    phone = Phone(lab, "a-talk", "listen:0.8", "wait:2")
    channel = phone.started()["Channel"]
    calls = lab.cli("voice show calls")
    expect(channel in calls and "talk" in calls, calls)
    expect("Configuration" in lab.cli("voice show version"), "voice show version")
    providers = lab.cli("voice show providers talk")
    expect(providers.count(" ok ") == 3, providers)
    expect("FAILED" in lab.cli("voice show providers dead"), "the dead provider was not told")
    expect("There is no call" in lab.cli("voice show call nobody"), "voice show call nobody")
    lab.cli("module unload app_voice_engine.so")
    expect(channel in lab.cli("voice show calls"), "unloaded with calls live")
    phone.finish().ended("HANGUP")
    return "show calls, call, version, providers; unload refused while a call lives"


# -- Calls between people ----------------------------------------------------------------------------------------------


def seconds_heard(phone):
    return sum(end - begin for begin, end in phone.call["heard"])


def overhear(lab, agent):
    """Two people talk, an agent listens; it whispers to each of them. The phones, and the events of the listener."""
    first = Phone(lab, f"l-{agent}", f"say:{QUESTION}", "hear:0.3", "wait:8", f"say:{QUESTION}", "wait:3")
    start = lab.manager.wait(
        lambda e: e["Event"] == "VoiceListenStart" and e.get("CallerIDNum") == first.name, 20)
    expect(start, "VoiceListenStart did not come")
    second = Phone(lab, "joining", "wait:2.5", f"say:{INTERRUPTION}", "wait:8", "peer-hangup:20")
    # Both are silent when it whispers.
    spoken = lab.manager.wait(
        lambda e: e["Event"] == "VoiceListenTurn" and e["Uniqueid"] == start["Uniqueid"] and e["Side"] == "far", 20)
    expect(spoken, "the second one was not understood")
    shown = lab.cli("voice show calls")
    expect(" near " in shown and " far " in shown, shown)
    answer = lab.manager.action("VoiceSay", Channel=start["Channel"], Side="near", Text="A word for the first one alone.")
    expect(answer.get("Response") == "Success", f"{answer}")
    expect(lab.manager.wait(
        lambda e: e["Event"] == "VoiceListenTurn" and e["Uniqueid"] == start["Uniqueid"] and e["Who"] == "agent"),
        "nothing was whispered to the first one")
    lab.cli(f"voice whisper {start['Channel']} far A word for the second one alone.")
    first.finish(has_dialplan=False)
    second.finish()
    end = lab.manager.wait(lambda e: e["Event"] == "VoiceListenEnd" and e["Uniqueid"] == start["Uniqueid"])
    expect(end and end["Status"] == "COMPLETED", f"{end}")
    turns = lab.manager.all(lambda e: e["Event"] == "VoiceListenTurn" and e["Uniqueid"] == start["Uniqueid"])
    return first, second, turns, end


def listener(lab):
    first, second, turns, end = overhear(lab, "notes")
    near = [t["Text"] for t in turns if t["Who"] == "near"]
    far = [t["Text"] for t in turns if t["Who"] == "far"]
    said = {(t["Side"], t["Text"]) for t in turns if t["Who"] == "agent"}
    expect(len(near) >= 2 and len(far) >= 1, f"near {near}, far {far}")
    expect(said == {("near", "A word for the first one alone."), ("far", "A word for the second one alone.")}, f"{said}")
    # The recordings are known. Each whisper takes some 1.6 s, and only one hears it.
    extra = {}
    for name, phone, other in (("first", first, second), ("second", second, first)):
        extra[name] = seconds_heard(phone) - sum(s["end"] - s["begin"] for s in other.call["said"])
        expect(0.6 < extra[name] < 2.6, f"beside the other's words the {name} heard {extra[name]:.1f} s: {phone.call['heard']}")
    with open(end["Transcript"], encoding="utf-8") as file:
        who = [json.loads(line)["who"] for line in file]
    expect({"near", "far", "agent"} <= set(who), f"transcript: {who}")
    return f"near {len(near)}, far {len(far)} turns; whispers heard by one alone, s: " + str(
        {name: round(seconds, 1) for name, seconds in extra.items()})


def listener_stops(lab):
    """Begun and ended by the console; a second one is refused; an agent that talks cannot listen."""
    phone = Phone(lab, "l-nobody", f"say:{QUESTION}", "wait:5")
    event = lab.manager.wait(lambda e: e.get("UserEvent") == "Listening" and e.get("CallerIDNum") == phone.name, 20)
    expect(event and event["Status"] == "FAILED" and "nobody" in event["Reason"], f"{event}")
    channel = event["Channel"]
    lab.cli(f"voice listen {channel} notes")
    expect("already" in lab.cli(f"voice listen {channel} notes"), "a second listener")
    start = lab.manager.wait(lambda e: e["Event"] == "VoiceListenStart" and e["Channel"] == channel)
    expect(start, "voice listen did not begin")
    time.sleep(2.5)
    lab.cli(f"voice unlisten {channel}")
    end = lab.manager.wait(lambda e: e["Event"] == "VoiceListenEnd" and e["Channel"] == channel)
    expect(end and end["Status"] == "COMPLETED", f"{end}")
    expect("Nobody listens" in lab.cli(f"voice unlisten {channel}"), "voice unlisten again")
    expect("no such channel" in lab.cli("voice listen PJSIP/none notes"), "voice listen PJSIP/none")
    phone.finish()
    return "voice listen, voice unlisten"


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


def expect_quiet(lab):
    """Nothing is left of the calls."""
    for _ in range(50):
        calls, channels = lab.cli("voice show calls"), lab.cli("core show channels")
        if "\n0 calls" in "\n" + calls and "0 active channels" in channels:
            return
        time.sleep(0.1)
    raise Wrong(f"left over: {calls} {channels}")


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
    lab.expected += [r"loops = many", r"there is no setting named lops", r"there is no section \[tolls\]", r"broken\.json",
                     r"others may read", r"look_up = Gosub", r"nothing has changed"]
    wrong = ["loops = many", "lops = 2", "keys = " + conf, "[tolls]", "[tools]\nlook_up = Gosub"]
    for text in wrong:
        with open(conf, "w", encoding="utf-8") as file:
            file.write(good.replace("[tools]", text + "\n[tools]"))
        lab.cli("module reload app_voice_engine.so")
        expect("Configuration 2" in lab.cli("voice show version"), f"{text}: {lab.cli('voice show version')}")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(good)
    with open(f"{agents}/broken.json", "w", encoding="utf-8") as file:
        file.write('{ "name": "broken", "prompt": 1 }')
    lab.cli("module reload app_voice_engine.so")
    os.remove(f"{agents}/broken.json")
    expect("Configuration 2" in lab.cli("voice show version"), "a broken agent was taken")
    expect(lab.log().count("nothing has changed") == len(wrong) + 1, "it was not said that nothing has changed")
    expect("Configuration:  1" in lab.cli(f"voice show call {channel}"), "the call lost its configuration")
    before.finish().ended("HANGUP")
    expect(len(before.call["heard"]) >= 2, f"{before.call['heard']}")
    for _ in range(50):
        if "an engine that no call uses any more has ended" in lab.log():
            break
        time.sleep(0.1)
    else:
        raise Wrong("the engine of configuration 1 did not end with its last call")
    return f"new calls have the new one, the call before kept its own; {len(wrong) + 1} wrong ones changed nothing"


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


GROUPS = {
    "calls": [conversation, ari, wideband, g722, narrow, mute, agent_ends, transfer, left_transfer, refer, nowhere, keys_out,
              hold, tools, limited, early, variables, redirect, say, wrong, dead, fork,
              console, listener_stops],
    "people": [listener],
    "ends": [hang_ups],
    "configuration": [reload, start_wrong],
    "load": [many],
    "modules": [rounds, forced, other_asterisk],
    "models": [local_models],
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
