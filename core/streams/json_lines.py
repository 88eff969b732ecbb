"""Lines of JSON: a message a line from a pipe or a file, an answer a line to another one."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO, Final

from core.streams.addresses import Address, Place
from core.streams.messages import MOST_BYTES, Answer, Letter, Message
from core.streams.stream import Lag

#: Bytes that are read at once, how many of these are read ahead, and seconds that a batch waits for its first line.
CHUNK: Final = 65_536
AHEAD: Final = 16
MOMENT: Final = 0.2


class Lines:
    """Messages of a stream of bytes, one a line; blank lines are passed over. One without an id is named by its content
    and its line.

    A thread reads ahead, so that a batch waits for nobody; it stops where AHEAD chunks of lines wait.
    """

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream, self._over = stream, False
        self._ahead: Queue[list[Message] | None] = Queue(AHEAD)
        self._left: list[Message] = []
        Thread(target=self._read_ahead, daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._over and not self._left

    def read(self, most: int) -> Sequence[Message]:
        with contextlib.suppress(Empty):
            while len(self._left) < most and not self._over:
                lines = self._ahead.get(block=not self._left, timeout=MOMENT)
                self._over = lines is None
                self._left += lines or []
        found, self._left = self._left[:most], self._left[most:]
        return found

    def done(self, settled: Sequence[Message]) -> None:
        """A pipe cannot be told: whoever sends again after a crash gives each message an id."""

    def lag(self) -> Lag:
        """The lines that are read ahead; nobody knows what else a pipe holds."""
        return Lag(len(self._left) + sum(len(lines or ()) for lines in [*self._ahead.queue]))

    def _read_ahead(self) -> None:
        numbers, rest = itertools.count(1), b""
        while chunk := self._stream.read1(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[: MOST_BYTES + 2]  # a line that is too long shows by its first bytes
            if found := _messages(lines, numbers):
                self._ahead.put(found)
        self._ahead.put(_messages([rest], numbers))
        self._ahead.put(None)


def _messages(lines: Sequence[bytes], numbers: Iterator[int]) -> list[Message]:
    bodies = zip(map(bytes.strip, lines), numbers, strict=False)
    return [Message(f"line-{at}", body, by_content=True) for body, at in bodies if body]


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
