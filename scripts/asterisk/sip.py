"""A telephone: one SIP call over UDP with its RTP audio. Standard library only, one thread, loopback only.

Audio goes out every 20 ms by the clock, silence included, as telephones do; what comes in is laid on the same clock, so
that sample k of the recording reached this end when sample k of its own audio left it.
"""

import array
import random
import re
import select
import socket
import struct
import time

FRAME_SECONDS = 0.02


def _mulaw_encode(sample):
    sample = max(-32635, min(32635, sample))
    sign = 0x80 if sample < 0 else 0
    sample = abs(sample) + 132
    exponent = max(0, sample.bit_length() - 8)
    return ~(sign | (exponent << 4) | ((sample >> (exponent + 3)) & 15)) & 255


def _mulaw_decode(byte):
    byte = ~byte & 255
    value = (((byte & 15) << 3) + 132 << ((byte >> 4) & 7)) - 132
    return -value if byte & 128 else value


_DECODED = [_mulaw_decode(byte) for byte in range(256)]


class Codec:
    """How samples travel in RTP: `ulaw` (8 kHz) or `slin16` (linear, 16 kHz)."""

    def __init__(self, name):
        self.name = name
        self.rate = {"ulaw": 8000, "slin16": 16000}[name]
        self.payload_type = {"ulaw": 0, "slin16": 118}[name]
        self.sdp = {"ulaw": "0 PCMU/8000", "slin16": "118 L16/16000"}[name]
        self.frame = self.rate // 50
        self._encoded = {}

    def encode(self, samples):
        if self.name == "ulaw":
            known = self._encoded
            return bytes(known[s] if s in known else known.setdefault(s, _mulaw_encode(s)) for s in samples)
        swapped = array.array("h", samples)
        swapped.byteswap()
        return swapped.tobytes()

    def decode(self, payload):
        if self.name == "ulaw":
            return [_DECODED[byte] for byte in payload]
        samples = array.array("h", payload[: len(payload) & ~1])
        samples.byteswap()
        return samples.tolist()


class Call:
    """One outgoing call. `dial`, then `frame` for every 20 ms, at last `hang_up`."""

    def __init__(self, uri, codec, name="caller"):
        """`name` is who calls."""
        match = re.fullmatch(r"sip:([^@]+)@([^:]+):(\d+)", uri)
        if not match:
            raise ValueError(f"{uri}: expected sip:NAME@HOST:PORT")
        self.uri, self.codec, self.name = uri, codec, name
        self.peer = (match[2], int(match[3]))
        self.media, self.signal = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self.media, self.signal):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        self.port = self.signal.getsockname()[1]
        self.id, self.tag = "%x@lab" % random.getrandbits(64), "%x" % random.getrandbits(32)
        self.sequence, self.timestamp = random.getrandbits(15), random.getrandbits(31)
        self.source = random.getrandbits(32)
        self.to, self.contact, self.remote = f"<{uri}>", uri, None
        self.event_type, self.event_rate = 101, 8000
        # A telephone that sends no audio, only hears.
        self.is_mute = False
        # What the other end pressed, and where it sends us.
        self.keys, self.referred_to = "", None
        self._number = 1
        self._last_key = None
        # The other end has said goodbye.
        self.ended_by_peer = False
        self.start = None
        self.sent_frames = 0
        self.heard = array.array("h")
        self.packets, self.lost, self.gaps = 0, 0, []
        self._anchor = {}
        self._last_sequence = self._last_arrival = None
        # Frames of a key that is held down: digit, frames so far.
        self._key = None
        self.first_packet = None

    # -- SIP --

    def _request(self, method, target, number, body="", headers="", kind="application/sdp"):
        head = (
            f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK%x;rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.name}@127.0.0.1:{self.port}>;tag={self.tag}\r\nTo: {self.to}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {number} {method}\r\nContact: <sip:{self.name}@127.0.0.1:{self.port}>\r\n"
        ) % random.getrandbits(48)
        head += headers
        if body:
            head += f"Content-Type: {kind}\r\n"
        return (head + f"Content-Length: {len(body)}\r\n\r\n" + body).encode()

    def _final(self, message, method, number, limit):
        """Sends until a final answer comes; its status and text, 0 without one."""
        begin = last = time.monotonic()
        self.signal.sendto(message, self.peer)
        while time.monotonic() - begin < limit:
            if not select.select([self.signal], [], [], 0.1)[0]:
                if last and time.monotonic() - last > 0.5:
                    self.signal.sendto(message, self.peer)
                    last = time.monotonic()
                continue
            text = self.signal.recv(65536).decode(errors="replace")
            if not text.startswith("SIP/2.0"):
                self._answer(text)
            elif re.search(rf"^CSeq:\s*{number} {method}\s*$", text, re.M | re.I):
                status = int(text[8:11])
                if status >= 200:
                    return status, text
                last = None
        return 0, ""

    def _answer(self, text):
        """A request of the other end, in a call: a goodbye ends it, everything is agreed to. Of a REFER it is told that
        it succeeded; nobody else is called."""
        method = text.split(" ", 1)[0]
        if method == "ACK":
            return
        kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line, re.I)]
        answer = "202 Accepted" if method == "REFER" else "200 OK"
        self.signal.sendto((f"SIP/2.0 {answer}\r\n" + "\r\n".join(kept) + "\r\nContent-Length: 0\r\n\r\n").encode(), self.peer)
        if method == "REFER":
            target = re.search(r"^Refer-To:\s*<?([^>\r\n]+)", text, re.M | re.I)
            self.referred_to = target[1] if target else ""
            self._number += 1
            headers = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
            self.signal.sendto(
                self._request("NOTIFY", self.contact, self._number, "SIP/2.0 200 OK\r\n", headers, "message/sipfrag"), self.peer)
        if method == "BYE":
            self.ended_by_peer = True

    def _offer(self, direction="sendrecv"):
        rates = sorted({8000, self.codec.rate})
        events = {100 + index: rate for index, rate in enumerate(rates, 1)}
        sdp = (
            f"v=0\r\no=lab 1 {self._number} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.media.getsockname()[1]} RTP/AVP {self.codec.payload_type} {' '.join(map(str, events))}\r\n"
            f"a=rtpmap:{self.codec.sdp}\r\n"
        )
        for kind, rate in events.items():
            sdp += f"a=rtpmap:{kind} telephone-event/{rate}\r\na=fmtp:{kind} 0-16\r\n"
        return sdp + f"a=ptime:20\r\na={direction}\r\n"

    def dial(self, limit=15):
        """Calls; the status of the answer (200: the call is up)."""
        sdp = self._offer()
        status, text = self._final(self._request("INVITE", self.uri, 1, sdp), "INVITE", 1, limit)
        if status >= 200:
            to = re.search(r"^To:\s*(.+?)\r?$", text, re.M | re.I)
            self.to = to[1] if to else self.to
        if status != 200:
            return status
        self.contact = re.search(r"^Contact:\s*<([^>]+)>", text, re.M | re.I)[1]
        self.signal.sendto(self._request("ACK", self.contact, 1), self.peer)
        address = re.search(r"^c=IN IP4 (\S+)", text, re.M)[1]
        self.remote = (address, int(re.search(r"^m=audio (\d+)", text, re.M)[1]))
        for kind, rate in re.findall(r"^a=rtpmap:(\d+) telephone-event/(\d+)", text, re.M | re.I):
            self.event_type, self.event_rate = int(kind), int(rate)
        self.start = time.monotonic()
        return status

    def hold(self, is_held):
        """Puts the other end on hold, or takes it back; the status of the answer."""
        self._number += 1
        number = self._number
        offer = self._offer("sendonly" if is_held else "sendrecv")
        status = self._final(self._request("INVITE", self.contact, number, offer), "INVITE", number, 5)[0]
        if status == 200:
            self.signal.sendto(self._request("ACK", self.contact, number), self.peer)
        return status

    def hang_up(self):
        """Says goodbye, if the other end has not; the status of its answer."""
        if self.ended_by_peer:
            return 0
        self._number += 1
        return self._final(self._request("BYE", self.contact, self._number), "BYE", self._number, 5)[0]

    # -- RTP --

    @property
    def now(self):
        """Seconds of the call: of what was sent."""
        return self.sent_frames * FRAME_SECONDS

    @property
    def elapsed(self):
        """Seconds since the answer, by the clock."""
        return time.monotonic() - self.start

    def press(self, digit):
        """Holds a key for the next 160 ms instead of audio."""
        self._key = ["0123456789*#ABCD".index(digit), 0, self.timestamp]

    @property
    def is_pressing(self):
        return self._key is not None

    def frame(self, samples):
        """Sends one frame when its time has come, and takes in what has arrived meanwhile."""
        due = self.start + self.sent_frames * FRAME_SECONDS
        while (left := due - time.monotonic()) > 0:
            for one in select.select([self.media, self.signal], [], [], left)[0]:
                self._receive(one)
        for one in (self.media, self.signal):
            self._receive(one)
        if not self.is_mute or self._key is not None:
            self.media.sendto(self._packet(samples), self.remote)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + self.codec.frame) & 0xFFFFFFFF
        self.sent_frames += 1

    def _packet(self, samples):
        if self._key is None:
            head = struct.pack(">BBHII", 0x80, self.codec.payload_type, self.sequence, self.timestamp, self.source)
            return head + self.codec.encode(samples)
        digit, frames, begin = self._key
        self._key[1] += 1
        is_last = self._key[1] == 8
        kind = self.event_type | (0x80 if frames == 0 else 0)
        length = (frames + 1) * self.event_rate // 50
        if is_last:
            self._key = None
        head = struct.pack(">BBHII", 0x80, kind, self.sequence, begin, self.source)
        return head + struct.pack(">BBH", digit, (0x80 if is_last else 0) | 10, length)

    def _receive(self, one):
        while True:
            try:
                packet = one.recv(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if one is self.signal:
                text = packet.decode(errors="replace")
                if not text.startswith("SIP/2.0"):
                    self._answer(text)
            else:
                self._hear(packet, time.monotonic())

    def _hear(self, packet, arrival):
        if len(packet) <= 12:
            return
        number, stamp, source = struct.unpack(">HII", packet[2:12])
        if self._last_sequence is not None:
            self.lost += max(0, min((number - self._last_sequence - 1) & 0xFFFF, 1000))
        if self._last_arrival is not None:
            self.gaps.append(arrival - self._last_arrival)
        self._last_sequence, self._last_arrival = number, arrival
        if packet[1] & 0x7F == self.event_type:
            # One key is told by several packets of one timestamp.
            if self._last_key != stamp:
                self.keys += "0123456789*#ABCD"[packet[12] & 15]
            self._last_key = stamp
            return
        if packet[1] & 0x7F != self.codec.payload_type:
            return
        if self.first_packet is None:
            self.first_packet = arrival - self.start
        self.packets += 1
        # The first packet of a talkspurt counts by its arrival, the others by their timestamps.
        if source not in self._anchor or packet[1] & 0x80:
            self._anchor[source] = (stamp, int((arrival - self.start) * self.codec.rate))
        base, at = self._anchor[source]
        offset = at + ((stamp - base) & 0xFFFFFFFF)
        samples = self.codec.decode(packet[12:])
        if offset > 3600 * self.codec.rate:
            return
        if offset + len(samples) > len(self.heard):
            self.heard.frombytes(bytes(2 * (offset + len(samples) - len(self.heard))))
        self.heard[offset : offset + len(samples)] = array.array("h", samples)
