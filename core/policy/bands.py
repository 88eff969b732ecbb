"""Bands: what a policy says of a user, in ascending severity."""

from __future__ import annotations

from typing import Final, Literal, get_args

Action = Literal["allow", "monitor", "human_review", "auto_remove"]
Band = Action
#: Ascending severity; a higher score never gets a milder one.
BANDS: Final[tuple[Band, ...]] = get_args(Action)
#: Bands whose users are flagged: the prediction is "spammer", and somebody looks or the user is removed.
POSITIVE: Final[frozenset[Band]] = frozenset({"human_review", "auto_remove"})
