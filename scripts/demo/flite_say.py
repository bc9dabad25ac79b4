#!/usr/bin/env python3
"""Speaks a sentence into a WAV with Flite's library, which the engine uses too: no program of its own is needed.

    flite_say.py VOICE OUT.wav TEXT        VOICE: rms (male), slt (female), awb, kal16
"""

import ctypes
import sys


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    voice, out, text = sys.argv[1:]
    try:
        # The language libraries are found by the voice; global, because they refer to each other.
        flite = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        name = "cmu_us_" + voice
        for library in ("usenglish", "cmulex"):
            ctypes.CDLL(f"libflite_{library}.so.1", mode=ctypes.RTLD_GLOBAL)
        model = ctypes.CDLL(f"libflite_{name}.so.1")
    except OSError as error:
        print(f"flite_say: {error}; install libflite1", file=sys.stderr)
        return 1
    register = getattr(model, f"register_{name}")
    register.restype, register.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    flite.flite_text_to_speech.restype = ctypes.c_float
    flite.flite_text_to_speech.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p]
    flite.flite_init()
    seconds = flite.flite_text_to_speech(text.encode(), register(None), out.encode())
    return 0 if seconds > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
