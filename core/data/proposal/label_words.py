"""Which value of a label column is the spammer: told from the words where they are plain, else a person is asked.

Nothing is guessed from numbers other than 0 and 1, from a column that sounds as if 1 were the good ones
(`is_legit`), or where more than half of the users would be spammers. A wrong guess makes a model that removes whom it
should keep, and no figure shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.data.cells import judge
from core.data.problems import quoted
from core.errors import BadOptionError, RefusedError, listed
from core.schema.schema import Label, key
from core.wording import count, percent

#: What a label is compared by: a number, or its text without regard to case and surrounding spaces.
Meaning = str | float

#: Words that name a spammer, and words that name somebody who is none, wherever they stand.
SPAMMER: Final = frozenset({"spam", "spammer", "fraud", "fraudster", "scam", "scammer"})
LEGITIMATE: Final = frozenset({"ham", "legit", "legitimate", "genuine", "not spam", "non-spam", "not_spam"})
#: Answers to the question that the column's name asks: yes and no.
_ANSWERS: Final[Mapping[Meaning, Meaning]] = {1.0: 0.0, "true": "false", "yes": "no", "t": "f", "y": "n"}
_NAMES_SPAMMER: Final = SPAMMER | {
    "fake", "bot", "abuse", "abuser", "abusive", "bad", "banned", "malicious", "phishing", "spammy", "fraudulent",
}  # fmt: skip
_NAMES_LEGITIMATE: Final = LEGITIMATE | {
    "active", "allowed", "approved", "authentic", "benign", "clean", "good", "honest", "human", "kept", "normal", "ok",
    "okay", "real", "safe", "trusted", "trustworthy", "valid", "verified", "nonspam", "notspam", "nospam",
}  # fmt: skip
_NOT: Final = frozenset({"not", "non", "no", "isnt"})
_WORDS: Final = re.compile(r"[^\W\d_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: The 97.5 % quantile of the standard normal distribution.
_Z: Final = 1.96
#: Values of a label, at most, that may be categories.
MOST_VALUES: Final = 50


class UnclearLabelError(RefusedError):
    """Which value of a label is the spammer, or of more than two which one means no violation, cannot be told.

    `shares`: users with each value, as it is written; `option`: what a person says it with.
    """

    def __init__(self, column: str, shares: Mapping[str, int]) -> None:
        self.column, self.shares = column, dict(shares)
        several, of = len(shares) > 2, sum(shares.values())
        self.option = "negative" if several else "positive"
        told = listed([f"{quoted(value)} ({count(n, 'row')}, {percent(n / of)})" for value, n in shares.items()])
        ways = f"--{self.option} VALUE; each of the others becomes a category of violations"
        if not several:
            ways = " or ".join(f"--positive {_argument(value)}" for value in shares)
        which = "means that there is no violation" if several else "is a spammer"
        #: For a person who can be asked; the answer is one of the values.
        self.question = f"{column} has {told}. Which of them {which}?"
        super().__init__(f"Say which value of {column} {which}: {told}. Add {ways}.")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a label: as it is written first, and how many rows have it."""

    text: str
    rows: int


def meaning(text: str) -> Meaning:
    """
    >>> meaning(" 1.0 "), meaning("Spam")
    (1.0, 'spam')
    """
    number = judge(text)
    return number if isinstance(number, float) and not np.isnan(number) else key(text)


def label(column: str, values: Mapping[Meaning, Value], positive: str | None, negative: str | None) -> Label:
    """The label that these values are, with what a person says of them.

    Raises BadOptionError for values that are none, UnclearLabelError where a person has to say more.
    """
    shown = listed([quoted(each.text) for each in values.values()])
    for option, said in (("--positive", positive), ("--negative", negative)):
        if said is not None and meaning(said) not in values and len(values) >= 2:
            raise BadOptionError(option, f"{column} is never {quoted(said)}; its values are {shown}.")
    if not 2 <= len(values) <= MOST_VALUES:
        raise BadOptionError(
            "--label",
            f"{column} has {count(len(values), 'distinct value')} ({shown}); a label needs two, or with --negative up "
            f"to {MOST_VALUES}.",
        )
    if positive is not None and negative is not None and meaning(positive) == meaning(negative):
        raise BadOptionError("--negative", f"{quoted(negative)} is what --positive says too.")
    if len(values) > 2:
        if negative is None:
            raise UnclearLabelError(column, {each.text: each.rows for each in values.values()})
        if positive is not None:
            raise BadOptionError("--positive", f"{column} has {len(values)} values: give --negative alone.")
        others = sorted((values[each] for each in values if each != meaning(negative)), key=lambda each: -each.rows)
        return Label(column, negative=values[meaning(negative)].text, categories=tuple(each.text for each in others))
    yes = meaning(positive) if positive is not None else None
    if negative is not None:
        yes = next(each for each in values if each != meaning(negative))
    yes = yes if yes is not None else _positive(column, values)
    no = next(each for each in values if each != yes)
    return Label(column, values[yes].text, values[no].text)


def _positive(column: str, values: Mapping[Meaning, Value]) -> Meaning:
    """The value that is the spammer, of two. Raises UnclearLabelError where it is not plain."""
    named = [value for value in values if value in SPAMMER]
    if len(named) == 1:
        return named[0]
    first, second = values
    yes = first if _ANSWERS.get(first) == second else second if _ANSWERS.get(second) == first else None
    if yes is None or named or doubtful(column, values[yes].rows, sum(each.rows for each in values.values())):
        raise UnclearLabelError(column, {each.text: each.rows for each in values.values()})
    return yes


def doubtful(column: str, positives: int, rows: int) -> bool:
    """Whether "yes" in this column may mean no spammer: by its name, or because, beyond chance, most rows have it."""
    if sounds_legitimate(column):
        return True
    share = positives / rows
    mostly = share - _Z * (share * (1 - share) / rows) ** 0.5 > 1 / 2
    return mostly and not _sounds_like_spammers(column)


def in_doubt(label: Label, positives: int, rows: int) -> bool:
    """Whether a person should be asked if a schema's label is the right way round for so many spammers among rows."""
    if label.categories:
        return False
    turned = _ANSWERS.get(meaning(label.negative)) == meaning(label.positive)
    named = meaning(label.positive) in SPAMMER or meaning(label.negative) in LEGITIMATE
    if named or (turned and sounds_legitimate(label.column)):
        return False
    return doubtful(label.column, positives, rows)


def sounds_legitimate(column: str) -> bool:
    """Whether a column's name says that those with a yes are no spammers.

    >>> [sounds_legitimate(name) for name in ("is_legit", "isLegitimate", "not_spam", "is_spam", "label", "reality")]
    [True, True, True, False, False, False]
    """
    words = _words(column)
    denied = bool(words & _NOT) and _sounds_like_spammers(column)
    return denied or bool(words & _NAMES_LEGITIMATE)


def own_words(label: Label | None) -> dict[str, bool]:
    """What the words of a home's label mean, by `key`: True for a spammer."""
    if label is None:
        return {}
    return {**{key(each): True for each in label.positives}, key(label.negative): False}


def _sounds_like_spammers(column: str) -> bool:
    return bool(_words(column) & _NAMES_SPAMMER)


def _words(column: str) -> set[str]:
    return {word.casefold() for word in _WORDS.findall(_CAMEL.sub(" ", column))}


def _argument(value: str) -> str:
    return value if re.fullmatch(r"[\w.+-]+", value) else f'"{value}"'
