#!/usr/bin/env bash
# Installs the Debian packages that building, testing and the demo need; does nothing, quickly, when all are there.
#
#   scripts/system-packages.sh            installs what is missing (as root, or through sudo)
#   scripts/system-packages.sh --list     prints the names
#   scripts/system-packages.sh --missing  prints those that are missing; exits with 1 when there are any
set -euo pipefail

packages=(
  # The library: TLS, Opus, resampling; pkg-config tells Package.swift where they are.
  libssl-dev libopus-dev libsamplerate0-dev pkg-config
  # C hosts, the host module, local models.
  gcc g++ make cmake ninja-build unzip ca-certificates
  # Local text-to-speech, and recorded and synthetic speech for tests and the demo.
  libflite1 libspandsp2 sox espeak-ng asterisk-core-sounds-en-wav pocketsphinx-testdata
  # make check, make abi, bindings.
  abigail-tools clang-format binutils python3 python3-venv valgrind
)

missing() {
  # One look into dpkg's database for all of them.
  local installed
  installed=$(dpkg-query -W -f='${Status} ${binary:Package}\n' "${packages[@]}" 2> /dev/null |
    sed -n 's/^install ok installed \([^:]*\).*/\1/p' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<< "$installed")
}

case ${1:-} in
  --list) printf '%s\n' "${packages[@]}"; exit ;;
  --missing) wanted=$(missing); [[ -z $wanted ]] || { echo "$wanted"; exit 1; }; exit ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit ;;
  '') ;;
  *) echo "system-packages: unknown option $1; see --help" >&2; exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null; then
  echo "system-packages: this is no Debian. Install what these are called here: ${packages[*]}" >&2
  exit 1
fi
mapfile -t wanted < <(missing)
if ((${#wanted[@]} == 0)); then exit 0; fi

root=()
if [[ $(id -u) != 0 ]]; then
  if command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [[ -t 0 ]]; }; then
    root=(sudo)
  else
    echo "system-packages: missing, and this is not root. Run:" >&2
    echo "  sudo apt-get install --no-install-recommends ${wanted[*]}" >&2
    exit 1
  fi
fi

echo "system-packages: installing ${wanted[*]}"
install_wanted() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"
}
# The lists of packages are fetched only when they are missing or too old to name what is wanted.
if ! install_wanted > /dev/null 2>&1; then
  echo "system-packages: fetching the lists of packages"
  "${root[@]}" apt-get update -qq
  install_wanted > /dev/null || {
    echo "system-packages: apt-get could not install: ${wanted[*]}" >&2
    exit 1
  }
fi
mapfile -t wanted < <(missing)
if ((${#wanted[@]} > 0)); then
  echo "system-packages: still missing: ${wanted[*]}" >&2
  exit 1
fi
