"""Writes the agents of the module's tests.   agents.py FOLDER PROVIDER_PORT LLM_PORT"""

import json
import sys

folder, providers, models = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open("Tests/asterisk/agent.json", encoding="utf-8") as file:
    TALK = json.loads(file.read().replace("PROVIDER_PORT", str(providers)))


def tool(name, **properties):
    return {"name": name, "description": name, "parameters": {
        "type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}}


def agent(name, model=None, **more):
    document = json.loads(json.dumps(TALK)) | {"name": name} | more
    if model:
        document["llm"] |= {"model": model, "base_url": f"http://127.0.0.1:{models}/v1"}
        document["manners"]["check_in_after_s"] = 30
    with open(f"{folder}/{name}.json", "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1, ensure_ascii=False)


def dead(role):
    return role | {"base_url": role["base_url"].replace(str(providers), "9")}


agent("talk")
agent("long", "long", turn={"barge_in": {"enabled": False}})
agent("bye", "bye", builtin_tools=["end_call"])
agent("keys", "keys", builtin_tools=["send_dtmf"])
for name, target in (("transfer", "desk"), ("refer", "sip:desk@example.invalid"), ("nowhere", "lab,nobody,1")):
    agent(name, "transfer", builtin_tools=["transfer"], transfer_targets={"desk": target})
agent("tool", "tool", tools=[
    tool("look_up", number="string", exact="boolean"), tool("ask_agi", question="string"), tool("nobody_has_this"),
    tool("slow")], limits={"tool_timeout_ms": 12000})
agent("variables", greeting="{{first}}, {{second}}, {{caller}}, {{called}}.")
agent("dead", stt=dead(TALK["stt"]), llm=dead(TALK["llm"]), tts=dead(TALK["tts"]))
with open(f"{folder}/notes.json", "w", encoding="utf-8") as out:
    json.dump({"name": "notes", "mode": "listen", "stt": TALK["stt"], "tts": TALK["tts"], "audio": TALK["audio"]}, out)
