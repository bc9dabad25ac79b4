#!/usr/bin/env python3
"""Prints the reference figures that SmartTurnTests.swift carries, made by the model's own Python code.

Needs numpy, soxr, onnxruntime, the wheel of pipecat-ai 1.14.0 unpacked in DIRECTORY, and the recordings of Debian's
asterisk-core-sounds-en-wav. Run: python3 make_smart_turn.py DIRECTORY
"""

import importlib.util
import sys
import wave

import numpy as np
import onnxruntime
import soxr

FOLDER = sys.argv[1] + "/pipecat/audio/turn/smart_turn/"
PROMPTS = "/usr/share/asterisk/sounds/en_US_f_Allison/"
spec = importlib.util.spec_from_file_location("features", FOLDER + "_whisper_features.py")
features = importlib.util.module_from_spec(spec)
spec.loader.exec_module(features)
session = onnxruntime.InferenceSession(FOLDER + "data/smart-turn-v3.2-cpu.onnx")


def signal(count: int) -> np.ndarray:
    """Sawtooth, noise and pauses, from whole numbers alone: the same samples in every language."""
    state, samples = 1, []
    for n in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        noise = (state >> 22) - 512
        saw = (n * (3 + n // 4000)) % 80 * 100 - 4000
        samples.append(noise + saw * (n // 2000 % 3))
    return np.array(samples, dtype=np.float64) / 32768


def log_mel(sound: np.ndarray) -> np.ndarray:
    sound = sound[-128000:].astype(np.float32)
    return features.compute_whisper_log_mel_features(np.pad(sound, (128000 - len(sound), 0)))


def probability(samples: np.ndarray) -> float:
    sound = soxr.resample(samples.astype(np.float32) / 32768, 8000, 16000, quality="HQ")
    return session.run(None, {"input_features": log_mel(sound)[None]})[0][0].item()


print("features of 3 s and of 10 s at 16 kHz, every tenth band of some frames:")
for seconds in (3, 10):
    values = log_mel(signal(16000 * seconds))
    for frame in (0, 300, 499, 500, 501, 640, 799):
        print(f"        ({seconds}, {frame}, [" + ", ".join(f"{values[band, frame]:.4f}" for band in range(0, 80, 10)) + "]),")

print("probabilities of whole recordings and of their first parts, with 150 ms of silence:")
for name in ("vm-nobodyavail", "conf-onlyperson", "vm-goodbye", "demo-instruct", "queue-thankyou", "vm-options"):
    with wave.open(PROMPTS + name + ".wav") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    silence = np.zeros(1200, dtype=np.int16)
    half = samples[: len(samples) // 2]
    print(f'        ("{name}", {probability(np.concatenate([samples, silence])):.3f}, '
          f"{probability(np.concatenate([half, silence])):.3f}),")
