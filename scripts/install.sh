#!/usr/bin/env bash
# Installs what has been built: library, header, pkg-config file, voice-host, Python package, schema.
#
#   PREFIX=/usr/local DESTDIR= scripts/install.sh
#
# PREFIX    where it will be used from; default /usr/local
# DESTDIR   put in front of every path, for packagers; default empty
# LIBDIR    default $PREFIX/lib
# LIBRARY   the library to install; default .build/release/libvoiceengine.so
# PYTHON    folder of the Python package; default: where the system's python3 looks below PREFIX, else
#           $PREFIX/lib/python3/dist-packages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit ;;
esac

PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
LIBDIR=${LIBDIR:-$PREFIX/lib}
LIBRARY=${LIBRARY:-.build/release/libvoiceengine.so}
python_folder() {
  local folder
  # The user's own PYTHONPATH says nothing about the system.
  folder=$(env -u PYTHONPATH /usr/bin/python3 -c 'import sys; print(next((p for p in sys.path if p.startswith(sys.argv[1] + "/lib/")
    and p.endswith("-packages")), ""))' "$PREFIX" 2> /dev/null) || folder=
  echo "${folder:-$PREFIX/lib/python3/dist-packages}"
}
PYTHON=${PYTHON:-$(python_folder)}
readonly header=Sources/CVoiceEngine/include/voice_engine.h

if [[ ! -e $LIBRARY ]]; then
  echo "install: $LIBRARY is missing; build it first (make build), or set LIBRARY" >&2
  exit 1
fi
LIBRARY=$(realpath "$LIBRARY")
# One place says the version: what the library itself reports, which the Python package repeats.
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' bindings/python/pyproject.toml)
major=$(sed -n 's/^#define VOICE_ABI_MAJOR \([0-9]*\)$/\1/p' "$header")
if [[ -z $version || -z $major ]]; then
  echo "install: no version in bindings/python/pyproject.toml or no VOICE_ABI_MAJOR in $header" >&2
  exit 1
fi
lib=$DESTDIR$LIBDIR
readonly real=libvoiceengine.so.$version soname=libvoiceengine.so.$major

install -d "$lib/pkgconfig" "$DESTDIR$PREFIX/include" "$DESTDIR$PREFIX/bin" "$DESTDIR$PREFIX/share/voiceengine" \
  "$DESTDIR$PYTHON/voice_engine"

# Built beside its name and moved over it: a running host keeps the file that it has mapped.
strip --strip-unneeded -o "$lib/.$real.new" "$LIBRARY"
chmod 755 "$lib/.$real.new"
mv -f "$lib/.$real.new" "$lib/$real"
ln -sfn "$real" "$lib/$soname"
ln -sfn "$soname" "$lib/libvoiceengine.so"

install -m 644 "$header" "$DESTDIR$PREFIX/include/voice_engine.h"
sed -e "s|@PREFIX@|$PREFIX|; s|@LIBDIR@|$LIBDIR|; s|@VERSION@|$version|" bindings/c/voiceengine.pc.in \
  > "$lib/pkgconfig/voiceengine.pc"

# The host finds its library relative to itself, so that a folder can be moved.
relative=$(realpath -m --relative-to="$PREFIX/bin" "$LIBDIR")
make --no-print-directory -s -B -C examples/host LIB_DIR="$(realpath "$lib")" HOST_RPATH="\$\$ORIGIN/$relative" \
  OUT="$(realpath "$DESTDIR$PREFIX/bin")/voice-host"

install -m 644 bindings/python/voice_engine/*.py bindings/python/voice_engine/py.typed "$DESTDIR$PYTHON/voice_engine/"
# Where this installation's library is, for the package's search.
printf '# Written by scripts/install.sh.\nLIBRARY = "%s"\n' "$LIBDIR/$soname" \
  > "$DESTDIR$PYTHON/voice_engine/_installed.py"

if [[ -e docs/agent.schema.json ]]; then
  install -m 644 docs/agent.schema.json "$DESTDIR$PREFIX/share/voiceengine/agent.schema.json"
else
  echo "install: docs/agent.schema.json is missing; installed without it" >&2
fi

if [[ -z $DESTDIR && $(id -u) == 0 ]] && command -v ldconfig > /dev/null; then ldconfig; fi

echo "installed $version: $LIBDIR/$real, $PREFIX/include/voice_engine.h, $PREFIX/bin/voice-host, $PYTHON/voice_engine"
if [[ $PYTHON == "$PREFIX/lib/python3/dist-packages" && $PREFIX != /usr ]]; then
  echo "Python: export PYTHONPATH=$PYTHON"
fi
