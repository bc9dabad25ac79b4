#!/usr/bin/env bash
# An OpenAI-compatible language-model server that nobody here wrote: llama-cpp-python's, with the model of make models.
#
# voice-host talk plays a recorded utterance to an agent whose language model is that server; local models hear and
# speak. The caller must be understood, the answer must come from the server, and it must be heard.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
name="real server, language model"
source Tests/real-servers/common.sh
need_program "$voice_host"

scripts/models/fetch.sh --check > "$work/models.txt" 2>&1 || skip "the local models are not complete (make models)"
model=$models/llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
environment "$cache/llama-venv" Tests/real-servers/requirements-llama.txt ||
  skip "the packages of the server could not be installed"

# The server's code is taken out of the source package: installing it would compile libllama once more.
requirement=$(head -n 1 scripts/models/packages/llama.txt)
release=${requirement%% *}
release=${release##*==}
source_folder=$cache/llama_cpp_python-$release
if [[ ! -e $source_folder/.complete ]]; then
  echo "$name: fetching ${requirement%% *}"
  printf '%s\n' "$requirement" > "$work/requirement.txt"
  python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes --no-binary llama-cpp-python \
    --dest "$work" --requirement "$work/requirement.txt" || skip "its source package could not be fetched"
  mkdir -p "$cache"
  tar -xzf "$work/llama_cpp_python-$release.tar.gz" -C "$cache" --wildcards '*/llama_cpp/*' ||
    skip "its source package cannot be unpacked"
  touch "$source_folder/.complete"
fi

port=$(free_port)
(cd "$source_folder" && LLAMA_CPP_LIB_PATH=$models/lib PYTHONPATH=. exec "$cache/llama-venv/bin/python" \
  -m llama_cpp.server --model "$model" --host 127.0.0.1 --port "$port" --n_ctx 2048 --n_threads 1) \
  > "$work/server.log" 2>&1 &
server=$!
started+=("$server")
if ! answers "http://127.0.0.1:$port/v1/models" "$server" 120; then
  tail -n 5 "$work/server.log" >&2
  skip "the server does not start here"
fi

python3 -B Tests/real-servers/agent.py llm "$port" > "$work/agent.json"
call hours
grep -q 'POST /v1/chat/completions HTTP/1.1" 200' "$work/server.log" || failed "the server was not asked"
echo "$name: passed: $summary"
