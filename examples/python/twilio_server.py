"""A Twilio server in ten lines: python3 twilio_server.py receptionist.json https://agent.example.com"""
import signal, sys, voice_engine

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
with voice_engine.Engine() as engine:
    engine.add_agent(open(sys.argv[1], "rb").read())
    engine.wait_ready(600)
    with engine.serve(port=8080, public_url=sys.argv[2], on_event=lambda call, event: print(call.id, event)) as server:
        print(f"Twilio webhook (POST): {sys.argv[2]}/twilio/voice/AGENT, forwarded to 127.0.0.1:{server.port}")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        server.drain(30)
