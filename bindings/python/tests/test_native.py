"""The table against the header: names, order, sizes, offsets, constants."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voice_engine import _native, _structs, call, errors, events

ROOT = Path(__file__).resolve().parents[3]
HEADER = ROOT / "Sources" / "CVoiceEngine" / "include" / "voice_engine.h"
STRUCTS: dict[str, type[ctypes.Structure]] = {
    "voice_engine_config": _structs.EngineConfig,
    "voice_probe_result": _structs.ProbeResultStruct,
    "voice_session_config": _structs.SessionConfig,
    "voice_session_callbacks": _structs.SessionCallbacks,
    "voice_turn_metrics": _structs.TurnMetricsStruct,
    "voice_event": _structs.EventStruct,
    "voice_server_config": _structs.ServerConfig,
}


def constants() -> dict[str, int]:
    found = re.findall(r"^#define (VOICE_\w+) \(?(-?\d+)u?\)?", HEADER.read_text(), re.MULTILINE)
    return {name: int(value) for name, value in found}


def test_the_table_has_every_function_in_header_order() -> None:
    lines = (ROOT / "bindings" / "c" / "symbols.txt").read_text().splitlines()
    symbols = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    assert [name for name, *_ in _native.FUNCTIONS] == symbols


def test_the_table_has_the_parameters_of_the_header() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    prototypes = dict(re.findall(r"VOICE_API [\w\s]+?\*?(voice_\w+)\(([^)]*)\);", text))
    for name, argtypes, _, _ in _native.FUNCTIONS:
        parameters = [p.strip() for p in prototypes[name].split(",") if p.strip() != "void"]
        assert len(parameters) == len(argtypes), name
        for parameter, argtype in zip(parameters, argtypes):
            number = {
                "size_t": ctypes.c_size_t,
                "uint32_t": ctypes.c_uint32,
                "voice_status": ctypes.c_int32,
                "voice_probe_fn": _structs.ProbeFunction,
            }
            if "*" not in parameter:
                assert argtype is number[parameter.split()[0]], f"{name}: {parameter}"
            else:
                assert argtype not in number.values(), f"{name}: {parameter}"


def test_statuses_have_their_class() -> None:
    for name, value in constants().items():
        if name.startswith("VOICE_ERR_"):
            error = errors.error_for(value, "detail")
            assert type(error) is not errors.VoiceEngineError, f"{name} has no class of its own"
            assert error.status == value and error.detail == "detail"
    assert type(errors.error_for(-99, "new")) is errors.VoiceEngineError
    assert errors.error_for(-99, "new").status == -99


def test_constants_are_those_of_the_header() -> None:
    header = constants()
    assert header["VOICE_ABI_MAJOR"] == _native.ABI_MAJOR
    assert {f"VOICE_ENCODING_{name.upper()}": value for name, value in call._ENCODINGS.items()} == {
        name: value for name, value in header.items() if name.startswith("VOICE_ENCODING_")
    }
    flags = {name: getattr(events, name[len("VOICE_FLAG_") :]) for name in header if name.startswith("VOICE_FLAG_")}
    assert flags == {name: value for name, value in header.items() if name.startswith("VOICE_FLAG_")}
    known = set(events._READERS) | {header["VOICE_EVENT_TURN_METRICS"]}
    assert known == {value for name, value in header.items() if name.startswith("VOICE_EVENT_")}


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_structs_are_laid_out_as_in_c(tmp_path: Path) -> None:
    lines = []
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for field in struct._fields_:
            lines.append(
                f'printf("{name}.{field[0]} %zu %zu\\n", offsetof({name}, {field[0]}), sizeof((({name} *)0)->{field[0]}));'
            )
    source = tmp_path / "layout.c"
    source.write_text(
        "#include <stdio.h>\n#include <voice_engine.h>\nint main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
    )
    program = tmp_path / "layout"
    subprocess.run(["cc", "-I", str(HEADER.parent), str(source), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    expected = []
    for name, struct in STRUCTS.items():
        expected.append(f"{name} {ctypes.sizeof(struct)}")
        for field in struct._fields_:
            descriptor: Any = getattr(struct, field[0])
            expected.append(f"{name}.{field[0]} {descriptor.offset} {descriptor.size}")
    assert printed == expected


def run_import(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import voice_engine"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "bindings" / "python"), **environment},
        capture_output=True,
        text=True,
    )


def test_import_prints_nothing() -> None:
    done = run_import()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_missing_library_is_an_import_error_that_says_what_to_do() -> None:
    done = run_import(VOICE_ENGINE_LIBRARY="/nowhere/libvoiceengine.so.1")
    assert done.returncode == 1
    assert "LibraryError" in done.stderr and "/nowhere/libvoiceengine.so.1: no such file" in done.stderr


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_another_abi_is_refused_at_import(tmp_path: Path) -> None:
    source = tmp_path / "other.c"
    source.write_text("unsigned voice_abi_version(void) { return 2u << 16; }\n")
    library = tmp_path / "libother.so"
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    done = run_import(VOICE_ENGINE_LIBRARY=str(library))
    assert done.returncode == 1
    assert "has ABI 2; this package needs 1" in done.stderr
