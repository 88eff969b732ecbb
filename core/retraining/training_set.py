"""What is learnt from: all history and the feedback, joined by the values that were judged; and who stays out as judge.

Feedback wins over an old label of the same user. Every labelled user counts as many users as he stands for: 1 in the
history, which is whole, and where reviewers judge a sample, 1 / inclusion. A user whom the history holds as he was
judged stands for nobody else: those he would stand for are in the history themselves, so that a verdict that repeats it
changes nothing. Out of learning stay the test part (`core.data.split`) and the newest audited verdicts: on them the
result is held against the champion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import split
from core.data.split import Keys, row_hashes
from core.errors import SchemaError
from core.feedback.strata import SAMPLED
from core.feedback.table import CATEGORY, column
from core.schema.levels import written
from core.schema.schema import Schema
from core.settings import TEST_SHARE
from core.wording import count

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LABEL: Final = {"spammer": 1.0, "legitimate": 0.0}
#: No user stands for more than so many. Trees take a weight for that many users seen: a single one of 250 would get
#: leaves of his own (they ask for a weight of 1). Trimming is the usual remedy (Potter, Proceedings of the Section on
#: Survey Research Methods, ASA, 1990); it costs a little bias in whom the random ones stand for, none in the others.
MOST_WEIGHT: Final = 20.0
#: What a user counts who was not sampled: a golden item, a second opinion, a flip, an appeal, or an import without
#: inclusion. Such labels are right, but say nothing of anybody else.
OWN_WEIGHT: Final = 1.0
#: The newest share of the audited users, whom reviewers met by chance alone, that is kept out as judges.
JUDGES: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """n users: frame (the schema's features, and the id where there is one), label (n,) of 0 and 1, weight (n,) of
    users each stands for, keys (n,) by which their part goes, and which of them come from feedback (n,). identities
    (n,): who they are, where several of them may share a key.
    """

    frame: pd.DataFrame
    label: Floats
    weight: Floats
    keys: Keys
    judged: Bools
    identities: Keys | None = None

    @property
    def who(self) -> Keys:
        """Tells users (n,) apart."""
        return self.keys if self.identities is None else self.identities

    def __len__(self) -> int:
        return len(self.label)

    def only(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Labelled:
        """Those of a mask or of positions."""
        return Labelled(
            self.frame.iloc[np.flatnonzero(chosen) if chosen.dtype == bool else chosen],
            self.label[chosen], self.weight[chosen], self.keys[chosen], self.judged[chosen],
            None if self.identities is None else self.identities[chosen],
        )  # fmt: skip

    def as_population(self) -> npt.NDArray[np.int64]:
        """Positions (m,) of users as the population has them: each as often as by what he stands for, ascending.

        m is the effective size of the sample, (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965); drawn systematically,
        so that no chance comes in. All of them, once each, where all stand for as many.
        """
        size = round(self.weight.sum() ** 2 / (self.weight**2).sum())
        steps = (np.arange(size) + 0.5) / size * self.weight.sum()
        # The last may come out behind the sum by rounding.
        at: npt.NDArray[np.int64] = np.searchsorted(np.cumsum(self.weight), steps)
        return np.minimum(at, len(self) - 1)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """`learnt`, `judges` and `golden` have no user in common. `replaced`: users of the history with a newer label;
    `copies`: who would judge, did they not share every feature with a user learnt from.

    `test` (m,): which judges belong to the test part; the others are the newest audited verdicts.
    """

    learnt: Labelled
    judges: Labelled
    golden: Labelled
    test: Bools
    replaced: int
    copies: Labelled

    @property
    def all(self) -> tuple[Labelled, ...]:
        return self.learnt, self.judges, self.golden, self.copies

    @property
    def sentence(self) -> str:
        """How many are learnt from, where they come from, and who judges."""
        judged = int(self.learnt.judged.sum())
        return (
            f"Learnt from {count(len(self.learnt) - judged, 'user')} of the history and {count(judged, 'verdict')}, "
            f"judged on {count(int(self.test.sum()), 'user')} of the test part and "
            f"{count(int((~self.test).sum()), 'user')} audited last."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Users:
    """Users with verdicts, in the order of the last one: how they were chosen, beside what is known of them."""

    labelled: Labelled
    audited: Bools
    golden: Bools


def training_set(
    history: pd.DataFrame, feedback: pd.DataFrame, schema: Schema, salt: bytes, *, seen: Keys | None = None,
    moved: Keys | None = None,
    share: float = TEST_SHARE,
) -> TrainingSet:  # fmt: skip
    """Join the history (n rows, labelled) with the verdicts that stand, in the order given: those of
    `Ledger.effective`, with the inclusions of now (`Inclusions.as_of_now`).

    `seen`: fingerprints of whom the champion learnt from (`Model.users`), who judge nothing; `moved`, `share`: of
    `Split`. Nobody judges who shares every feature with a user learnt from. Of several verdicts on a
    user the last one counts that says what the user is. Raises SchemaError when the schema names no label.
    """
    old, users = _history(history, schema, salt), _users(feedback, schema, salt)
    new = _not_outweighing(users.labelled, old, schema)
    replaced = np.isin(old.who, new.who)
    labelled = old.only(~replaced)
    test = split.in_test(new.keys, moved, share) & ~users.golden
    audited = users.audited & ~test & ~users.golden & ~_known(new.keys, seen)
    newest = audited & (np.cumsum(audited[::-1])[::-1] <= JUDGES * audited.sum())
    of_history = split.in_test(labelled.keys, moved, share)
    judging = test | newest
    learnt = _as_in_history(_together(labelled.only(~of_history), new.only(~judging & ~users.golden)), old)
    judges = _together(labelled.only(of_history), new.only(judging))
    held_out = np.concatenate([np.ones(int(of_history.sum()), bool), test[judging]])
    alone = ~np.isin(row_hashes(judges.frame, schema.names), row_hashes(learnt.frame, schema.names))
    if schema.texts:  # the same text is no other user's
        alone &= ~np.isin(judges.keys, learnt.keys)
    return TrainingSet(
        learnt, judges.only(alone), new.only(users.golden), held_out[alone], int(replaced.sum()), judges.only(~alone)
    )  # fmt: skip


def labels_given(feedback: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that say what a user is: unsure ones teach nothing."""
    return feedback[feedback["verdict"].isin(list(LABEL))]


def weights(stratum: pd.Series[str], inclusion: pd.Series[float]) -> Floats:
    """How many users each verdict stands for, (k,): 1 / inclusion, at most MOST_WEIGHT; OWN_WEIGHT if not sampled.

    >>> weights(pd.Series(["certain", "random", "random", "flip"]), pd.Series([1, 0.1, 0.001, np.nan])).tolist()
    [1.0, 10.0, 20.0, 1.0]
    """
    pi = inclusion.to_numpy(np.float64)
    sampled = stratum.isin(list(SAMPLED)).to_numpy() & ~np.isnan(pi)
    return np.where(sampled, np.minimum(1 / np.where(sampled, pi, 1.0), MOST_WEIGHT), OWN_WEIGHT)


def _history(frame: pd.DataFrame, schema: Schema, salt: bytes) -> Labelled:
    if schema.label is None:
        raise SchemaError("data/schema.toml names no label: there is nothing to learn from.")
    frame = frame[frame[schema.label.column].notna()]
    label = frame[schema.label.column].to_numpy(np.float64)
    wanted = frame[[*([schema.id] if schema.id else []), *schema.names, *_said(schema, frame)]]
    return Labelled(
        wanted, label, np.ones(len(label)), split.keys(frame, schema, salt), np.zeros(len(label), bool),
        _identities(frame, schema, salt),
    )  # fmt: skip


def _users(feedback: pd.DataFrame, schema: Schema, salt: bytes) -> _Users:
    """Each user with a label once: with the last one, on the values that were judged then."""
    given = labels_given(feedback)
    features = {name: given.get(column(name), np.nan) for name in schema.names}
    ids = {schema.id: given["user"]} if schema.id else {}
    texts = {name: given[name] for name in _said(schema, given)}
    if schema.label and schema.label.categories:
        texts[written(schema.label.column)] = given[CATEGORY] if CATEGORY in given else pd.Series("", given.index)
    frame = pd.DataFrame(ids | features | texts, index=given.index)
    keys = split.keys(frame, schema, salt) if len(frame) else np.empty(0, np.uint64)
    identities = _identities(frame, schema, salt)
    who = keys if identities is None else identities
    stands_for = weights(given["stratum"], given["inclusion"])
    sampled = (given["stratum"].isin(list(SAMPLED)) & given["inclusion"].notna()).to_numpy()
    random = (given["stratum"] == "random").to_numpy() & sampled
    golden = (given["stratum"] == "golden").to_numpy()
    last = ~pd.Series(who).duplicated(keep="last").to_numpy()
    # A second opinion on a sampled user stands for as many as the first one did.
    about = pd.DataFrame({"weight": np.where(sampled, stands_for, np.nan), "random": random, "golden": golden})
    by_user = about.groupby(who).agg({"weight": "last", "random": "max", "golden": "max"}).loc[who[last]]
    of_sample = by_user["weight"].to_numpy(np.float64)
    weight = np.where(np.isnan(of_sample), OWN_WEIGHT, of_sample)
    label = np.where(given["verdict"] == "spammer", LABEL["spammer"], LABEL["legitimate"])
    values = frame[last].astype(dict.fromkeys(schema.names, "float64"))
    labelled = Labelled(values, label[last], weight, keys[last], np.ones(len(values), bool),
                        None if identities is None else identities[last])  # fmt: skip
    return _Users(labelled, by_user["random"].to_numpy(bool), by_user["golden"].to_numpy(bool))


def _said(schema: Schema, frame: pd.DataFrame) -> list[str]:
    """The columns that hold the texts, and the categories of violations."""
    label = (schema.label.column,) if schema.label and schema.label.categories else ()
    return [name for name in map(written, (*schema.texts, *label)) if name in frame]


def _identities(frame: pd.DataFrame, schema: Schema, salt: bytes) -> Keys | None:
    """Who users (n,) are, where the same text may be that of several."""
    if not schema.texts:
        return None
    return split.identities(frame, schema, salt) if len(frame) else np.empty(0, np.uint64)


def _not_outweighing(new: Labelled, old: Labelled, schema: Schema) -> Labelled:
    """Users judged, each of whom counts as one where the history holds this very user with the same values."""
    place, known = _place(new.who, old.who)
    values, of_history = (row_hashes(part.frame, schema.names) for part in (new, old))
    held = known.copy()
    held[known] = of_history[place[known]] == values[known]
    return replace(new, weight=np.where(held, OWN_WEIGHT, new.weight))


def _as_in_history(learnt: Labelled, old: Labelled) -> Labelled:
    """Users of the history in its order, whoever else was judged after them: trees grow otherwise on another order."""
    place, known = _place(learnt.who, old.who)
    return learnt.only(np.argsort(np.where(known, place, len(old)), kind="stable").astype(np.int64))


def _place(keys: Keys, among: Keys) -> tuple[npt.NDArray[np.int64], Bools]:
    """Where each key (n,) stands first among others, (n,), and whether it does, (n,)."""
    distinct, first = np.unique(among, return_index=True)
    if not len(distinct):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
    return first[at].astype(np.int64), distinct[at] == keys


def _known(keys: Keys, seen: Keys | None) -> Bools:
    return np.zeros(len(keys), bool) if seen is None else split.known(keys, seen)


def _together(old: Labelled, new: Labelled) -> Labelled:
    both = (old, new)
    label, weight, keys, judged = (
        np.concatenate([getattr(each, name) for each in both]) for name in ("label", "weight", "keys", "judged")
    )
    frame = pd.concat([each.frame for each in both if len(each)] or [old.frame], ignore_index=True)
    identities = None if old.identities is None else np.concatenate([old.who, new.who])
    return Labelled(frame, label, weight, keys, judged, identities)
