"""Answers for one model, as its parent asks over the socket of descriptor 3, and ends with that socket.

A frame is the length of its header (4 bytes, little-endian), the header as JSON, and the bytes of the tensors that the header
lists, in their order: numbers little-endian and row by row, BYTES as length and bytes each. Nothing is pickled. What the model
prints goes elsewhere.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback

CHANNEL = 3
HANGUP = select.POLLHUP | getattr(select, "POLLRDHUP", 0)
# A model that is asked nothing has so long to close what it holds.
CLOSE_SECONDS = 1.0
TRACEBACK_LINES = 8
OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))


class Channel:
    """The parent's frames, and those to it."""

    def __init__(self):
        os.set_inheritable(CHANNEL, False)
        self.socket = socket.socket(fileno=CHANNEL)

    def read(self, size):
        """The next bytes, or None once the parent has hung up."""
        data = bytearray(size)
        view = memoryview(data)
        while len(view) > 0:
            count = self.socket.recv_into(view)
            if count == 0:
                return None
            view = view[count:]
        return data

    def receive(self):
        """A header with each of its tensors' bytes, or None at the end."""
        size = self.read(4)
        text = None if size is None else self.read(struct.unpack("<I", size)[0])
        if text is None:
            return None
        header = json.loads(text)
        parts = [self.read(tensor["size"]) for tensor in header.get("tensors", [])]
        return None if None in parts else (header, parts)

    def send(self, header, parts=()):
        text = json.dumps(header).encode()
        try:
            self.socket.sendall(struct.pack("<I", len(text)) + text)
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            # The parent has hung up: nobody is to be told.
            os._exit(0)


def end_with_parent():
    """However busy the model is: its parent's end is its own."""
    if sys.platform.startswith("linux"):
        import ctypes

        # PR_SET_PDEATHSIG: also where the model never lets another thread run.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    poll = select.poll()
    poll.register(CHANNEL, HANGUP)

    def watch():
        poll.poll()
        time.sleep(CLOSE_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def told(error):
    """What an exception says, and where in the model's own code it arose."""
    trace = error.__traceback__
    while trace is not None and os.path.dirname(trace.tb_frame.f_code.co_filename) == OWN_FOLDER:
        trace = trace.tb_next
    lines = "".join(traceback.format_exception(type(error), error, trace)).rstrip().splitlines()
    because = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    return {
        "because": (because[0] if because else type(error).__name__)[:500],
        "traceback": [line[:300] for line in lines[-TRACEBACK_LINES:]],
        "isOfValue": isinstance(error, ValueError),
    }


def load(channel, header):
    """The model, or None where it could not be loaded: the parent is told why."""
    began = time.monotonic()
    try:
        try:
            import numpy  # noqa: F401
        except ImportError as error:
            raise RuntimeError(f"the Python environment has no numpy ({sys.executable}): add it") from error
        import mill_formats

        model = mill_formats.open_model(header)
    except BaseException as error:
        channel.send({"kind": "failed", **told(error)})
        return None
    channel.send(
        {
            "kind": "ready",
            "inputs": model.inputs,
            "outputs": model.outputs,
            "platform": model.platform,
            "python": sys.version.split()[0],
            "loadMs": (time.monotonic() - began) * 1000,
        }
    )
    return model


def answer(channel, model, header, parts):
    import mill_tensors

    identity = header["id"]
    channel.send({"kind": "begun", "id": identity})
    try:
        wanted = header["outputs"]
        found = model.predict(mill_tensors.decode(header["tensors"], parts), wanted, header["request"])
        tensors, data = mill_tensors.encode(found, [spec for spec in model.outputs if spec["name"] in wanted])
    except mill_tensors.WrongAnswer as error:
        channel.send({"kind": "wrong", "id": identity, "because": str(error)[:500]})
    except BaseException as error:
        channel.send({"kind": "raised", "id": identity, **told(error)})
    else:
        channel.send({"kind": "answer", "id": identity, "tensors": tensors}, data)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    end_with_parent()
    first = channel.receive()
    model = None if first is None else load(channel, first[0])
    while model is not None:
        asked = channel.receive()
        if asked is None:
            model.close()
            break
        answer(channel, model, *asked)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
