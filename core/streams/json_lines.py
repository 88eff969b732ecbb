"""Lines of JSON: a message a line from a pipe or a file, an answer a line to another one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Sequence
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO, Final

from core.streams.addresses import Address, Place
from core.streams.messages import MOST_BYTES, Answer, Letter, Message
from core.streams.stream import Lag

#: Lines that are read ahead, and seconds that a batch waits for its first one.
AHEAD: Final = 2_000
MOMENT: Final = 0.2


class Lines:
    """Messages of a stream of bytes, one a line; blank lines are passed over. One without an id is named by its content
    and its line.

    A thread reads ahead, so that a batch waits for nobody; it stops where AHEAD lines wait.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.ended = stream, False
        self._lines: Queue[Message | None] = Queue(AHEAD)
        Thread(target=self._read_ahead, daemon=True).start()

    def read(self, most: int) -> Sequence[Message]:
        found: list[Message] = []
        with contextlib.suppress(Empty):
            while len(found) < most and not self.ended:
                line = self._lines.get(block=not found, timeout=MOMENT)
                self.ended = line is None
                found += [line] if line is not None else []
        return found

    def done(self, settled: Sequence[Message]) -> None:
        """A pipe cannot be told: whoever sends again after a crash gives each message an id."""

    def lag(self) -> Lag:
        """The lines that are read ahead; nobody knows what else a pipe holds."""
        return Lag(self._lines.qsize())

    def _read_ahead(self) -> None:
        number = 0
        while text := self._stream.readline(MOST_BYTES + 2):
            number += 1
            rest = text
            while not rest.endswith(b"\n") and (rest := self._stream.readline(MOST_BYTES)):
                pass  # of a line that is too long, which its first bytes show
            if body := text.strip():
                self._lines.put(Message(f"line-{number}-{hashlib.sha256(body).hexdigest()[:16]}", body))
        self._lines.put(None)


class LinesOut:
    """Answers to one stream of bytes, letters to another."""

    def __init__(self, answers: BinaryIO, letters: BinaryIO) -> None:
        self._answers, self._letters = answers, letters

    def write(self, answers: Sequence[Answer]) -> None:
        self._answers.write(b"".join(each.body + b"\n" for each in answers))
        self._answers.flush()

    def bury(self, letters: Sequence[Letter]) -> None:
        self._letters.write(b"".join(letter_json(each) + b"\n" for each in letters))
        self._letters.flush()


def letter_json(letter: Letter) -> bytes:
    """A dead letter as others are told of it: what the source calls the message, and why nothing was decided."""
    return json.dumps({"message": letter.message.handle, "error": letter.sentence}, ensure_ascii=False).encode()


def source(_address: Address, _place: Place) -> Lines:
    """What reads stdin, by a reader of its own: the thread that reads ahead may hold it when the program ends."""
    return Lines(open(sys.stdin.fileno(), "rb", closefd=False))


def sink(_address: Address, _place: Place) -> LinesOut:
    """What writes to stdout, and letters to stderr."""
    return LinesOut(sys.stdout.buffer, sys.stderr.buffer)
