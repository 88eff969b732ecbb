"""How often reviewers are wrong, and what of their verdicts is left to believe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scipy.special import betaincinv

from core.errors import BadOptionError, RefusedError
from core.wording import percent

Ends = tuple[float, float]
#: What of the error of arming is spent on the bounds of a measured reviewer error, all together.
SPENT: Final = 0.01


@dataclass(frozen=True, slots=True)
class ReviewerError:
    """Bounds, low and high, of two shares: of legitimate users who are called spammers, of spammers who are not.

    `spent`: the chance that the bounds do not hold; 0 for errors that are known.
    """

    called_spammer: Ends
    missed: Ends
    spent: float = 0.0

    def __post_init__(self) -> None:
        for ends in (self.called_spammer, self.missed):
            if not 0 <= ends[0] <= ends[1] <= 1:
                raise BadOptionError("reviewer error", f"must rise between 0 and 1, not {ends[0]}, {ends[1]}.")
        if self._told <= 0:
            raise RefusedError(
                f"Reviewers may call {percent(self.called_spammer[1])} of legitimate users spammers, so that their "
                "verdicts prove nothing. Have more users judged twice."
            )

    @classmethod
    def known(cls, called_spammer: float, missed: float) -> ReviewerError:
        """Shares that are known, or taken to be; not measured. Raises BadOptionError, RefusedError."""
        return cls((called_spammer, called_spammer), (missed, missed))

    @classmethod
    def against_truth(cls, called_spammer: tuple[int, int], missed: tuple[int, int]) -> ReviewerError:
        """Measured on users whose truth was settled: of so many legitimate users and spammers, (wrong, all) each.

        Exact bounds (Clopper and Pearson, Biometrika 26, 1934). Raises BadOptionError, RefusedError.
        """
        return cls(_bounds(*called_spammer, SPENT / 4), _bounds(*missed, SPENT / 4), SPENT)

    @classmethod
    def between_reviewers(cls, differ: int, pairs: int) -> ReviewerError:
        """Measured on users whom two reviewers judged, neither knowing of the other: `differ` of so many pairs.

        If each errs in a share e of users of either kind, and independently, they differ in 2 e (1 - e) of them.
        Raises BadOptionError, RefusedError.
        """
        low, high = (_each(share) for share in _bounds(differ, pairs, SPENT / 2))
        return cls((low, high), (low, high), SPENT)

    @property
    def _told(self) -> float:
        """What a verdict tells at the worst: how much more often spammers are called so than legitimate users are."""
        return 1 - self.missed[0] - self.called_spammer[1]

    def seen(self, precision: float) -> float:
        """The largest share that may be called spammers in a band of that precision.

        >>> round(ReviewerError.known(0.02, 0.02).seen(0.9), 3)
        0.884
        """
        return precision * (1 - self.missed[0]) + (1 - precision) * self.called_spammer[1]

    def true(self, seen: float) -> float:
        """The least precision at which so large a share may be called spammers, between 0 and 1.

        The estimate of Rogan and Gladen (American Journal of Epidemiology 107, 1978, 71-76) at the ends of the errors
        that make it smallest; it corrects both ways, as missed spammers make the band better than it looks.

        >>> round(ReviewerError.known(0.02, 0.02).true(0.884), 3)
        0.9
        """
        return min(max((seen - self.called_spammer[1]) / self._told, 0.0), 1.0)


def _bounds(wrong: int, every: int, tail: float) -> Ends:
    if not 0 <= wrong <= every:
        raise BadOptionError("reviewer error", f"{wrong} wrong verdicts of {every} cannot be.")
    low = 0.0 if wrong == 0 else float(betaincinv(wrong, every - wrong + 1, tail))
    high = 1.0 if wrong == every else float(betaincinv(wrong + 1, every - wrong, 1 - tail))
    return low, high


def _each(differ: float) -> float:
    """The error of each of two reviewers who differ in a share of users; at most a half, which is guessing.

    >>> round(_each(2 * 0.02 * 0.98), 3)
    0.02
    """
    return (1 - math.sqrt(max(1 - 2 * differ, 0.0))) / 2
