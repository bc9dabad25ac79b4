#!/usr/bin/env python3
"""Re-packs Moonshine base-en for the engine: .ort files to .onnx files with integer multiplication, tokens as text.

usage: repack_moonshine.py SOURCE_DIR TARGET_DIR

SOURCE_DIR holds encoder_model.ort, decoder_model_merged.ort and tokenizer.bin as published by Moonshine AI. The result
is the same byte for byte on every run (fetch.sh compares its SHA-256). Standard library only.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

from int8_matmul import use_integer_matmul
from onnx_format import write_model
from ort_format import read_model


def repack_network(source: Path, target: Path) -> None:
    model = read_model(source.read_bytes())
    replaced = use_integer_matmul(model)
    _write(target, write_model(model))
    print(f"  {target.name}: {replaced} operations now use int8 weights")


def repack_tokens(source: Path, target: Path) -> None:
    """One line per token, its bytes in base64 and its number: tokens may be parts of a character."""
    lines = [f"{base64.b64encode(token).decode()} {number}\n" for number, token in enumerate(_tokens(source.read_bytes()))]
    _write(target, "".join(lines).encode())
    print(f"  {target.name}: {len(lines)} tokens")


def _tokens(data: bytes) -> list[bytes]:
    """Splits tokenizer.bin: a length (two bytes from 128 on: low 7 bits, then the rest) and the bytes of the token."""
    tokens, position = [], 0
    while position < len(data):
        length = data[position]
        position += 1
        if length >= 128:
            length += data[position] * 128 - 128
            position += 1
        tokens.append(data[position : position + length])
        position += length
    return tokens


def _write(target: Path, data: bytes) -> None:
    part = target.with_name(target.name + ".part")
    part.write_bytes(data)
    part.rename(target)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name in ("encoder_model", "decoder_model_merged"):
        repack_network(source / f"{name}.ort", target / f"{name}.onnx")
    repack_tokens(source / "tokenizer.bin", target / "tokens.txt")


if __name__ == "__main__":
    main()
