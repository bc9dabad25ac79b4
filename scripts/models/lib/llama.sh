# Compiling the language model's run time; sourced by fetch.sh, which sets $here, $repository, $models and $downloads.
# shellcheck shell=bash disable=SC2154

LLAMA_SOURCE=.downloads/llama_cpp_python-0.3.36.tar.gz
# AVX2, FMA, F16C and BMI2 are the common ground of x86_64 servers since 2015: the directory may be used on another
# machine than the one that compiled it. Target `llama` alone: the tree's tools do not build from the source package.
LLAMA_OPTIONS=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON
    -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON -DGGML_OPENMP=OFF
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF
    -DLLAMA_BUILD_SERVER=OFF -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON "-DCMAKE_INSTALL_RPATH=\$ORIGIN"
)
BRIDGE_SOURCES=("$repository/scripts/models/bridge/voice_llama.cpp"
    "$repository/Sources/CLocalModels/include/voice_llama.h")

# What was compiled is told by a stamp: the hash of everything it was compiled from.
llama_stamp() { printf '%s ' "$(pinned "$LLAMA_SOURCE")" "${LLAMA_OPTIONS[@]}" | sha256sum | cut -d' ' -f1; }
bridge_stamp() { { llama_stamp; cat "${BRIDGE_SOURCES[@]}"; } | sha256sum | cut -d' ' -f1; }

has_stamp() { [[ -f $models/lib/$1.stamp && $(cat "$models/lib/$1.stamp") == "$2" ]]; }
llama_is_built() { [[ -e $models/lib/libllama.so ]] && has_stamp llama "$(llama_stamp)"; }
bridge_is_built() { [[ -e $models/lib/libvoice_llama.so ]] && has_stamp voice_llama "$(bridge_stamp)"; }

make_llama() {
    llama_is_built || build_llama
    bridge_is_built || build_bridge
}

require_compiler() {
    local tool missing=()
    for tool in cmake g++ tar; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [[ ${#missing[@]} == 0 ]] || fail "to compile the language model's run time, ${missing[*]} is missing;" \
        "apt-get install cmake g++ ninja-build (or leave the model out with --no-llm)"
    grep -q avx2 /proc/cpuinfo || fail "this processor has no AVX2, which the language model's run time needs;" \
        "leave the model out with --no-llm"
}

build_llama() {
    require_compiler
    obtain "$LLAMA_SOURCE"
    local build=$downloads/llama-build source log=$downloads/llama-build.log generator=()
    command -v ninja >/dev/null && generator=(-G Ninja)
    tar -xzf "$models/$LLAMA_SOURCE" -C "$downloads"
    source=$(echo "$downloads"/llama_cpp_python-*/vendor/llama.cpp)
    say "compiling libllama (about four minutes on two cores)"
    cmake -S "$source" -B "$build" "${generator[@]}" "${LLAMA_OPTIONS[@]}" >"$log" 2>&1 &&
        cmake --build "$build" --target llama --parallel "$(nproc)" 2>&1 | tee -a "$log" | show_every_tenth ||
        { tail -n 20 "$log" >&2; fail "libllama does not compile here; the whole output is in $log"; }
    cp -a "$build"/bin/lib*.so* "$models/lib/"
    mkdir -p "$models/include"
    cp "$source"/include/llama.h "$source"/ggml/include/*.h "$models/include/"
    llama_stamp >"$models/lib/llama.stamp"
}

# ninja and make both print [n/m] or [ p%] lines, one per file.
# (Not awk: Debian's keeps lines back until it has 4 KB of them.)
show_every_tenth() {
    local line number=0
    while IFS= read -r line; do
        number=$((number + 1))
        ((number % 10)) || say "  $line"
    done
}

build_bridge() {
    require_compiler
    say "compiling the bridge libvoice_llama.so"
    g++ -std=c++17 -O2 -fPIC -shared -Wall -Wextra -Werror \
        -I"$repository/Sources/CLocalModels/include" -isystem "$models/include" "${BRIDGE_SOURCES[0]}" \
        -o "$models/lib/libvoice_llama.so.part" -L"$models/lib" -lllama -lggml -lggml-base "-Wl,-rpath,\$ORIGIN"
    mv "$models/lib/libvoice_llama.so.part" "$models/lib/libvoice_llama.so"
    bridge_stamp >"$models/lib/voice_llama.stamp"
}
