"""A pipecat bot for the benchmark: Twilio's media streams in, Deepgram and OpenAI behind, one uvicorn process.

    bot.py --port PORT --providers PORT --turns transcripts|silero

It is the bot that pipecat's own documentation describes for Twilio, in the configuration that costs it least: 8 kHz
throughout, no metrics, no observers, no log below warnings, and no waiting beyond what its turn strategies need.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.deepgram.tts import DeepgramTTSService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

# As examples/demo/bench-agent.json has them.
PROMPT = "You answer the telephone. Be brief."
GREETING = "Thanks for calling, how can I help?"
MAX_TOKENS = 150
VOICE = "aura-2-thalia-en"
# Silence in ms after which the recogniser ends an utterance on its own. Without a detector here that ends the turn, at
# the value that voice-host asks for. With one it is the last resort: pipecat asks for the transcript after 200 ms, and
# waits longer when the recogniser was a moment faster.
ENDPOINTING_MS = {"transcripts": 300, "silero": 500}
TURNS = tuple(ENDPOINTING_MS)


@dataclass(frozen=True)
class Options:
    """What the command line tells."""

    port: int
    providers: int
    turns: str


def user_params(turns: str) -> LLMUserAggregatorParams:
    """How the bot knows that its caller speaks, and has finished."""
    # No waiting on top of what the recogniser or Silero have waited.
    stop = [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]
    if turns == "silero":
        return LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=UserTurnStrategies(stop=stop)
        )
    start = [TranscriptionUserTurnStartStrategy()]
    return LLMUserAggregatorParams(user_turn_strategies=UserTurnStrategies(start=start, stop=stop))


async def hold_call(websocket: WebSocket, options: Options) -> None:
    """One call, from Twilio's first messages to the hang-up."""
    _, call = await parse_telephony_websocket(websocket)
    serializer = TwilioFrameSerializer(
        stream_sid=call["stream_id"],
        call_sid=call["call_id"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer),
    )
    stt = DeepgramSTTService(
        api_key="lab",
        base_url=f"ws://127.0.0.1:{options.providers}",
        settings=DeepgramSTTService.Settings(model="nova-3", endpointing=ENDPOINTING_MS[options.turns]),
    )
    llm = OpenAILLMService(
        api_key="lab",
        base_url=f"http://127.0.0.1:{options.providers}/v1",
        settings=OpenAILLMService.Settings(model="lab", system_instruction=PROMPT, max_tokens=MAX_TOKENS),
    )
    tts = DeepgramTTSService(
        api_key="lab",
        base_url=f"ws://127.0.0.1:{options.providers}",
        settings=DeepgramTTSService.Settings(voice=VOICE),
    )
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(context, user_params=user_params(options.turns))
    pipeline = Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
    runner = WorkerRunner(handle_sigint=False)

    async def connected(_transport: FastAPIWebsocketTransport, _client: WebSocket) -> None:
        await worker.queue_frames([TTSSpeakFrame(GREETING)])

    async def disconnected(_transport: FastAPIWebsocketTransport, _client: WebSocket) -> None:
        await runner.cancel()

    transport.add_event_handler("on_client_connected", connected)
    transport.add_event_handler("on_client_disconnected", disconnected)
    await runner.add_workers(worker)
    await runner.run()


def application(options: Options) -> FastAPI:
    """The webhook and the stream that it names, at the paths of voice-host."""
    app = FastAPI()

    async def ready() -> Response:
        return Response("ready\n")

    async def voice(request: Request) -> Response:
        # voice-lab speaks ws:// to a wss:// address with --plain.
        url = f"wss://{request.url.netloc}/twilio/stream"
        return Response(
            f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="{url}"/></Connect></Response>',
            media_type="application/xml",
        )

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await hold_call(websocket, options)

    app.add_api_route("/readyz", ready)
    app.add_api_route("/twilio/voice/{name}", voice, methods=["POST"])
    app.add_api_websocket_route("/twilio/stream", stream)
    return app


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description="The pipecat bot of make bench-peer.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--providers", type=int, required=True, help="port of voice-lab providers")
    parser.add_argument("--turns", choices=TURNS, default=TURNS[0], help="what tells turns and interruptions")
    arguments = parser.parse_args()
    options = Options(arguments.port, arguments.providers, arguments.turns)
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    uvicorn.run(
        application(options), host="127.0.0.1", port=options.port, loop="uvloop", log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
