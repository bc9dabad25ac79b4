"""A client of Asterisk's manager interface: collects events, sends actions. Standard library only."""

import socket
import threading
import time


class Manager:
    def __init__(self, port, user="lab", secret="lab"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.settimeout(None)
        self.events, self._answers, self._number = [], {}, 0
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        if self.action("Login", Username=user, Secret=secret).get("Response") != "Success":
            raise RuntimeError("the manager refuses us")

    def _read(self):
        file = self.socket.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
        message = {}
        for line in file:
            line = line.rstrip("\r\n")
            if line:
                name, _, value = line.partition(": ")
                # What a console command printed comes as many lines of one name.
                message[name] = message[name] + "\n" + value if name == "Output" and name in message else value
                continue
            with self._changed:
                if "Event" in message:
                    self.events.append(message)
                elif "ActionID" in message:
                    self._answers[message["ActionID"]] = message
                self._changed.notify_all()
            message = {}

    def action(self, name, limit=30, **fields):
        with self._changed:
            self._number += 1
            number = str(self._number)
            lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
            self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            self._changed.wait_for(lambda: number in self._answers, limit)
            return self._answers.pop(number, {})

    def command(self, text, limit=30):
        return self.action("Command", limit, Command=text).get("Output", "")

    def wait(self, condition, limit=10):
        """The first event that fits, past or to come; None after `limit` seconds."""
        end = time.monotonic() + limit
        seen = 0
        with self._changed:
            while True:
                for event in self.events[seen:]:
                    if condition(event):
                        return event
                seen = len(self.events)
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def all(self, condition):
        with self._changed:
            return [event for event in self.events if condition(event)]
