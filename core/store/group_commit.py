"""What several threads ask for at the same time, done in one go: many verdicts, one wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


@dataclass(eq=False, slots=True)
class _Asked(Generic[Wish, Answer]):
    wish: Wish
    answers: tuple[Answer, ...] = ()  # one, once served


class GroupCommit(Generic[Wish, Answer]):
    """Calls `serve` with all wishes that came while the call before ran; it gives an answer to each, in order.

    Nobody waits for company: a wish alone is served at once. Where `serve` raises, the thread that called it gets
    the error; the others' wishes are served anew, by themselves.
    """

    def __init__(self, serve: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self._serve = serve
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Asked[Wish, Answer]] = []

    def ask(self, wish: Wish) -> Answer:
        """The answer to this wish, once it has been served."""
        asked: _Asked[Wish, Answer] = _Asked(wish)
        with self._gate:
            self._waiting.append(asked)
        try:
            with self._turn:
                if not asked.answers:  # who had the turn before may have served this one too
                    self._serve_all()
        finally:
            self._leave([asked])
        return asked.answers[0]

    def _serve_all(self) -> None:
        with self._gate:
            batch = list(self._waiting)
        answers = self._serve([asked.wish for asked in batch])
        for asked, answer in zip(batch, answers, strict=True):
            asked.answers = (answer,)
        self._leave(batch)

    def _leave(self, batch: Sequence[_Asked[Wish, Answer]]) -> None:
        with self._gate:
            self._waiting = [asked for asked in self._waiting if asked not in batch]
