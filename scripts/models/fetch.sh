#!/usr/bin/env bash
# Brings everything that the engine's local models need to one directory outside the checkout.
#
#   fetch.sh [--check] [--no-llm] [--no-turn] [--help]
#
#   --check    say what is there and what is missing, fetch nothing; exit status 0 if complete
#   --no-llm   leave out the language model and its run time (half a gigabyte and four minutes of compiling)
#   --no-turn  leave out the model that hears whether a caller has finished (9 MB); the engine does without it
#
# Directory: $VOICE_ENGINE_MODELS, or voice-engine/models in $XDG_CACHE_HOME or ~/.cache.
# Every file is pinned by SHA-256 (files.txt) and has one or more sources (sources.txt), tried in order. A directory or
# address in $VOICE_ENGINE_MODELS_MIRROR that holds the files under the same paths is tried before all of them.
# What is there and intact is kept; what is half there is continued. Two runs at once wait for each other.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
models=${VOICE_ENGINE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/models}
downloads=$models/.downloads
# shellcheck source=scripts/models/lib/files.sh
. "$here/lib/files.sh"
# shellcheck source=scripts/models/lib/llama.sh
. "$here/lib/llama.sh"

usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; }

check_only=false
parts="runtime vad turn stt llm"
for argument in "$@"; do
    case $argument in
    --check) check_only=true ;;
    --no-llm) parts=${parts% llm} ;;
    --no-turn) parts=${parts/ turn/} ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && fail "unknown option $argument" ;;
    esac
done

# Prints one line per file and per library; false if anything is missing.
check() {
    local complete=true path
    for path in $(paths_of "$parts"); do
        if is_intact "$path"; then
            say "  there    $path"
        else
            say "  missing  $path"
            complete=false
        fi
    done
    if [[ $parts == *llm* ]]; then
        if llama_is_built && bridge_is_built; then
            say "  there    lib/libvoice_llama.so"
        else
            say "  missing  lib/libvoice_llama.so (compiled here)"
            complete=false
        fi
    fi
    $complete
}

require_machine() {
    [[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] ||
        fail "the pinned packages are for Linux on x86_64; this is $(uname -s) on $(uname -m)"
    command -v python3 >/dev/null || fail "python3 is missing; apt-get install python3 python3-pip"
    python3 -m pip --version >/dev/null 2>&1 || fail "Python's pip is missing; apt-get install python3-pip"
}

make_moonshine() {
    local name missing=()
    for name in encoder_model.onnx decoder_model_merged.onnx tokens.txt; do
        is_intact "stt/$name" || from_mirror "stt/$name" || missing+=("$name")
    done
    if [[ ${#missing[@]} == 0 ]]; then
        say "there: stt"
        return
    fi
    for name in encoder_model.ort decoder_model_merged.ort tokenizer.bin; do
        obtain ".downloads/moonshine/$name"
    done
    say "re-packing Moonshine for integer multiplication"
    python3 -B "$here/repack/repack_moonshine.py" "$downloads/moonshine" "$models/stt"
    for name in encoder_model.onnx decoder_model_merged.onnx tokens.txt; do
        is_intact "stt/$name" || fail "stt/$name: the re-packed file is not the expected one; please report this"
    done
}

if $check_only; then
    say "local models in $models"
    check || { say "not complete: run 'make models'"; exit 1; }
    exit 0
fi

require_machine
mkdir -p "$downloads" "$models"/{lib,vad,turn,stt,llm}
exec 9>"$models/.lock"
flock --nonblock 9 || { say "another fetch is running, waiting for it"; flock 9; }

started=$SECONDS
say "local models go to $models"
obtain lib/libonnxruntime.so.1.31.1
ln -sf libonnxruntime.so.1.31.1 "$models/lib/libonnxruntime.so.1"
obtain vad/silero_vad.onnx
[[ $parts != *turn* ]] || obtain turn/smart-turn-v3.2-cpu.onnx
make_moonshine
if [[ $parts == *llm* ]]; then
    obtain llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
    make_llama
fi
check >/dev/null || { check || true; fail "something is still missing; run this again"; }
rm -rf "$downloads"
say "local models complete ($((SECONDS - started)) s)"
