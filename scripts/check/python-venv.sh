#!/usr/bin/env bash
# Prints the python of an environment with the checkers and pytest; makes it once, outside the checkout.
#
#   python=$(scripts/check/python-venv.sh) || echo "not available: offline and never made"
set -euo pipefail
# Pinned: a new release of a checker must not break an old commit.
tools=(mypy==1.13.0 pyflakes==3.2.0 pytest==8.3.3)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/check-venv
stamp=$venv/tools

if [[ ! -e $stamp || $(< "$stamp") != "${tools[*]}" ]]; then
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  # /usr/bin/python3 comes with the system's packages; another python3 first in PATH may go away.
  base=/usr/bin/python3
  [[ -x $base ]] || base=python3
  {
    "$base" -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check --timeout 20 --retries 1 "${tools[@]}"
  } >&2 || { rm -rf "$venv"; exit 1; }
  echo "${tools[*]}" > "$stamp"
fi
echo "$venv/bin/python"
