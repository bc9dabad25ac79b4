#!/usr/bin/env bash
# Fetches a real Asterisk of Debian into a folder, through apt; needs no root and installs nothing.
#
#   scripts/asterisk/fetch.sh            prints the folder; quick when it is there already
#   ASTERISK_TREE=DIR                    another folder than .build/asterisk/tree
#   ASTERISK_SUITES="forky sid"          Debian suites to try, in this order
#
# Exit status 77: it cannot be had here (no Debian, no network, no suite that has it); the reason is on stderr. Whoever
# tests with it must then say that the test was skipped.
#
# Debian's stable suites have no Asterisk; testing and unstable do. The mirror is the one that this machine uses. The
# packages come with their own C library: Asterisk is started through that one's loader (scripts/asterisk/common.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=${ASTERISK_TREE:-$PWD/.build/asterisk/tree}
read -ra suites <<< "${ASTERISK_SUITES:-forky sid}"

cannot() {
  echo "asterisk: cannot be fetched: $*" >&2
  exit 77
}

if [[ -e $tree/.version ]]; then
  echo "$tree"
  exit
fi
for tool in apt-get dpkg-deb; do command -v "$tool" > /dev/null || cannot "$tool is missing"; done
mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2> /dev/null | head -n 1)
if [[ -z $mirror ]]; then
  mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list 2> /dev/null | head -n 1)
fi
[[ -n $mirror ]] || cannot "this machine has no Debian mirror configured"

mkdir -p "$(dirname "$tree")"
log=$(dirname "$tree")/fetch.log
: > "$log"
work=$(mktemp -d "$(dirname "$tree")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# packages SUITE: downloads Asterisk with all it needs, and its headers, into $work/SUITE/cache/archives.
packages() {
  local apt=$work/$1
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : > "$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" > "$apt/sources.list"
  # A state of its own: nothing counts as installed, so that everything comes along. A mirror's copy of testing may be
  # older than its file says it may be.
  local options=(
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=/dev/null
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$apt" -o Dir::State::lists="$apt/lists"
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o Acquire::Languages=none
    -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false -o Acquire::Retries=2
    -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false -o Debug::NoLocking=1)
  apt-get "${options[@]}" -qq update &&
    apt-get "${options[@]}" -qq -y --download-only install asterisk &&
    (cd "$apt/cache/archives" && apt-get "${options[@]}" -qq download asterisk-dev)
}

unpack() {
  mkdir -p "$work/tree"
  find "$1" -name '*.deb' -print0 | xargs -0 -P "$(nproc)" -n 8 sh -c '
    for package in "$@"; do
      dpkg-deb --fsys-tarfile "$package" | tar -x -C "$0" --exclude=./usr/share/doc --exclude=./usr/share/man \
        --exclude=./usr/share/locale --exclude=./usr/share/perl --exclude="./usr/lib/*/perl*" || exit 255
    done' "$work/tree"
}

for suite in "${suites[@]}"; do
  if packages "$suite" >> "$log" 2>&1 && unpack "$work/$suite/cache/archives" >> "$log" 2>&1; then
    version=$(basename "$work/$suite/cache/archives"/asterisk_*.deb .deb | sed 's/^asterisk_//; s/_[^_]*$//; s/%3a/:/')
    echo "Asterisk $version of Debian $suite" > "$work/tree/.version"
    rm -rf "$tree"
    mv "$work/tree" "$tree"
    echo "asterisk: fetched $(< "$tree/.version")" >&2
    echo "$tree"
    exit
  fi
  rm -rf "$work/tree"
done
cannot "none of Debian's ${suites[*]} could be had from the configured mirror; see $log"
