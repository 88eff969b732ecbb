"""Which users no model of this home may learn from: decided by a hash, never by a seed.

A split by seed would put one champion's training rows into the comparison with the next. Here a user is
in the test part for ever, because the part depends on nothing but the home's salt and the user's id
(or, where there are no ids, on the content of the row).

Where the schema has a text, the same text is one user's however often it was sent: what decides is a hash of the texts
of a row, so that no text is in two parts or folds, in whichever file it comes.

Users who share every feature may be one user under several ids: a model that has learnt from one knows the answer of
the others. They go to one part, by a hash of what they share. Who has a part already keeps it; whoever is there with a
copy among the users learnt from judges nobody. `data/parts.json` names those whose part is not that of their id.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import formats, locks
from core.errors import BadOptionError, RefusedError
from core.files import write_kept, write_text
from core.schema.schema import Schema
from core.settings import TEST_SHARE

Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
FORMAT: Final = 1
_RANGE = 2.0**64
#: Keeps keys of texts apart from those of users.
_TEXT: Final = b"text "
#: The smallest test part that a new home may choose: of 2,000 users with 5 % spammers, five are to be judged on.
LEAST_SHARE: Final = 0.05
#: Bits kept of a key in a model's list of training users: 418,000 users take 1.2 MB, and a stranger is
#: taken for one of them with a probability of 4e-7.
FINGERPRINT_BITS = 40
#: Step and multipliers of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """n users of a file: keys (n,) of who they are, place (n,) by which copies stand together, who is in the test part,
    who has a copy among the others (n,), and how many rows repeat another one.
    """

    keys: Keys
    place: Keys
    test: Bools
    copied: Bools
    copies: int

    @property
    def judging(self) -> Bools:
        """Whom a model may be judged on (n,): the test part without copies of users learnt from."""
        return self.test & ~self.copied

    @classmethod
    def alone(cls, keys: Keys) -> Parts:
        """Of users (n,) none of whom is a copy of another."""
        return cls(keys, keys, in_test(keys), np.zeros(len(keys), bool), 0)

    def only(self, rows: Bools) -> Parts:
        """Those of a mask (n,)."""
        return Parts(self.keys[rows], self.place[rows], self.test[rows], self.copied[rows], self.copies)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The split of a home, by the salt in `salt_file`; `parts_file` names who went with a copy, `share_file` how
    large the test part is where that was chosen."""

    data: Path
    salt_file: Path
    parts_file: Path
    share_file: Path

    def salt(self) -> bytes:
        """The salt of this home; made at first use, the same ever after."""
        if not self.salt_file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            with locks.held(self.data / "salt.lock"):  # two first uses at once must agree
                if not self.salt_file.exists():
                    write_text(self.salt_file, secrets.token_hex(16) + "\n")
        return bytes.fromhex(self.salt_file.read_text(encoding="ascii").strip())

    @property
    def share(self) -> float:
        """About which share of users is in the test part, for ever."""
        if not self.share_file.is_file():
            return TEST_SHARE
        return float(formats.load(self.share_file, known=FORMAT)["share"])

    def choose(self, share: float) -> None:
        """Have a home without users in either part keep a smaller test part. Raises RefusedError, BadOptionError."""
        if not LEAST_SHARE <= share <= TEST_SHARE:
            raise BadOptionError("--test-share", f"choose from {LEAST_SHARE:g} to {TEST_SHARE:g}, not {share:g}.")
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held(self.data / "salt.lock"):
            if self.salt_file.exists() and share != self.share:
                raise RefusedError(
                    "This workspace has given its users to parts already, for ever: only a new one may choose "
                    "--test-share."
                )
            if share != self.share:
                write_kept(self.share_file, json.dumps({"format": FORMAT, "share": share}))

    def moved(self) -> Keys:
        """Keys of the users whose part is not that of their id, sorted."""
        path = self.parts_file
        if not path.is_file():
            return np.empty(0, np.uint64)
        return np.array(formats.load(path, known=FORMAT)["moved"], np.uint64)

    def parts(
        self, frame: pd.DataFrame, schema: Schema, *, learnt: Bools | None = None, judged: Bools | None = None
    ) -> Parts:
        """The parts of users (n rows); learnt, judged (n,): who has been in either part so far, as far as is known."""
        keys_ = keys(frame, schema, self.salt())
        share = self.share
        test = in_test(keys_, self.moved(), share)
        nobody = np.zeros(len(keys_), bool)
        return parts(frame, schema, self.salt(), keys_, test, nobody if learnt is None else learnt,
                     nobody if judged is None else judged, share=share)  # fmt: skip

    def keep(self, given: Parts) -> None:
        """Note the parts given, for ever."""
        other = given.keys[given.test != in_test(given.keys, share=self.share)]
        if not len(other):
            return
        with locks.held(self.data / "parts.lock"):
            moved = np.union1d(self.moved(), other)
            write_kept(self.parts_file, json.dumps({"format": FORMAT, "moved": moved.tolist()}))


def digest(salt: bytes) -> str:
    """Tells two salts apart without giving either away; 16 hexadecimal digits."""
    return hashlib.sha256(salt).hexdigest()[:16]


def keys(frame: pd.DataFrame, schema: Schema, salt: bytes) -> Keys:
    """A key for each row, (n,), by which its part and its fold go: salted BLAKE2b of its texts, which several rows may
    share, or of who it is where it has none.
    """
    there = with_text(frame, schema)
    if not there.any():
        return identities(frame, schema, salt)
    found = np.empty(len(frame), np.uint64)
    found[there] = contents(frame[there], [name for name in schema.texts if name in frame], salt, _TEXT)
    found[~there] = identities(frame[~there], schema, salt)
    return found


def with_text(frame: pd.DataFrame, schema: Schema) -> Bools:
    """Which rows (n,) have a text."""
    texts = [name for name in schema.texts if name in frame]
    found: Bools = np.zeros(len(frame), bool)
    for name in texts:
        found |= frame[name].notna().to_numpy()
    return found


def learnt(frame: pd.DataFrame, schema: Schema, salt: bytes, fingerprints: Keys) -> Bools:
    """Which rows (n,) are among those with these fingerprints, by their texts or by who they are: a model may have
    learnt from users before the schema had a text.
    """
    found = known(keys(frame, schema, salt), fingerprints)
    return found | known(identities(frame, schema, salt), fingerprints) if schema.texts else found


def identities(frame: pd.DataFrame, schema: Schema, salt: bytes) -> Keys:
    """Who each row is, (n,): salted BLAKE2b of the id, or of the feature values when there is no id."""
    if schema.id is None:
        return contents(frame, schema.names, salt)
    return _hashed([text.encode() for text in frame[schema.id].astype(str).tolist()], salt)


def contents(frame: pd.DataFrame, names: Sequence[str], salt: bytes, kind: bytes = b"") -> Keys:
    """Salted BLAKE2b of the feature values of each row, (n,): the same for the same values of the same kind."""
    # Adding 0.0 turns -0.0 into 0.0: equal rows must have equal bytes.
    values = np.ascontiguousarray(frame[list(names)].to_numpy(np.float64) + 0.0)
    values[np.isnan(values)] = np.nan
    return _hashed([kind + row.tobytes() for row in values], salt)


def _hashed(cells: Sequence[bytes], salt: bytes) -> Keys:
    digests = b"".join(hashlib.blake2b(cell, key=salt, digest_size=8).digest() for cell in cells)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def in_test(keys: Keys, moved: Keys | None = None, share: float = TEST_SHARE) -> Bools:
    """Whether each user belongs to the test part, (n,) -> (n,); about that share does. moved, share: of `Split`."""
    by_hash: Bools = keys < np.uint64(share * _RANGE)
    return by_hash if moved is None or not len(moved) else by_hash ^ np.isin(keys, moved)


def parts(  # noqa: PLR0913 - users, and what is known of their parts
    frame: pd.DataFrame, schema: Schema, salt: bytes, keys: Keys, test: Bools, learnt: Bools, judged: Bools,
    *, share: float = TEST_SHARE,
) -> Parts:  # fmt: skip
    """The parts of users (n rows) with keys and the part (n,) each would have alone; see `Split.parts`.

    Copies go where most of all an earlier one must stay: to the users learnt from where one of them is, else to the
    test part where one is, else where the hash of what they share says. Who has a part keeps it, but that a text which
    somebody has learnt from judges nobody.
    """
    test = np.where(learnt, False, np.where(judged, True, test))
    hashes, texts = row_hashes(frame, schema.names), with_text(frame, schema)
    alike = pd.Series(hashes).duplicated(keep=False).to_numpy()
    place, joined = keys.copy(), alike | texts
    if not joined.any():
        return Parts(keys, place, test, np.zeros(len(keys), bool), 0)
    copies = int(alike.sum()) - len(np.unique(hashes[alike]))
    users = np.flatnonzero(alike & ~texts)
    place[users] = contents(frame.iloc[users], schema.names, salt)
    shared, first, group = np.unique(place[joined], return_index=True, return_inverse=True)
    of_learnt, of_judged = (np.bincount(group, given[joined], len(shared)) > 0 for given in (learnt, judged))
    alone = np.where(texts, test, in_test(place, share=share))[joined][first]
    together = np.where(of_learnt, False, np.where(of_judged, True, alone))
    test[joined] = np.where((learnt | judged)[joined] & ~texts[joined], test[joined], together[group])
    outside = np.bincount(group, ~test[joined], len(shared)) > 0
    copied = np.zeros(len(keys), bool)
    copied[joined] = test[joined] & outside[group]
    return Parts(keys, place, test, copied, copies)


def copies_of(frame: pd.DataFrame, names: Sequence[str], chosen: Bools) -> Bools:
    """Which rows (n,) share every feature with one of those chosen (n,) without being among them."""
    hashes = row_hashes(frame, names)
    return ~chosen & np.isin(hashes, hashes[chosen])


def copied_rows(frame: pd.DataFrame, names: Sequence[str]) -> Bools:
    """Which rows (n,) share every feature with another."""
    return pd.Series(row_hashes(frame, names)).duplicated(keep=False).to_numpy()


def folds(keys: Keys, k: int) -> npt.NDArray[np.int64]:
    """A fold 0..k-1 for each user, (n,) -> (n,); from other bits than the part, so the two are independent."""
    return (keys % np.uint64(1_000_003) % np.uint64(k)).astype(np.int64)


def fingerprints(keys: Keys) -> Keys:
    """Short, sorted, distinct keys of a set of users: who was trained on, without saying who they are."""
    return np.unique(keys >> np.uint64(64 - FINGERPRINT_BITS))


def known(keys: Keys, fingerprints: Keys) -> npt.NDArray[np.bool_]:
    """Whether each key belongs to a set of fingerprints, sorted as `fingerprints` gives them, (n,) -> (n,)."""
    if not len(fingerprints):
        return np.zeros(len(keys), bool)
    short = keys >> np.uint64(64 - FINGERPRINT_BITS)
    return np.asarray(fingerprints.take(np.searchsorted(fingerprints, short), mode="clip") == short)


def row_hashes(frame: pd.DataFrame, names: Sequence[str]) -> Keys:
    """A hash of the features of each row, (n,): the same for the same values.

    64 bits: that any two of 458,798 different rows share one has a probability of 6e-9.
    """
    hashes = np.zeros(len(frame), np.uint64)
    for name in names:
        values = frame[name].to_numpy(np.float64, copy=True)
        values += 0.0  # turns -0.0 into 0.0
        values[np.isnan(values)] = np.nan  # one of the many NaN there are
        hashes *= _STEP
        hashes ^= _mixed(values.view(np.uint64))
    return hashes


def _mixed(bits: Keys) -> Keys:
    """Spread every bit over all 64, in place."""
    bits += _STEP
    for shift, factor in _MIX:
        bits ^= bits >> shift
        bits *= factor
    bits ^= bits >> np.uint64(31)
    return bits
