#!/usr/bin/env bash
# make check: everything that can be said about the sources without running them.
#
#   scripts/check/run.sh          checks; ends with 1 when anything is wrong
#   scripts/check/run.sh --fix    formats Swift and C first
#
# A tool that is not installed is skipped with a word; CHECK_STRICT=1 (CI) makes that a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case ${1:-} in
  '' | --fix) ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit ;;
  *) echo "check: unknown option $1; see --help" >&2; exit 2 ;;
esac

failed=()
skipped=()
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# step NAME HINT COMMAND...: runs the command; its output is shown when it fails.
step() {
  local name=$1 hint=$2
  shift 2
  if "$@" > "$output" 2>&1; then
    echo "check: ok    $name"
  else
    echo "check: FAIL  $name"
    sed 's/^/  /' "$output" | head -100
    echo "  -> $hint"
    failed+=("$name")
  fi
}

skip() { # NAME REASON
  echo "check: skip  $1: $2"
  skipped+=("$1")
}

list() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [[ -f $file ]] && echo "$file"; done; }
mapfile -t swift_files < <(list '*.swift')
# The public header is laid out by hand, with its comments in columns.
mapfile -t c_files < <(list '*.c' '*.h' | grep -v '^Sources/CVoiceEngine/include/')
mapfile -t shell_files < <(list '*.sh' '.ci/run')

if [[ ${1:-} == --fix ]]; then
  command -v swift > /dev/null && swift format format --in-place --configuration .swift-format "${swift_files[@]}"
  command -v clang-format > /dev/null && clang-format -i "${c_files[@]}"
fi

step "rules of the code base" "docs say why; each line names file, line and rule" python3 scripts/check/rules.py
step "rules find what they are for" "scripts/check/test_rules.py" \
  env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=scripts/check python3 scripts/check/test_rules.py
step "the gate lets nothing dearer through" "scripts/check/test_gate.py" \
  env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=scripts/check python3 scripts/check/test_gate.py
step "tables of the benchmark" "scripts/bench/peer/test_report.py" \
  env PYTHONDONTWRITEBYTECODE=1 python3 scripts/bench/peer/test_report.py
for test in plot local; do
  step "$test of the benchmark" "scripts/bench/test_$test.py" \
    env PYTHONDONTWRITEBYTECODE=1 python3 "scripts/bench/test_$test.py"
done

if command -v swift > /dev/null; then
  step "Swift format" "scripts/check/run.sh --fix formats; long comments are broken by hand at 120 columns" \
    swift format lint --strict --configuration .swift-format "${swift_files[@]}"
else
  skip "Swift format" "no swift in PATH"
fi

if command -v clang-format > /dev/null; then
  step "C format" "scripts/check/run.sh --fix" clang-format --dry-run -Werror "${c_files[@]}"
else
  skip "C format" "clang-format is not installed (scripts/system-packages.sh)"
fi

check_shell() {
  local file code=0
  for file in "${shell_files[@]}"; do bash -n "$file" || code=1; done
  return $code
}
step "shell scripts parse" "bash -n names the line" check_shell

step "header and ABI baseline" "scripts/abi.sh --accept takes an addition; a break needs a new ABI major" scripts/abi.sh --header

# Exit status 77: it cannot be counted here; the last line says why.
gate=0
gate_says=$(scripts/check/gate.sh 2>&1) || gate=$?
if [[ $gate == 77 ]]; then
  skip "cost of a frame" "${gate_says##*$'\n'}"
else
  step "cost of a frame" "scripts/check/gate.sh --profile CASE tells where it goes, --accept records it" \
    bash -c 'echo "$1"; exit "$0"' "$gate" "$gate_says"
fi

if python=$(scripts/check/python-venv.sh 2> "$output"); then
  step "Python names" "pyflakes" "$python" -m pyflakes bindings/python/voice_engine bindings/python/tests examples/python \
    scripts/check scripts/bench
  # pipecat is not installed for a check: what comes from it has any type.
  step "Python types of the benchmark" "mypy --strict" "$python" -m mypy --strict --ignore-missing-imports \
    --cache-dir "${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/mypy-bench" scripts/bench/peer/*.py
  step "Python types" "mypy --strict, configured in bindings/python/pyproject.toml" \
    bash -c 'cd bindings/python && "$1" -m mypy --strict --cache-dir "${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/mypy"' _ "$python"
else
  skip "Python names and types" "no mypy and pyflakes, and they could not be installed (offline?)"
fi

if ((${#skipped[@]} > 0)) && [[ -n ${CHECK_STRICT:-} ]]; then
  echo "check: CHECK_STRICT is set, and ${#skipped[@]} skipped"
  failed+=("${skipped[@]}")
fi
if ((${#failed[@]} > 0)); then
  echo "check: ${#failed[@]} failed"
  exit 1
fi
echo "check: all fine"
