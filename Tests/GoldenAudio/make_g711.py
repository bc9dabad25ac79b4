#!/usr/bin/env python3
"""Prints the G.711 reference figures that G711Tests.swift carries, made by Python's audioop (Sun's g711.c) and by sox.

Needs Python < 3.13 (audioop) and sox. Run: python3 make_g711.py
"""

import array
import audioop
import subprocess
import warnings

warnings.simplefilter("ignore")


def fnv(data: bytes) -> str:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"0x{value:016X}"


def sox(raw: bytes, encoding: str) -> bytes:
    options = ["-t", "raw", "-r", "8000", "-c", "1"]
    return subprocess.run(
        ["sox", "-D", *options, "-e", encoding, "-b", "8", "-", *options, "-e", "signed", "-b", "16", "-L", "-"],
        input=raw, stdout=subprocess.PIPE, check=True).stdout


samples = array.array("h", range(-32768, 32768)).tobytes()
codes = bytes(range(256))
print("mulaw of -32768...32767     ", fnv(audioop.lin2ulaw(samples, 2)))
print("alaw of -32768...32767      ", fnv(audioop.lin2alaw(samples, 2)))
print("linear of mulaw 0...255, LE ", fnv(audioop.ulaw2lin(codes, 2)))
print("linear of alaw 0...255, LE  ", fnv(audioop.alaw2lin(codes, 2)))
print("sox decodes mulaw alike:", sox(codes, "mu-law") == audioop.ulaw2lin(codes, 2))
print("sox decodes alaw alike: ", sox(codes, "a-law") == audioop.alaw2lin(codes, 2))
for value in (0, -1, 1, 3, 4, -4, 132, -132, 1000, -1000, 8031, 32635, 32767, -32768):
    one = array.array("h", [value]).tobytes()
    print(f"        ({value}, 0x{audioop.lin2ulaw(one, 2)[0]:02X}, 0x{audioop.lin2alaw(one, 2)[0]:02X}),")
