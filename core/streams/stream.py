"""The way of a batch: read, decided once, written, and only then acknowledged.

Delivered at least once, decided once: a message that comes again within a day, after a crash or because a platform has
sent it twice, is answered as before, with the same prediction; its answer is stored in the transaction that stores the
prediction. Messages are decided in the order in which they come.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring
from typing import Final, NamedTuple, Protocol

from core.access.idempotency import Asking, ClaimLostError, Kept, Replies, Reply
from core.errors import NoScoreError, RefusedError, StorageError, UnusableInputError
from core.scoring.decisions.prediction_json import prediction_json
from core.scoring.online import Asked, Prediction, Serving
from core.scoring.streaming.block_scoring import Which
from core.streams import messages
from core.streams.messages import Answer, Letter, Message
from core.streams.patience import StoppedError

#: Seconds between two tries where the storage cannot be written just now, or another process has decided on a message.
AGAIN_AFTER: Final = 0.5
_ANSWERED: Final = 200
#: Answers by id, and the letters of those without.
_Told = tuple[dict[str, bytes], list[Letter]]
_encoded: Final = encode_basestring  # of a text alone


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind a source is read: messages that wait, and seconds; None for what it cannot say."""

    messages: int | None = None
    seconds: float | None = None


class Source(Protocol):
    """Where messages come from."""

    ended: bool

    def read(self, most: int) -> Sequence[Message]:
        """The next messages, in order; none where none came within a moment. What was not settled comes first."""

    def done(self, settled: Sequence[Message]) -> None:
        """These are settled, and are not read again."""

    def lag(self) -> Lag:
        """How far behind it is read."""


class Sink(Protocol):
    """Where decisions go; what returns is safe with whoever reads them."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Write decisions, in order."""

    def bury(self, letters: Sequence[Letter]) -> None:
        """Put aside messages that nothing can be decided on."""


@dataclass(slots=True)
class Progress:
    """How many messages were answered, of which again, and how many were put aside; and when the last of them was."""

    answered: int = 0
    again: int = 0
    dead: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One stream of a home. `serving`: what scores now; it is asked before each batch."""

    name: str
    replies: Replies
    serving: Callable[[], Serving]
    which: Which = "all"
    top: int = 3
    progress: Progress = field(default_factory=Progress)

    def run(
        self, source: Source, sink: Sink, *, most: int, now: Callable[[], datetime],
        between: Callable[[], bool] = lambda: True, wait: Callable[[float], object] = time.sleep,
    ) -> None:  # fmt: skip
        """Decide on what comes until the source ends. between: called after each batch; False ends it."""
        with contextlib.suppress(StoppedError):
            self._run(source, sink, most, now, between, wait)

    def _run(
        self, source: Source, sink: Sink, most: int, now: Callable[[], datetime], between: Callable[[], bool],
        wait: Callable[[float], object],
    ) -> None:  # fmt: skip
        while True:
            batch = source.read(most)
            while batch and not self._settled(batch, sink, now):
                wait(AGAIN_AFTER)
                if not between():
                    return
            source.done(batch)
            if not between() or (source.ended and not batch):
                return

    def _settled(self, batch: Sequence[Message], sink: Sink, now: Callable[[], datetime]) -> bool:
        """Whether all of a batch was decided and written; if not, it is to be tried again as it is."""
        try:
            answers, letters = self._decided(batch, now())
        except (StorageError, ClaimLostError):
            return False
        sink.bury(letters)
        sink.write(answers)
        self.progress.answered += len(answers)
        self.progress.dead += len(letters)
        self.progress.last = now()
        return True

    def _decided(self, batch: Sequence[Message], now: datetime) -> tuple[list[Answer], list[Letter]]:
        """The answer or the letter of each message. Raises ClaimLostError where somebody else has decided meanwhile."""
        serving, ready, letters = self.serving(), dict[str, _Ready](), list[Letter]()
        order: list[str] = []
        for each in batch:
            try:
                told, fields = messages.identity(each, now)
                if told in ready:
                    _check_alike(ready[told].message, each, told)
                else:
                    asked = messages.asked(serving, fields, which=self.which, top=self.top)
                    ready[told] = _Ready(each, asked, Asking(f"stream {self.name}", told, each.body))
                order.append(told)
            except (UnusableInputError, RefusedError) as error:
                letters.append(Letter(each, str(error)))
        answers, without = self._answers(serving, ready, now)
        letters += without
        return [Answer(told, ready[told].asked.user, answers[told]) for told in order if told in answers], letters

    def _answers(self, serving: Serving, ready: dict[str, _Ready], now: datetime) -> _Told:
        """Most were never asked before, which storing their answers shows; only of others is it looked up."""
        with contextlib.suppress(ClaimLostError, NoScoreError):
            return self._stored(serving, ready, now), []
        found = zip(ready.items(), self.replies.find([each.asking for each in ready.values()], now=now), strict=True)
        known = {told: (each, before) for (told, each), before in found if before is not None}
        answers = {told: before.body for told, (_, before) in known.items() if isinstance(before, Reply)}
        refused = [Letter(each.message, str(why)) for each, why in known.values() if isinstance(why, RefusedError)]
        scored, without = self._scored(serving, {k: v for k, v in ready.items() if k not in known}, now)
        self.progress.again += len(answers)
        return answers | scored, refused + without

    def _scored(self, serving: Serving, ours: dict[str, _Ready], now: datetime) -> _Told:
        """The answers of those that have a score, and letters of those that have none."""
        try:
            return self._stored(serving, ours, now), []
        except NoScoreError as error:  # nobody was stored
            names, why = list(ours), str(NoScoreError(error.version, (0,), 1))
            without = {names[at] for at in error.at}
            answers, letters = self._scored(serving, {k: v for k, v in ours.items() if k not in without}, now)
            return answers, [*(Letter(ours[told].message, why) for told in without), *letters]

    def _stored(self, serving: Serving, ours: dict[str, _Ready], now: datetime) -> dict[str, bytes]:
        """The answers, each stored with its prediction.

        Raises ClaimLostError where one was answered before, NoScoreError where one has no score: then none is stored.
        """
        began, answers = time.perf_counter(), dict[str, bytes]()

        def kept(predictions: Sequence[Prediction]) -> list[Kept]:
            for (told, each), prediction in zip(ours.items(), predictions, strict=True):
                answers[told] = _body(told, each.asked, prediction, began)
            return [(each.asking, Reply(_ANSWERED, answers[told])) for told, each in ours.items()]

        if ours:
            serving.score([each.asked for each in ours.values()], now=now, kept=kept)
        return answers


class _Ready(NamedTuple):
    message: Message
    asked: Asked
    asking: Asking


def _check_alike(first: Message, again: Message, told: str) -> None:
    if first.body != again.body:
        raise RefusedError(f"The id {told} was used for another message. Use a new one for each message.")


def _body(told: str, asked: Asked, prediction: Prediction, began: float) -> bytes:
    found, user = prediction_json(prediction, began).removeprefix("{"), _encoded(asked.user) if asked.user else "null"
    return f'{{"id": {_encoded(told)}, "user_id": {user}, {found}'.encode()
