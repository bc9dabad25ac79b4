"""Scenarios of module.py: what happens in one call of VoiceAgent(), or to one call between people."""

import json
import os
import subprocess
import sys
import time

from calls import CONVERSATION, INTERRUPTION, QUESTION, SILENT_WITHIN_MS, expect
from lab import Phone


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


def transcoded(lab, extension, codec):
    phone = Phone(lab, extension, *CONVERSATION, codec="slin16")
    start = phone.started()
    expect(codec in lab.cli(f"core show channel {start['Channel']}"), f"the agent's channel has no {codec}")
    expect("16000 Hz" in lab.cli(f"voice show call {start['Channel']}"), "the agent does not hear 16 kHz")
    return check_conversation(phone.finish())


def g722(lab):
    return transcoded(lab, "w-talk", "g722")


def opus(lab):
    return transcoded(lab, "o-talk", "opus")


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
    said = [f"say:{QUESTION}", "listen:2"]
    phone = Phone(lab, "a-tool", "listen:0.8", *said, *said, *said, f"say:{QUESTION}", "wait:5.5", "listen:2").finish()
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
