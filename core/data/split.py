"""Which users no model of this home may learn from: decided by a hash of the id, never by a seed.

A split by seed would put one champion's training rows into the comparison with the next. Here a user is
in the test part for ever, because the part depends on nothing but the home's salt and the user's id
(or, where there are no ids, on the content of the row).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import locks
from core.files import write_text
from core.schema.schema import Schema
from core.settings import TEST_SHARE

Keys = npt.NDArray[np.uint64]
_RANGE = 2.0**64
#: Bits kept of a key in a model's list of training users: 418,000 users take 1.2 MB, and a stranger is
#: taken for one of them with a probability of 4e-7.
FINGERPRINT_BITS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The split of a home, by the salt in `salt_file`."""

    data: Path
    salt_file: Path

    def salt(self) -> bytes:
        """The salt of this home; made at first use, the same ever after."""
        if not self.salt_file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            with locks.held(self.data / "salt.lock"):  # two first uses at once must agree
                if not self.salt_file.exists():
                    write_text(self.salt_file, secrets.token_hex(16) + "\n")
        return bytes.fromhex(self.salt_file.read_text(encoding="ascii").strip())


def digest(salt: bytes) -> str:
    """Tells two salts apart without giving either away; 16 hexadecimal digits."""
    return hashlib.sha256(salt).hexdigest()[:16]


def keys(frame: pd.DataFrame, schema: Schema, salt: bytes) -> Keys:
    """A key for each row, (n,): salted BLAKE2b of the id, or of the feature values when there is no id."""
    cells: Sequence[bytes]
    if schema.id is not None:
        cells = [text.encode() for text in frame[schema.id].astype(str).tolist()]
    else:
        # Adding 0.0 turns -0.0 into 0.0: equal rows must have equal bytes.
        values = np.ascontiguousarray(frame[list(schema.names)].to_numpy(np.float64) + 0.0)
        values[np.isnan(values)] = np.nan
        cells = [row.tobytes() for row in values]
    digest = b"".join(hashlib.blake2b(cell, key=salt, digest_size=8).digest() for cell in cells)
    return np.frombuffer(digest, dtype=">u8").astype(np.uint64)


def in_test(keys: Keys) -> npt.NDArray[np.bool_]:
    """Whether each user belongs to the test part, (n,) -> (n,); about TEST_SHARE of them do."""
    return keys < np.uint64(TEST_SHARE * _RANGE)


def folds(keys: Keys, k: int) -> npt.NDArray[np.int64]:
    """A fold 0..k-1 for each user, (n,) -> (n,); from other bits than the part, so the two are independent."""
    return (keys % np.uint64(1_000_003) % np.uint64(k)).astype(np.int64)


def fingerprints(keys: Keys) -> Keys:
    """Short, sorted, distinct keys of a set of users: who was trained on, without saying who they are."""
    return np.unique(keys >> np.uint64(64 - FINGERPRINT_BITS))


def known(keys: Keys, fingerprints: Keys) -> npt.NDArray[np.bool_]:
    """Whether each key belongs to a set of fingerprints, (n,) -> (n,)."""
    return np.isin(keys >> np.uint64(64 - FINGERPRINT_BITS), fingerprints)
