"""Model card of a version, written from its metadata and figures, and the difference of two versions.

The sections are those of Mitchell et al., "Model cards for model reporting" (FAT* 2019), as far as a program can fill
them in. What nobody has told it says "not supplied".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.errors import listed
from core.evaluation.cautions import Caution
from core.evaluation.estimate import Estimate
from core.evaluation.metrics import AT_THRESHOLD, Figures
from core.model.encoding import Levels
from core.registry.lineage import Promotion
from core.registry.metadata import Data, Metadata
from core.registry.origin import Origin

NOT_SUPPLIED: Final = "not supplied"
NAMES: Final[Mapping[str, str]] = {
    "pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier score", "ece": "ECE",
    "precision": "Precision", "recall": "Recall", "f1": "F1", "fpr": "FPR",
}  # fmt: skip
#: Makes other people's text safe in the markdown of whoever shows it.
Escape = Callable[[str], str]
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
#: What stands first in a list or below a heading; and what readers of markdown make links of by themselves.
_FIRST: Final = re.compile(r"^[0-9]+(?=[.)](?:\s|$))|^(?=[-+](?:[-\s]|$)|=)")
_LINKS: Final = re.compile(r"(?<=http)(?=://)|(?<=https)(?=://)|(?<=www)(?=\.)|(?=@\w)", re.IGNORECASE)

_USE: Final = """\
It estimates the risk that a user is a spammer, for people who judge users and for a policy that a person has set.

Not for: users of a platform or a time unlike those it was trained on; a decision that nobody can appeal; anything
other than spam. A score is an estimate and no proof, and a reason for a score is no cause."""
_LIMITS: Final = """\
- The figures hold for users like those in the data, labelled as they were labelled. Wrong labels make wrong figures.
- Values outside the range seen in training are extrapolated; such scores are marked.
- Spammers adapt: figures grow old, so compare them with recent verdicts."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the card; both are markdown."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of two versions, as plain text; "" where a version has no such fact."""

    fact: str
    first: str
    second: str

    @property
    def same(self) -> bool:
        return self.first == self.second


def escaped(text: str) -> str:
    """One line of markdown that shows the text as it is.

    >>> escaped("a*b" + chr(10) + "| c")
    'a\\\\*b \\\\| c'
    """
    one_line = " ".join(text.split())
    shown = _MARKUP.sub(r"\\\1", "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one_line))
    return _LINKS.sub(r"\\", _FIRST.sub(lambda found: f"{found[0]}\\", shown))


def markdown(
    version: str, metadata: Metadata, promotion: Promotion | None, origin: Origin | None = None, *, keeping: str = ""
) -> str:  # fmt: skip
    """The whole card as a file of its own.

    `promotion`: the latest of this version, None where there is none. `origin`: where it was pulled from. `keeping`:
    what the home states of people's messages.
    """
    told = sections(metadata, promotion, origin, keeping=keeping)
    parts = [f"## {section.title}\n\n{section.body}" for section in told]
    return "\n\n".join([f"# Model card: {version}", *parts]) + "\n"


def sections(
    metadata: Metadata, promotion: Promotion | None, origin: Origin | None = None, escape: Escape = escaped,
    *, keeping: str = "",
) -> tuple[Section, ...]:  # fmt: skip
    """The parts of the card, in order."""
    shown = facts(metadata)
    version = {"Notice": metadata.notice or "none"} | shown["version"] | _pulled(origin) | _in_charge(promotion)
    texts = any(feature.kind == "text" for feature in metadata.features)
    messages = (Section("Messages", escape(keeping or NOT_SUPPLIED)),) if texts else ()
    cautions = () if metadata.cautions is None else (Section("Cautions", _cautions(metadata.cautions, escape)),)
    return (
        Section("Version", _table(version, escape)),
        Section("Intended use", _USE),
        Section("Data", _table(shown["data"] | dict.fromkeys(_untold(metadata), NOT_SUPPLIED), escape)),
        *messages,
        Section("Figures", _figures(metadata.figures, shown, escape)),
        *cautions,
        Section("Training", _table(shown["training"], escape)),
        Section("Limits", _LIMITS),
    )


def facts(metadata: Metadata) -> dict[str, dict[str, str]]:
    """What is known, as plain text by name: of the version, its data, its figures and its training."""
    return {
        "version": {
            "Trained": moment(metadata.created),
            "Trained by": _known(metadata.trained_by),
            "Parent, live when trained": "none" if metadata.parent == "" else _known(metadata.parent),
        },
        "data": _data(metadata.data) | _features(metadata),
        "figures": {NAMES[name]: figure(found) for name, found in metadata.figures.overall.items()},
        "thresholds": _at_thresholds(metadata.figures)
        | _of_categories(metadata.figures)
        | _of_segments(metadata.figures),
        "training": _training(metadata),
    }


def difference(first: Metadata, second: Metadata) -> tuple[Difference, ...]:
    """Every fact of two versions side by side, in the order of the card."""
    mine, other = _flat(facts(first)), _flat(facts(second))
    apart = {"Features only here": _only(first, second)}, {"Features only here": _only(second, first)}
    mine, other = mine | apart[0], other | apart[1]
    return tuple(Difference(name, mine.get(name, ""), other.get(name, "")) for name in dict.fromkeys([*mine, *other]))


def same_users(first: Metadata, second: Metadata) -> bool:
    """Whether both were judged on the same held-out users, so that their figures may be compared side by side."""
    return (first.data.sha256, first.data.salt) == (second.data.sha256, second.data.salt)


def figure(found: Estimate) -> str:
    """A figure and its 95 % interval.

    >>> figure(Estimate(0.684, 0.661, 0.706)), figure(Estimate(None, None, None))
    ('0.6840 (0.6610 to 0.7060)', 'not defined')
    """
    if found.value is None:
        return "not defined"
    if found.low is None or found.high is None:
        return f"{found.value:.4f}"
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def moment(at: datetime) -> str:
    """A point in time, to the minute, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


_UNTOLD: Final = ("Collected by, when and how", "Who labelled it, and how well", "Licence")
_GROUPS: Final = "Figures by group of users"


def _untold(metadata: Metadata) -> tuple[str, ...]:
    return _UNTOLD if metadata.figures.segments else (*_UNTOLD, _GROUPS)


def _pulled(origin: Origin | None) -> dict[str, str]:
    if origin is None:
        return {}
    return {"Pulled from": origin.place, "Commit": origin.revision, "Pulled": f"{moment(origin.at)}, by {origin.by}"}


def _in_charge(promotion: Promotion | None) -> dict[str, str]:
    if promotion is None:
        return {"Promoted": "not on record"}
    return {"Promoted": moment(promotion.at), "Promoted by": promotion.by, "Why": _known(promotion.why)}


def _data(data: Data) -> dict[str, str]:
    share = f" ({100 * data.positives / data.rows:.2f} %)" if data.rows else ""
    return {
        "File": data.name,
        "SHA-256": data.sha256,
        "Users": f"{data.rows:,}",
        "Spammers": f"{data.positives:,}{share}",
        "Trained on": f"{data.trained_on:,} users",
        "Judged on": f"{data.tested_on:,} other users, chosen by a hash of the id",
    }


def _features(metadata: Metadata) -> dict[str, str]:
    gaps = [feature.name for feature in metadata.features if feature.missing]
    return {
        "Features": f"{len(metadata.features):,}",
        "With missing values": listed(gaps) if gaps else "none",
        "Constant, so nothing was learnt": listed(metadata.constants) if metadata.constants else "none",
        **{f"Words of {name}": _words(levels) for name, levels in metadata.levels.items()},
        **{f"Text {name}": _text(metadata) for name in metadata.texts},
        **({"Phrases counted, by the list of the version": listed(metadata.counted)} if metadata.counted else {}),
    }


def _words(levels: Levels) -> str:
    """How many words a version knows, the commonest of them, and what it does with others."""
    known = f"{len(levels.words):,} known: {listed(levels.words, most=5)}" if levels.words else "none known"
    return f"{known}; others are {'one level more' if levels.other else 'as missing'}"


def _text(metadata: Metadata) -> str:
    also = ", and from copies with misspelt and disguised words" if metadata.augmented else ""
    return f"learnt from character and word n-grams by their hashes{also}; the version holds no word that anybody wrote"


def _training(metadata: Metadata) -> dict[str, str]:
    return {
        "Kind": "gradient-boosted trees (XGBoost), beta calibration",
        "Trees": f"{metadata.rounds:,}",
        "Seed": str(metadata.seed),
        "Seconds": f"{metadata.seconds:,.1f}",
        **_texts(metadata.parameters),
        **_texts(metadata.libraries),
    }


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _at_thresholds(figures: Figures) -> dict[str, str]:
    return {
        f"{NAMES[name]} above {figures.thresholds[band]:g} ({band})": figure(shares[name])
        for band, shares in figures.at.items()
        for name in AT_THRESHOLD
    }


def _of_categories(figures: Figures) -> dict[str, str]:
    found = figures.categories
    if found is None:
        return {}
    told = {"Macro-F1 of the categories": figure(found.macro_f1)}
    for name, each in found.each.items():
        told |= {f"{NAMES[which]} of {name}": figure(each[which]) for which in ("precision", "recall")}
    return told


def _of_segments(figures: Figures) -> dict[str, str]:
    """By language and length of texts; most users first."""
    told = {}
    for each in figures.segments:
        shares = ", ".join(f"{NAMES[name]} {figure(each.figures[name])}" for name in ("roc_auc", "recall", "fpr"))
        told[f"{each.column} {each.segment}"] = f"{each.n:,} users, {each.positives:,} spammers: {shares}"
    return told


def _figures(figures: Figures, shown: Mapping[str, Mapping[str, str]], escape: Escape) -> str:
    sample = f"{figures.n:,} held-out users, {figures.positives:,} spammers; 95 % intervals."
    return f"{sample}\n\n{_table(shown['figures'] | shown['thresholds'], escape)}"  # type: ignore[operator]


def _cautions(found: Sequence[Caution], escape: Escape) -> str:
    if not found:
        return "Nothing was found that speaks against these figures."
    return "\n".join(f"- {each.kind.capitalize()}: {escape(each.sentence)}" for each in found)


def _only(first: Metadata, second: Metadata) -> str:
    names = [name for name in first.names if name not in set(second.names)]
    return listed(names) if names else "none"


def _flat(shown: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: text for part in shown.values() for name, text in part.items()}


def _table(rows: Mapping[str, str], escape: Escape) -> str:
    lines = [f"| {escape(name)} | {escape(text)} |" for name, text in rows.items()]
    return "\n".join(["| What | Value |", "| --- | --- |", *lines])


def _known(text: str | None) -> str:
    return text or NOT_SUPPLIED
