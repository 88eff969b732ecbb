"""Whether a verdict from outside is known already, is new, or changes what the same reviewer said of the prediction.

A file says how things stand: it may be imported again and again, longer each time, and what it repeats is known, even
where the reviewer has taken it back since. A request is an event: what it says was said at that moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import RefusedError
from core.feedback.ledger import Said
from core.feedback.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict as it was given: `own_id` where the client gave the id, `timed` where it said when it was judged."""

    verdict: Verdict
    own_id: bool = False
    timed: bool = False

    @property
    def pair(self) -> tuple[str, str]:
        """Prediction and reviewer, of whom one verdict stands at a time."""
        return self.verdict.prediction, self.verdict.reviewer.casefold()


def revised(opinion: Opinion, before: Sequence[Said], *, cumulative: bool) -> Verdict | Said:
    """The verdict to store, which supersedes the reviewer's standing one; or the stored one that makes it known.

    before: all that the reviewer said of the prediction, in the order stored; cumulative: it comes from a file.
    An id of the client's own decides first. Then a time that is not later than what was said last makes it known, and
    so does saying the same as the standing verdict; without notes, nothing is said of the notes.
    Raises RefusedError when the id stands for something else.
    """
    given = opinion.verdict
    for each in before if opinion.own_id else ():
        if each.id == given.id:
            _check_repeat(each, given)
            return each
    if not before:
        return given if opinion.own_id else replace(given, id=_identity(given, ""))
    last = before[-1]
    replaced = {each.supersedes for each in before}
    said = [each for each in before if each.verdict != "withdrawn"]
    standing = next((each for each in reversed(said) if each.id not in replaced), None)
    if opinion.timed and given.time <= last.time:
        return standing or said[-1]
    repeated = said[-1] if standing is None and cumulative and not opinion.timed else standing
    if repeated is not None and repeated.verdict == given.verdict and given.notes in {"", repeated.notes}:
        return repeated
    identity = given.id if opinion.own_id else _identity(given, last.id)
    if standing is None:
        return replace(given, id=identity)
    return replace(given, id=identity, supersedes=standing.id, case=standing.case)


def _check_repeat(stored: Said, given: Verdict) -> None:
    for name in ("verdict", "notes"):
        if getattr(stored, name) != getattr(given, name):
            raise RefusedError(
                f"Verdict {given.id} is stored with another {name}. To change a verdict, record one with a new id."
            )


def _identity(given: Verdict, after: str) -> str:
    """The same for the same words after the same verdict: two imports of one file at once store it once."""
    said = [given.prediction, given.reviewer, given.verdict, given.notes, *([after] if after else [])]
    return f"import-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]}"
