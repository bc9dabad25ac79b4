"""Prints what an ARI application sees, one JSON object a line, after "ready".   ari.py PORT"""

import base64
import os
import socket
import struct
import sys


def main():
    port = int(sys.argv[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.settimeout(None)
        connection.sendall((
            "GET /ari/events?api_key=lab:lab&app=lab&subscribeAll=true HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n").encode())
        stream = connection.makefile("rb")
        if b" 101 " not in stream.readline():
            return 1
        while stream.readline().strip():
            pass
        print("ready", flush=True)
        text = b""
        while True:
            head = stream.read(2)
            if len(head) < 2:
                return 0
            size = head[1] & 127
            if size == 126:
                size = struct.unpack(">H", stream.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", stream.read(8))[0]
            data = stream.read(size)
            if head[0] & 15 == 8:
                return 0
            if head[0] & 15 in (0, 1):
                text += data
                if head[0] & 0x80:
                    print(text.decode().replace("\n", " "), flush=True)
                    text = b""


if __name__ == "__main__":
    sys.exit(main())
