"""The agents and configurations of Tests/freeswitch.   agents.py DIR LAB_PORT LLM_PORT SAMPLE"""

import json
import os
import sys

TALK = {
    "name": "talk",
    "language": "en-US",
    "prompt": "You answer the telephone. Be brief.",
    "greeting": "Thanks for calling, how can I help?",
    "stt": {"provider": "deepgram", "model": "nova-3", "base_url": "ws://127.0.0.1:LAB", "api_key_env": "VOICE_LAB_KEY"},
    "llm": {"provider": "openai", "model": "talk", "base_url": "http://127.0.0.1:LLM/v1",
            "api_key_env": "VOICE_LAB_KEY"},
    "tts": {"provider": "deepgram", "model": "aura-2-thalia-en", "base_url": "ws://127.0.0.1:LAB",
            "api_key_env": "VOICE_LAB_KEY"},
    "audio": {"voice_activity": "energy"},
    "manners": {"check_in_after_s": 60},
}
SHORT = {"greeting": "Hello!"}


def model(name):
    return {"llm": TALK["llm"] | {"model": name}}


def tool(name):
    parameters = {"type": "object", "properties": {"day": {"type": "string"}, "people": {"type": "integer"}}}
    tools = [{"name": name, "description": "Books.", "parameters": parameters}]
    return SHORT | model(f"tool:{name}") | {"tools": tools}


def transfer(target):
    return SHORT | model("transfer") | {"builtin_tools": ["transfer"], "transfer_targets": {"desk": target}}


AGENTS = {
    "talk": {},
    "silent": {"manners": {"check_in_after_s": 1, "hang_up_after_check_ins": 1, "goodbye": "Goodbye."}},
    "digits": SHORT | model("digits") | {"builtin_tools": ["send_dtmf"]},
    "end": SHORT | model("end") | {"builtin_tools": ["end_call"]},
    "transfer": transfer("2000 XML default"),
    "refer": transfer("sip:desk@example.org"),
    "bridge": transfer("bridge:user/1001"),
    "tool": tool("book_appointment"),
    "lost": tool("lost"),
    "outside": tool("outside"),
    "slow": tool("slow"),
    "broken": {"greetings": "Hello!"},
    "keyless": {"stt": TALK["stt"] | {"api_key_env": "VOICE_LAB_NO_SUCH_KEY"}},
    "dead": {role: TALK[role] | {"base_url": TALK[role]["base_url"].replace("LAB", "1").replace("LLM", "1")}
             for role in ("stt", "llm", "tts")},
}
TOOLS = """<tool name="book_appointment" api="test_booking" args="{day} {people} {uuid}"/>
    <tool name="slow" api="test_slow"/>
    <tool name="outside" event="true"/>
  </tools>"""


def main(folder, lab, llm, sample):
    for conf in ("good", "limit", "broken"):
        agents = f"{folder}/conf/{conf}/agents"
        os.makedirs(agents, exist_ok=True)
        documents = AGENTS | {"listen": {"mode": "listen"}}
        if conf == "limit":
            documents = {"talk": {"greeting": "We have moved."}, "bridge": AGENTS["bridge"]}
        for name, changes in documents.items():
            document = TALK | {"name": name} | changes
            if "mode" in document:
                for key in ("llm", "greeting", "prompt", "manners"):
                    document.pop(key)
            text = json.dumps(document).replace(":LAB", f":{lab}").replace(":LLM", f":{llm}")
            with open(f"{agents}/{name}.json", "w", encoding="utf-8") as file:
                file.write(text)
        write_conf(f"{folder}/conf/{conf}/voice_engine.conf.xml", sample, agents, conf, folder)
    os.makedirs(f"{folder}/transcripts", exist_ok=True)


def write_conf(path, sample, agents, conf, folder):
    """The sample that is shipped, with the paths and tools of these tests."""
    with open(sample, encoding="utf-8") as file:
        text = file.read()
    calls = {"good": "200", "limit": "2", "broken": "many"}[conf]
    for old, new in (("$${conf_dir}/voice_agents", agents), ("  </tools>", "    " + TOOLS),
                     ('<!-- <param name="max-calls" value="4096"/> -->', f'<param name="max-calls" value="{calls}"/>'),
                     ('<!-- <param name="bridge-transfers" value="false"/> -->',
                      f'<param name="bridge-transfers" value="{"true" if conf == "good" else "false"}"/>'),
                     ('<!-- <param name="event-texts" value="true"/> -->',
                      '<param name="event-texts" value="true"/>'),
                     ('<!-- <param name="transcript-dir" value="$${base_dir}/transcripts"/> -->',
                      f'<param name="transcript-dir" value="{folder}/transcripts"/>')):
        assert old in text, old
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
