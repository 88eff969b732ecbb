"""In which order cases are judged: by the expected value of a review, raised by the time they have waited.

Value. A review that is right mends what is wrong: with probability q, where q is the score of a user who is still
there, and 1 - score of one who was removed. It also tells something, the more the less certain the answer was:
q (1 - q), the variance of the label. Their sum q + q (1 - q) = 1 - (1 - q)^2 lies in [0, 1] and rises with q.

Age. After w hours a case is worth value + w / service level. As all cases age alike, their order by that is the order
by `queued - value * service level`, which never changes while they wait: an index serves it. A case that has waited a
whole service level is overtaken by no new one.

Audits. Users drawn at random are there to tell what nobody looks at. By their own value they would come last and
never be judged, and their place would tell a reviewer what they are. Whoever is not certain to be reviewed is given
the value of one who is, drawn by a hash of the id: as many of them as are certain, so that of the cases judged first
half are the highest risks. Where more were drawn than that, the others follow after these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, select, update

from core.store.tables import OPEN, cases

Floats = npt.NDArray[np.float64]
#: An appeal contests what was done, so its value is the highest there is.
HIGHEST: Final = 1.0
_HOUR: Final = 3600.0
_RANGE: Final = 2.0**64


def values(score: npt.ArrayLike, removed: npt.ArrayLike) -> Floats:
    """The expected value of a review, (n,), from the score (n,) and whether the user was removed by it (n,).

    >>> values([0.9, 0.5, 0.9], [False, False, True]).round(2).tolist()
    [0.99, 0.75, 0.19]
    """
    score = np.asarray(score, np.float64)
    wrong = np.where(np.asarray(removed, bool), 1 - score, score)
    return np.asarray(wrong * (2 - wrong))


def lent(own: Floats, certain: npt.NDArray[np.bool_], draw: Floats, known: npt.ArrayLike = ()) -> Floats:
    """The values of those certain to be reviewed, and for the others a value drawn among these; all (n,).

    draw: in [0, 1). `known` stands in where nobody here is certain; where it is empty too, the draw is the value. Of
    the others about as many as are certain borrow a value, those with the lowest draws; the rest come below all.

    >>> lent(np.array([0.9, 0, 0, 0]), np.array([True, False, False, False]), np.array([0, 0.1, 0.5, 0.9])).round(2)
    array([0.9 , 0.9 , 0.68, 0.13])
    """
    pool = np.sort(own[certain] if certain.any() else np.asarray(known, np.float64))
    if not len(pool):
        return np.where(certain, own, draw)
    share = min(len(pool) / max(int((~certain).sum()), 1), 1.0)
    among = pool[np.minimum(draw / share * len(pool), len(pool) - 1).astype(np.int64)]
    below = pool[0] * (1 - draw) / (1 - share) if share < 1 else among
    return np.where(certain, own, np.where(draw < share, among, below))


def places(value: npt.ArrayLike, queued: npt.ArrayLike, service_hours: float) -> Floats:
    """What cases are sorted by, smallest first, (n,); queued: seconds since 1970, (n,)."""
    return np.asarray(queued, np.float64) - np.asarray(value, np.float64) * service_hours * _HOUR


def draws(users: Sequence[str], salt: bytes, purpose: Literal["value", "number"]) -> Floats:
    """A number in [0, 1) for each user, (n,): the same for ever, another one for each purpose."""
    person = f"case {purpose}".encode()
    digest = b"".join(hashlib.blake2b(user.encode(), key=salt, person=person, digest_size=8).digest() for user in users)
    # Of 64 bits a double keeps 53; the shift keeps the largest below 1.
    return (np.frombuffer(digest, dtype=">u8") >> np.uint64(11)).astype(np.float64) / (_RANGE / 2**11)


def reorder(connection: Connection, service_hours: float) -> None:
    """Give all open cases the places that another service level makes of their values."""
    found = connection.execute(select(cases.c.number, cases.c.value, cases.c.queued).where(OPEN)).all()
    if not found:
        return
    place = places([row.value for row in found], [row.queued.timestamp() for row in found], service_hours)
    connection.execute(
        update(cases).where(cases.c.number == bindparam("of")).values(priority=bindparam("place")),
        [{"of": row.number, "place": at} for row, at in zip(found, place.tolist(), strict=True)],
    )
