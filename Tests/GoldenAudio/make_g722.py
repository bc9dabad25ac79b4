"""Makes the reference of Tests/VoiceEngineCarrierTests/SpanDSPTests.swift with an encoder that is not spandsp's.

    pip install G722
    python3 Tests/GoldenAudio/make_g722.py

Prints G.722 at 64 kbit/s of 40 ms of a sweep from 200 Hz to 4 kHz at 16 kHz, in hexadecimal.
"""

import array
import math

from G722 import G722

sweep = [int(8000 * math.sin(2 * math.pi * (200 + index * 3) * index / 16000)) for index in range(640)]
print(bytes(G722(16000, 64000).encode(array.array("h", sweep))).hex())
