"""What a process of the API serves with: the champion, the schema and the glossary, as they are now."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from typing import Final

from cachetools import LRUCache, TTLCache, cached

from app.api import log, responses
from app.api.problem_details import Problem
from core.access.idempotency import Claim, Kept, Reply
from core.errors import TrustdeskError
from core.home import Home
from core.registry import registry
from core.registry.registry import Model
from core.schema import glossary
from core.schema import schema as schemas
from core.schema.glossary import Glossary
from core.scoring.decisions.prediction_json import prediction_json
from core.scoring.online import Asked, Prediction, Serving

#: Seconds between two looks at what is live; a look costs a few microseconds.
LOOK_EVERY: Final = 0.25
#: Seconds after which what could not be used is tried again although no file has changed: one was restored, perhaps.
AGAIN_AFTER: Final = 10.0
#: Seconds for which what was found of the database counts, however many ask: each look takes its lock for a moment.
STORAGE_KNOWN_FOR: Final = 1.0
#: Seconds between two looks for runs that have ended.
CLOSE_EVERY: Final = 5.0
#: Servings of former champions but may have a request in their hands.
_MOST_RETIRED: Final = 4
#: Versions kept in memory: the champion, and those that the cases of reviewers were scored with.
_MOST_MODELS: Final = 4

Stamps = tuple[Hashable, ...]


class Live:
    """The serving of the champion. `look` is called by one thread at a time; everything else by any."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._serving: Serving | None = None
        self._seen: Stamps | None = None
        self._lists: Stamps | None = None
        self._why, self._again = "", math.inf
        self._retired: list[Serving] = []
        # A version never changes: it is loaded once, by one of those who ask at the same time.
        self._loaded = cached(LRUCache(maxsize=_MOST_MODELS), condition=Condition())(home.registry.load)
        self._refusal = cached(TTLCache(1, STORAGE_KNOWN_FOR), condition=Condition())(self._looked_at_storage)

    @property
    def serving(self) -> Serving:
        """What scores now; one answer is made with one of these. Raises Problem (503) while there is none."""
        if self._serving is None:
            raise Problem(503, "no_model", self._why or "There is no champion yet.", headers={"Retry-After": "5"})
        return self._serving

    @property
    def version(self) -> str | None:
        return self._serving.model.version if self._serving else None

    def check_storage(self) -> None:
        """Raises Problem (503) while the database takes no writes, so that nothing that is asked could be stored."""
        if (error := self._refusal()) is not None:
            raise Problem(503, "not_writable", str(error), headers={"Retry-After": "5"})

    def _looked_at_storage(self) -> TrustdeskError | None:
        try:
            self.home.database.check_writable()
        except TrustdeskError as error:
            return error
        return None

    def glossary(self) -> Glossary:
        return glossary.load(self.home.settings.glossary_file)

    def model(self, version: str) -> Model:
        """A version, live or not."""
        return self._loaded(version)

    def look(self) -> None:
        """Take up another champion, policy, schema or glossary, and lists. What cannot be used leaves all as it is."""
        self._look_at_lists()
        stamps, now = _stamps(self.home), time.monotonic()
        if stamps == self._seen and now < self._again:
            return
        self._seen, self._again = stamps, math.inf
        try:
            serving = self._made()
        except TrustdeskError as error:
            self._why, self._again = str(error), now + AGAIN_AFTER
            log.tell("not taken up", level=logging.ERROR, why=self._why, still=self.version)
            return
        before, self._serving = self._serving, serving
        log.tell("taken up", model_version=self.version, instead_of=before.model.version if before else None)
        if before is not None:
            self._retired = [before, *self._retired][:_MOST_RETIRED]

    def _look_at_lists(self) -> None:
        """Lists change often: the same run goes on under them."""
        moment = datetime.now(UTC)
        stamp = self.home.lists.stamp(moment)
        if self._serving is not None and stamp != self._lists:
            self._serving.lists, self._lists = self.home.lists.in_force(moment), stamp

    def tell_of_losses(self) -> None:
        """Say in the log what the database of this home has forgotten; its numbers go on above that."""
        if loss := self.home.lost_runs.look():
            log.tell("runs lost", level=logging.ERROR, why=loss.sentence)

    def close_ended(self, *, everything: bool = False) -> None:
        """Make runs like any others of those that have ended, here or in a process that died."""
        now = datetime.now(UTC)
        for serving in self._retired:
            serving.ended(now=now, everything=True)
        if self._serving is not None:
            self._serving.ended(now=now, everything=everything)
        for run in self.home.online_runs.left():
            # A home whose disk is full or whose schema is being edited: the run waits for the next time.
            with contextlib.suppress(TrustdeskError):
                self.home.closing.close(run, schemas.load(self.home.settings.schema_file), now=now)

    def _made(self) -> Serving:
        version = self.home.registry.champion()
        model = self.model(version) if version else self.home.registry.load()
        columns = schemas.load(self.home.settings.schema_file)
        self.home.automation.check(now=datetime.now(UTC))  # another champion ends what was armed for this one
        policy, lists = self.home.policies.deciding(model.version), self.home.lists.in_force(datetime.now(UTC))
        serving = Serving(self.home.online_runs, self.home.deciding, model, columns, self.glossary(), policy, lists)
        serving.warm_up()
        return serving


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A user to score, and by what. began: of `time.perf_counter`; claim: that of the request, where it has a key."""

    serving: Serving
    asked: Asked
    began: float
    claim: Claim | None = None

    def reply(self, found: Prediction) -> Reply:
        return responses.written(prediction_json(found, self.began))


def scored(wishes: Sequence[Wish]) -> list[Reply]:
    """The answers, each by the serving it was asked of: around a promotion there are two."""
    found: dict[int, Reply] = {}
    for serving in {id(each.serving): each.serving for each in wishes}.values():
        mine = [at for at, each in enumerate(wishes) if each.serving is serving]
        found |= zip(mine, _scored(serving, [wishes[at] for at in mine]), strict=True)
    return [found[at] for at in range(len(wishes))]


def _scored(serving: Serving, wishes: Sequence[Wish]) -> list[Reply]:
    """What has a key is answered as it is stored, and so a moment before the disk has it; all else afterwards."""
    early: dict[Wish, Reply] = {}

    def kept(found: Sequence[Prediction]) -> list[Kept]:
        early.update((wish, wish.reply(each)) for wish, each in zip(wishes, found, strict=True) if wish.claim)
        return [(wish.claim, reply) for wish, reply in early.items() if wish.claim]

    found = serving.score([wish.asked for wish in wishes], now=datetime.now(UTC), kept=kept)
    return [early.get(wish) or wish.reply(each) for wish, each in zip(wishes, found, strict=True)]


def _stamps(home: Home) -> Stamps:
    files = (home.settings.models / registry.CHAMPION, home.settings.schema_file, home.settings.glossary_file)
    policy = home.policies.deciding(home.registry.champion() or "")
    return (policy.version, policy.armed, *map(_stamp, files))


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
