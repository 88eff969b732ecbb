"""Why a user is looked at by a person: what a label stands for depends on how the user was chosen."""

from __future__ import annotations

from typing import Final, Literal, get_args

Stratum = Literal["certain", "random", "uncertain", "golden", "second", "flip", "appeal", "audit"]
STRATA: Final[tuple[Stratum, ...]] = get_args(Stratum)
#: Chosen with a known inclusion probability, so that their labels may speak for users nobody looked at.
SAMPLED: Final[frozenset[Stratum]] = frozenset({"certain", "random", "uncertain", "audit"})
