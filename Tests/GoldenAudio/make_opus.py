#!/usr/bin/env python3
"""Prints GoldenOpus.swift: packets made by opusenc and what opusdec makes of them.

Needs opus-tools. Run: python3 make_opus.py > ../VoiceEngineMediaTests/GoldenOpus.swift
The signal is 100 ms of a tone of 440 Hz with its third harmonic at 48 kHz; opusdec removes the 312 samples that
the encoder states as pre-skip, and decodes without dither.
"""

import array
import math
import subprocess
import tempfile

PRE_SKIP = 312


def packets(ogg: bytes):
    found, partial, at = [], b"", 0
    while at < len(ogg):
        assert ogg[at:at + 4] == b"OggS"
        count = ogg[at + 26]
        lacing, at = ogg[at + 27:at + 27 + count], at + 27 + count
        for size in lacing:
            partial, at = partial + ogg[at:at + size], at + size
            if size < 255:
                found.append(partial)
                partial = b""
    return found


pcm = array.array("h", (
    round(9000 * math.sin(2 * math.pi * 440 * n / 48000) + 3000 * math.sin(2 * math.pi * 1320 * n / 48000))
    for n in range(4800)))
with tempfile.NamedTemporaryFile(suffix=".opus") as coded:
    subprocess.run(
        ["opusenc", "--quiet", "--raw", "--raw-rate", "48000", "--raw-chan", "1", "--bitrate", "16", "--speech",
         "--serial", "1", "-", coded.name], input=pcm.tobytes(), check=True)
    data = open(coded.name, "rb").read()
    decoded = array.array("h", subprocess.run(
        ["opusdec", "--quiet", "--rate", "48000", "--no-dither", "--force-stereo", coded.name, "-"],
        stdout=subprocess.PIPE, check=True).stdout)[::2]

print("/// Made by `Tests/GoldenAudio/make_opus.py`. Do not edit.")
print("enum GoldenOpus {")
print(f"    /// [samples at 48 kHz] that the encoder asks to drop from the start.\n    static let preSkip = {PRE_SKIP}")
print("    /// Packets of 20 ms, made by opusenc.\n    static let packets: [[UInt8]] = [")
for packet in packets(data)[2:]:
    print("        [")
    for line in range(0, len(packet), 18):
        print("            " + ", ".join(f"0x{b:02X}" for b in packet[line:line + 18]) + ",")
    print("        ],")
print("    ]\n    /// Every 97th sample of what opusdec makes of them.\n    static let decoded: [Int16] = [")
values = list(decoded[::97])
for line in range(0, len(values), 12):
    print("        " + ", ".join(str(v) for v in values[line:line + 12]) + ",")
print("    ]\n}")
