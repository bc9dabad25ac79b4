#!/usr/bin/env python3
"""Calls by SIP, speaks recordings by a script, and records what it hears.

  call.py sip:NAME@HOST:PORT STEP... [--out CALL.wav] [--codec ulaw|slin16] [--limit SECONDS]
                                     [--from NAME] [--mute]

The steps happen one after the other:

  listen:S          until the other end has been heard and then silent for S seconds
  say:FILE          plays a recording: a mono 16-bit WAV at 8 or 16 kHz
  interrupt:FILE@S  waits until the other end has been talking for S seconds, then plays a recording into it and waits
                    until the other end falls silent; tells how long that took
  dtmf:KEYS         presses keys
  wait:S            S seconds
  hear:S            until the other end has been talking for S seconds, without a wait for its end
  hold:S            puts the other end on hold for S seconds
  keys:DIGITS       until the other end has pressed these keys
  referred:S        until the other end has asked us to call elsewhere (REFER), at most S seconds
  peer-hangup:S     until the other end hangs up, at most S seconds

Then the caller hangs up. CALL.wav has the caller left and the other end right, on the caller's clock. One JSON object
is printed: status, who hung up, when what was said and heard (seconds), and the interruptions. Exit status 0: the call
was answered and every step came to its end.
"""

import argparse
import array
import json
import sys
import wave

import sip

# [RMS of 16-bit samples] about -40 dBFS: louder than comfort noise and codec noise, softer than any speech.
AUDIBLE = 300
# A gap that does not end a stretch of speech. [s]
PAUSE = 0.3
STEP_LIMIT = 30


def load(path, rate):
    """A recording at `rate`; 8 and 16 kHz are turned into each other by repeating or averaging samples, which a test
    caller may."""
    with wave.open(path) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2) or file.getframerate() not in (8000, 16000):
            raise ValueError(f"{path}: expected a mono 16-bit WAV at 8 or 16 kHz")
        samples = array.array("h", file.readframes(file.getnframes()))
        own = file.getframerate()
    if own < rate:
        return array.array("h", (s for s in samples for _ in range(2)))
    if own > rate:
        return array.array("h", ((samples[i] + samples[i + 1]) // 2 for i in range(0, len(samples) - 1, 2)))
    return samples


def loudness(samples):
    return (sum(s * s for s in samples) / len(samples)) ** 0.5 if samples else 0.0


class Caller:
    def __init__(self, call, limit):
        self.call, self.limit = call, limit
        self.said = array.array("h")
        self.playing = array.array("h")
        self.levels = []
        self.report = {"said": [], "interruptions": [], "keys": [], "holds": []}

    def tick(self):
        """20 ms of the call."""
        size = self.call.codec.frame
        frame = self.playing[:size]
        self.playing = self.playing[size:]
        frame.extend([0] * (size - len(frame)))
        self.call.frame(frame)
        self.said.extend(frame)
        # What has certainly arrived: a frame's own time and one for its way.
        while len(self.levels) < self.call.sent_frames - 2:
            begin = len(self.levels) * size
            self.levels.append(loudness(self.call.heard[begin : begin + size]))
        if self.call.ended_by_peer or self.call.now > self.limit:
            raise EOFError

    def until(self, condition, what, limit=STEP_LIMIT):
        begin = self.call.now
        while not condition():
            try:
                self.tick()
            except EOFError:
                # It may be the last thing that happened.
                if condition():
                    return
                raise
            if self.call.now - begin > limit:
                raise TimeoutError(f"after {limit} s: {what}")

    def silent_for(self):
        frames = 0
        for level in reversed(self.levels):
            if level > AUDIBLE:
                break
            frames += 1
        return frames * sip.FRAME_SECONDS

    def heard_since(self, begin):
        """Seconds of sound since this frame."""
        return sum(level > AUDIBLE for level in self.levels[begin:]) * sip.FRAME_SECONDS

    def talking_for(self):
        """Seconds since the stretch of speech that goes on now began; 0 in silence."""
        if self.silent_for() > PAUSE:
            return 0.0
        frames, gap = 0, 0
        for level in reversed(self.levels):
            gap = 0 if level > AUDIBLE else gap + 1
            if gap * sip.FRAME_SECONDS > PAUSE:
                break
            frames += 1
        return (frames - gap) * sip.FRAME_SECONDS

    def play(self, path):
        self.playing = load(path, self.call.codec.rate)
        begin = self.call.now
        self.until(lambda: not self.playing, f"playing {path}")
        self.report["said"].append({"file": path, "begin": round(begin, 3), "end": round(self.call.now, 3)})
        return begin

    def interrupt(self, path, after):
        self.until(lambda: self.talking_for() >= after, f"the other end to talk for {after} s")
        begin = self.play(path)
        first = int(begin / sip.FRAME_SECONDS)
        # The end of the talk under way: the first pause that is longer than one between words.
        self.until(lambda: self.silent_for() > PAUSE or self.end_of_talk(first) is not None, "the other end to stop")
        end = self.end_of_talk(first)
        stopped = (end if end is not None else len(self.levels)) * sip.FRAME_SECONDS
        self.report["interruptions"].append({"begin": round(begin, 3), "silent_after_ms": round((stopped - begin) * 1000)})

    def end_of_talk(self, first):
        """The frame in which the talk under way at `first` ended; None while it goes on."""
        last, limit = first, int(PAUSE / sip.FRAME_SECONDS)
        for index in range(first, len(self.levels)):
            if self.levels[index] > AUDIBLE:
                last = index + 1
            elif index - last >= limit:
                return last
        return None

    def hold(self, seconds):
        # Nothing is sent while the other end answers: the clock of what was sent stands still meanwhile.
        if self.call.hold(True) != 200:
            raise TimeoutError("0 s: the hold was not accepted")
        begin = self.call.elapsed
        self.until(lambda: self.call.elapsed >= begin + seconds, "time", seconds + STEP_LIMIT)
        end = self.call.elapsed
        if self.call.hold(False) != 200:
            raise TimeoutError("0 s: the end of the hold was not accepted")
        self.report["holds"].append({"begin": round(begin, 3), "end": round(end, 3)})

    def step(self, text):
        name, _, value = text.partition(":")
        if name == "listen":
            begin = len(self.levels)
            self.until(
                lambda: self.heard_since(begin) > 0.2 and self.silent_for() >= float(value), f"the end of what is said ({text})")
        elif name == "hear":
            self.until(lambda: self.talking_for() >= float(value), f"the other end to talk ({text})")
        elif name == "say":
            self.play(value)
        elif name == "interrupt":
            path, _, after = value.rpartition("@")
            self.interrupt(path, float(after))
        elif name == "dtmf":
            for key in value:
                self.call.press(key)
                self.report["keys"].append({"key": key, "at": round(self.call.now, 3)})
                self.until(lambda: not self.call.is_pressing, "a key")
                end = self.call.now + 0.12
                self.until(lambda: self.call.now >= end, "a key")
        elif name == "wait":
            end = self.call.now + float(value)
            self.until(lambda: self.call.now >= end, "time", float(value) + 1)
        elif name == "hold":
            self.hold(float(value))
        elif name == "keys":
            self.until(lambda: self.call.keys.endswith(value), f"keys {value}; there were {self.call.keys!r}")
        elif name == "referred":
            self.until(lambda: self.call.referred_to is not None, "a REFER", float(value))
        elif name == "peer-hangup":
            self.until(lambda: False, "the other end to hang up", float(value))
        else:
            raise ValueError(f"{text}: not a step; see --help")

    def stretches(self):
        """When the other end talked: [begin, end] in seconds."""
        found = []
        for index, level in enumerate(self.levels):
            if level <= AUDIBLE:
                continue
            begin, end = index * sip.FRAME_SECONDS, (index + 1) * sip.FRAME_SECONDS
            if found and begin - found[-1][1] <= PAUSE:
                found[-1][1] = end
            else:
                found.append([begin, end])
        return [[round(begin, 2), round(end, 2)] for begin, end in found]


def write(path, caller):
    size = max(len(caller.said), len(caller.call.heard))
    both = array.array("h", bytes(4 * size))
    both[0 : 2 * len(caller.said) : 2] = caller.said
    both[1 : 2 * len(caller.call.heard) : 2] = caller.call.heard
    with wave.open(path, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(caller.call.codec.rate)
        file.writeframes(both.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri")
    parser.add_argument("steps", nargs="+", metavar="STEP")
    parser.add_argument("--out")
    parser.add_argument("--codec", default="ulaw", choices=["ulaw", "slin16"])
    parser.add_argument("--from", dest="name", default="caller")
    parser.add_argument("--mute", action="store_true", help="a telephone that sends no audio")
    parser.add_argument("--limit", type=float, default=120)
    arguments = parser.parse_args()

    call = sip.Call(arguments.uri, sip.Codec(arguments.codec), arguments.name)
    call.is_mute = arguments.mute
    caller = Caller(call, arguments.limit)
    status, failure = call.dial(), None
    if status == 200:
        steps = list(arguments.steps)
        try:
            while steps:
                caller.step(steps[0])
                steps.pop(0)
        except EOFError:
            # The other end may hang up where that is what was waited for, after the last word of ours.
            if not (call.ended_by_peer and steps and steps[0].startswith("peer-hangup")):
                failure = f"the call ended during {steps[0]}" if call.ended_by_peer else "the call is too long"
        except TimeoutError as error:
            failure = f"{steps[0]}: waited in vain {error}"
        call.hang_up()
        if arguments.out:
            write(arguments.out, caller)
    else:
        failure = f"not answered: {status}"
    print(json.dumps({
        "status": status, "failure": failure, "hung_up_by": "peer" if call.ended_by_peer else "caller",
        "seconds": round(call.now, 2), "packets": call.packets, "lost": call.lost,
        "max_gap_ms": round(max(call.gaps, default=0) * 1000, 1),
        "first_packet_ms": None if call.first_packet is None else round(call.first_packet * 1000, 1),
        "keys_heard": call.keys, "referred_to": call.referred_to, "heard": caller.stretches(), **caller.report}))
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
