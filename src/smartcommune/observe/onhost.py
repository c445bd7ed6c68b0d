"""The program that answers on a host: runs read-only commands and sends back what they gave. Python's own library only.

It travels as source in ssh's command line, or stands on the host as an auditor's only way in (``--allow FILE``: a JSON
list of the exact commands that may be run; any other is refused). The question is base85 of zlib of JSON: ``{"c":
[commands], "p": how many at a time, "t": seconds for each, "m": bytes of output for each}``, as an argument or on
standard input. The answer is a marker, so that a login's noise before it is told apart, and a zlib stream of frames:
index, status, lengths of both outputs, when it began, seconds it took; then the outputs.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

MARKER = b"SCO1\n"
FRAME = struct.Struct(">IiIIdd")
TIMEOUT, TOO_BIG, REFUSED = -1, -2, -3
LONGEST = 1 << 20  # of a question, unpacked
LONGEST_COMMAND = 1 << 17  # what Linux takes as one argument
MOST, AT_A_TIME, SECONDS, BYTES = 2000, 8, 60.0, 4 << 20
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "SHELL": "/bin/sh",
}


def main(arguments: list[str]) -> int:
    """Answer one question; the status is 2 when it is not one."""
    allowed = None
    if arguments[:1] == ["--allow"]:
        allowed = frozenset(json.loads(Path(arguments[1]).read_text(encoding="utf-8")))
        arguments = arguments[2:]
    try:
        question = Question(arguments[0].encode() if arguments else sys.stdin.buffer.read(LONGEST))
    except (ValueError, RecursionError, zlib.error) as error:
        sys.stderr.write(f"not a question: {error}\n")
        return 2
    with contextlib.suppress(OSError):  # a check that lists Python processes is not to find the one that asks for it
        Path("/proc/self/comm").write_text("observing", encoding="ascii")
    Answer(question, allowed).run()
    return 0


class Question:
    """Commands, how many at a time, seconds and bytes of output for each. Raises ValueError for anything else."""

    def __init__(self, packed: bytes) -> None:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(base64.b85decode(packed.strip()), LONGEST)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise ValueError("too long, or cut")
        asked = json.loads(plain)
        if not isinstance(asked, dict) or set(asked) != {"c", "p", "t", "m"}:
            raise ValueError("expected the keys c, p, t, m")
        commands = asked["c"]
        if not isinstance(commands, list) or len(commands) > MOST:
            raise ValueError(f"c: expected at most {MOST} commands")
        if not all(isinstance(command, str) and "\0" not in command for command in commands):
            raise ValueError("c: expected texts without NUL")
        if any(len(command.encode()) >= LONGEST_COMMAND for command in commands):
            raise ValueError(f"c: expected commands below {LONGEST_COMMAND} bytes")
        self.commands: list[str] = commands
        self.at_a_time = max(1, int(_limit(asked, "p", AT_A_TIME)))
        self.seconds = _limit(asked, "t", SECONDS)
        self.most = int(_limit(asked, "m", BYTES))


def _limit(asked: dict[str, object], key: str, most: float) -> float:
    value = asked[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
        raise ValueError(f"{key}: expected a number above 0, at most {most}")
    return value


class Run:
    """One command that is running."""

    def __init__(self, index: int, command: str) -> None:
        self.index, self.began, self.clock = index, time.time(), time.monotonic()
        self.ended = False
        self.size = 0
        (out, to_out), (err, to_err) = os.pipe(), os.pipe()
        self.taken: dict[int, list[bytes]] = {out: [], err: []}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_err,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        os.close(to_out)
        os.close(to_err)
        self.end = os.pidfd_open(self.process.pid)
        for pipe in self.taken:
            os.set_blocking(pipe, False)

    def take(self, pipe: int) -> bool:
        """Take what a pipe has; return whether it may have more later."""
        try:
            part = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return True
        self.taken[pipe].append(part)
        self.size += len(part)
        return bool(part)

    def drain(self, most: int) -> None:
        """Take the rest without waiting for an end: a child in the background may hold the pipe open."""
        for pipe in self.taken:
            before = -1
            while before != self.size and self.size <= most:
                before = self.size
                self.take(pipe)

    def status(self, seconds: float, most: int) -> int | None:
        """Return how it ended, None while it goes on; what is too slow or gives too much is ended here."""
        ended = None
        if self.ended:
            self.drain(most)
            ended = self.process.wait()
            ended = 128 - ended if ended < 0 else ended
        if self.size > most:
            ended = TOO_BIG
        elif ended is None and time.monotonic() >= self.clock + seconds:
            ended = TIMEOUT
        if ended is not None and ended < 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return ended

    def close(self) -> tuple[bytes, bytes]:
        """Return both outputs, and let go of everything."""
        self.process.wait()
        for descriptor in (*self.taken, self.end):
            os.close(descriptor)
        out, err = (b"".join(parts) for parts in self.taken.values())
        return out, err


class Answer:
    """The commands of a question as they run, and the frames that are written as they end."""

    def __init__(self, question: Question, allowed: frozenset[str] | None) -> None:
        self._question = question
        self._allowed = allowed
        self._packer = zlib.compressobj(6)
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, Run] = {}

    def run(self) -> None:
        """Answer all of it."""
        sys.stdout.buffer.write(MARKER)
        waiting = []
        for index, command in enumerate(self._question.commands):
            if self._allowed is not None and command not in self._allowed:
                self._send(index, REFUSED, (b"", b""), time.time(), 0.0)
            else:
                waiting.append((index, command))
        waiting.reverse()
        while waiting or self._running:
            while waiting and len(self._running) < self._question.at_a_time:
                self._start(*waiting.pop())
            self._listen()
            self._finish()
        sys.stdout.buffer.write(self._packer.flush())
        sys.stdout.buffer.flush()

    def _start(self, index: int, command: str) -> None:
        run = self._running[index] = Run(index, command)
        for descriptor in (*run.taken, run.end):
            self._selector.register(descriptor, selectors.EVENT_READ, run)

    def _listen(self) -> None:
        """Wait until one has something to say or has ended, or its time is over."""
        first = min(run.clock for run in self._running.values()) + self._question.seconds
        for key, _ in self._selector.select(max(0.0, first - time.monotonic())):
            if key.fd == key.data.end:
                key.data.ended = True
            elif not key.data.take(key.fd):
                self._selector.unregister(key.fd)

    def _finish(self) -> None:
        """Send what has ended."""
        for run in list(self._running.values()):
            status = run.status(self._question.seconds, self._question.most)
            if status is None:
                continue
            for descriptor in (*run.taken, run.end):
                if descriptor in self._selector.get_map():
                    self._selector.unregister(descriptor)
            outputs = run.close()
            took = time.monotonic() - run.clock
            self._send(run.index, status, outputs if status >= 0 else (b"", b""), run.began, took)
            del self._running[run.index]

    def _send(self, index: int, status: int, outputs: tuple[bytes, bytes], began: float, took: float) -> None:
        head = FRAME.pack(index, status, len(outputs[0]), len(outputs[1]), began, took)
        sys.stdout.buffer.write(self._packer.compress(head + outputs[0] + outputs[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
