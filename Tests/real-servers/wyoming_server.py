"""A Wyoming server that nobody here wrote the protocol of: the official library's AsyncServer, PocketSphinx to hear,
eSpeak NG to speak. Both engines bring their models in their wheels, so nothing is downloaded at run time.

It behaves as wyoming-faster-whisper and wyoming-piper do: the connection ends after the transcript, the voice keeps its
own rate (22,050 Hz), one group of audio events for each text.

    wyoming_server.py FILE      writes its address to FILE once it listens
"""

import asyncio
import ctypes
import pathlib
import socket
import sys
from functools import partial

import espeakng_loader
from pocketsphinx import Decoder
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.tts import Synthesize

COMMON = {
    "attribution": Attribution(name="test", url="http://localhost"),
    "installed": True,
    "description": "test",
    "version": "1",
}
INFO = Info(
    asr=[AsrProgram(name="pocketsphinx", models=[AsrModel(name="en-us", languages=["en"], **COMMON)], **COMMON)],
    tts=[
        TtsProgram(
            name="espeak-ng", voices=[TtsVoice(name="en-us", languages=["en"], speakers=None, **COMMON)], **COMMON
        )
    ],
)
SAMPLES_PER_CHUNK = 1024
DIGITS = (
    "#JSGF V1.0; grammar digits;"
    " public <digits> = (zero | one | two | three | four | five | six | seven | eight | nine)+ ;"
)


class Voice:
    """eSpeak NG, text in and samples out."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate = self._library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
        if self.rate <= 0:
            raise RuntimeError("eSpeak NG did not start")
        self._pcm = bytearray()
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(b"en-us")

    def _take(self, samples, count: int, _events) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        return 0

    def speak(self, text: str) -> bytes:
        self._pcm.clear()
        data = text.encode() + b"\0"
        utf8 = 1
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 0, 0, utf8, None, None)
        self._library.espeak_Synchronize()
        return bytes(self._pcm)


class Handler(AsyncEventHandler):
    def __init__(self, voice: Voice, decoder: Decoder, *args) -> None:
        super().__init__(*args)
        self._voice = voice
        self._decoder = decoder
        self._heard = bytearray()

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(INFO.event())
        elif Transcribe.is_type(event.type) or AudioStart.is_type(event.type):
            self._heard.clear()
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            if (chunk.rate, chunk.width, chunk.channels) != (16_000, 2, 1):
                await self.write_event(Error(text="not 16 kHz mono").event())
                return False
            self._heard += chunk.audio
        elif AudioStop.is_type(event.type):
            await self.write_event(Transcript(text=self._recognise()).event())
            return False
        elif Synthesize.is_type(event.type):
            await self._speak(Synthesize.from_event(event).text)
        return True

    def _recognise(self) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(bytes(self._heard), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    async def _speak(self, text: str) -> None:
        form = {"rate": self._voice.rate, "width": 2, "channels": 1}
        pcm = self._voice.speak(text)
        await self.write_event(AudioStart(**form).event())
        for start in range(0, len(pcm), SAMPLES_PER_CHUNK * 2):
            await self.write_event(AudioChunk(audio=pcm[start : start + SAMPLES_PER_CHUNK * 2], **form).event())
        await self.write_event(AudioStop().event())


async def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    voice = Voice()
    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    # Synthetic speech is hard on an old acoustic model: digits it tells apart, in any number and order.
    decoder.add_jsgf_string("digits", DIGITS)
    decoder.activate_search("digits")
    address = f"tcp://127.0.0.1:{port}"
    server = AsyncServer.from_uri(address)
    await server.start(partial(Handler, voice, decoder))
    pathlib.Path(sys.argv[1]).write_text(address, "utf-8")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
