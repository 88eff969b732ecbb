"""Lines of JSON: a message a line from a pipe or a file, an answer a line to another one."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO, Final

from core.streams.messages import MOST_BYTES, Answer, Letter, Message

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
        told = [{"message": each.message.handle, "error": each.sentence} for each in letters]
        self._letters.write(b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in told))
        self._letters.flush()
