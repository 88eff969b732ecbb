"""The report of a comparison: whether b is better than a, by how much, for whom, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pandas as pd

from app import charts
from app.charts.two_curves import CURVES
from app.reports import page
from app.reports.page import Section
from app.tables import comparison as tables
from app.words import WORD, count, decimal, label, percent, probability
from core.comparison.comparison_store import Compared
from core.comparison.flips import Flips
from core.comparison.lead import Lead
from core.evaluation import thresholds, weakest
from core.evaluation.thresholds import Sweep
from core.policy.bands import BANDS

#: What this is a report of, in its mark.
KIND = "comparison"
#: Users told one by one, and segments of each model.
CHANGED = 30
SEGMENTS = 15


def report(found: Compared, lead: Lead) -> str:
    """The whole file; the answer comes first: ranking, calibration, equal capacity."""
    a, b = found.names
    comparison, flips = found.comparison, found.flips()
    sweeps = [Sweep(found.users["label"], found.users[side]) for side in ("a", "b")]
    tests = tables.tests(found, lead)
    cautions = [f"Caution: {tables.spoken(caution)}" for caution in found.cautions]
    sentences = [
        *lead.sentences, *([f"{tests}."] if tests else []), found.rows, *lead.left_out, *tables.apart(lead),
        *([flips.sentence] if comparison.by_probability else []), *cautions,
    ]  # fmt: skip
    held = Section("At equal capacity", f"{lead.decisions.sentence} With 95 % intervals.", table=tables.held(lead))
    sections = [held]
    if comparison.ranked:
        costs = found.costs.sentence if comparison.by_probability else ""
        figures = Section("Figures", f"With 95 % intervals. {costs}".strip(), table=_figures(found))
        sections = [_differences(found, lead), held, figures, *_curves(found, sweeps)]
    if comparison.by_probability:
        sections += [
            _calibration(found), _scores(found), _bands(found, flips), *_changed(found, flips),
            _thresholds(found, sweeps, lead), *_segments(found),
        ]  # fmt: skip
    sections += _categories(found)
    sections.append(Section("Every test in a sentence", points=tuple(tables.sentences(found, lead))))
    return page.html(f"{b} compared with {a}", sentences, sections, KIND)


def _names(comparison: Compared) -> tuple[str, str]:
    a, b = map(tables.short, comparison.names)
    return a, b


def _differences(comparison: Compared, lead: Lead) -> Section:
    a, b = _names(comparison)
    bands = list(comparison.thresholds)
    band = bands[len(bands) // 2] if bands else ""
    rows, said = tables.differences(comparison, band), " ".join(tables.apart(lead, band) if band else [])
    return Section("The differences", said, figure=charts.differences(rows, a=a, b=b, theme="light"))


def _figures(comparison: Compared) -> pd.DataFrame:
    a, b = _names(comparison)
    return tables.figures(comparison).rename(columns={"a": a, "b": b})


def _curves(comparison: Compared, sweeps: list[Sweep]) -> Iterator[Section]:
    a, b = (sweep.curves() for sweep in sweeps)
    of_a, of_b = (tuple(sweep.confusion(above) for above in comparison.thresholds.values()) for sweep in sweeps)
    rate = comparison.comparison.positives / comparison.comparison.n
    for which in CURVES:
        drawn = charts.curves(which, a, b, names=_names(comparison), marks=(of_a, of_b), base_rate=rate, theme="light")
        yield Section("The curves" if which == "pr" else "", figure=drawn)


def _calibration(comparison: Compared) -> Section:
    groups = [pd.DataFrame([asdict(group) for group in each.reliability]) for each in comparison.comparison.figures]
    drawn = charts.reliabilities(groups[0], groups[1], names=_names(comparison), theme="light")
    parts = [thresholds.decompose(comparison.users["label"], comparison.users[side]) for side in ("a", "b")]
    table = tables.calibration(comparison, parts)
    shown = {name: [decimal(value, 5) for value in table[name]] for name in table.columns[1:]}
    return Section("Whether scores come true", tables.BRIER, drawn, table.assign(**shown))


def _scores(comparison: Compared) -> Section:
    a, b = (thresholds.distributions(comparison.users["label"], comparison.users[side]) for side in ("a", "b"))
    return Section("How scores are spread", figure=charts.score_lines(a, b, names=_names(comparison), theme="light"))


def _bands(comparison: Compared, flips: Flips) -> Section:
    a, b = _names(comparison)
    words = [label(band) for band in BANDS]
    table = pd.DataFrame(flips.counts, columns=words)
    table.insert(0, f"By {a}, and by {b}", words)
    drawn = charts.flips(flips.counts, BANDS, a=a, b=b, theme="light")
    return Section("Changes of band", flips.sentence, drawn, table)


def _changed(comparison: Compared, flips: Flips) -> Iterator[Section]:
    everyone = tables.changed(comparison, flips)
    if everyone.empty:
        return
    a, b = _names(comparison)
    shown = everyone.head(CHANGED)
    table = pd.DataFrame(
        {
            "User": shown["user"], a: shown["a"].map(probability), b: shown["b"].map(probability),
            f"By {a}": shown["before"].map(label), f"By {b}": shown["after"].map(label),
            "Why": shown["why"].fillna("").str.replace("   ", ", "),
            "Label": shown["label"].map({0.0: "legitimate", 1.0: "spammer"}),
        }
    )  # fmt: skip
    first = f"The first {CHANGED} of {count(len(everyone))}." if len(everyone) > CHANGED else ""
    why = "Why: the features whose contribution changes most, in log-odds." if comparison.why is not None else ""
    text = " ".join(filter(None, (first, why, comparison.reasons)))
    yield Section("The largest changes", text, table=table if why else table.drop(columns="Why"))


def _thresholds(comparison: Compared, sweeps: list[Sweep], lead: Lead) -> Section:
    rows = []
    for band, above in comparison.thresholds.items():
        for name, sweep in zip(_names(comparison), sweeps, strict=True):
            at = sweep.confusion(above)
            told = {key: _share(value) for key, value in (("Precision", at.precision), ("Recall", at.recall))}
            rows.append({
                "Above": f"{above:g}", "Band": next(label(each) for each in BANDS if each == band), "Model": name,
                "Caught": at.caught, "Missed": at.missed, "False alarms": at.false_alarms, "Left alone": at.left_alone,
                **told, "Cost": decimal(tables.at_threshold(at, comparison.costs)["Cost"] or 0.0, 1),
            })  # fmt: skip
    text = " ".join(["Users scored above are flagged. Cost: of 1,000 users, counted as above.", *tables.apart(lead)])
    return Section("At the policy's thresholds", text, table=pd.DataFrame(rows))


def _categories(comparison: Compared) -> Iterator[Section]:
    found = comparison.by_category
    if found is None:
        return
    yield Section("Categories", " ".join(found.sentences), table=tables.categories(found))
    for name, each in zip(_names(comparison), found.figures, strict=True):
        yield Section("", figure=charts.classes(each.confusion, each.names, name=name, theme="light"))


def _share(value: float | None) -> str:
    return percent(np.nan if value is None else value, 2)


def _segments(comparison: Compared) -> Iterator[Section]:
    first, above = next(iter(comparison.thresholds.items()))
    word = next(WORD[each].lower() for each in BANDS if each == first)
    selected = f"Users scored above {above:g} ({word}) are selected"
    for name, table in zip(reversed(_names(comparison)), reversed(comparison.segments), strict=True):
        if not table.empty:
            said = f"{weakest.weakest(table)} {selected}; p with Holm's correction."
            yield Section(f"Segments under {name}, weakest first", said, table=tables.segments(table.head(SEGMENTS)))
