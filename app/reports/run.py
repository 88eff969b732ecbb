"""The report of a run: who stands where and why, what is odd about the file, and how far the model can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from typing import Final

import numpy as np
import pandas as pd

from app import charts
from app.reports import page
from app.reports.page import Section
from app.tables import live_figures as live_tables
from app.tables import model as model_tables
from app.words import UNKNOWN, WORD, count, decimal, label, percent, probability, signed
from core.data.datasets import Dataset
from core.errors import listed
from core.estimation.estimate import Figures
from core.home import Home
from core.policy.bands import BANDS, Band
from core.policy.decide import decide
from core.policy.policy import Policy
from core.registry.metadata import Trained
from core.registry.registry import Model
from core.schema import glossary
from core.schema.glossary import Glossary
from core.schema.levels import written
from core.scoring.reasons import Reason, strongest_reasons
from core.scoring.runs import Run
from core.scoring.scorer import SEPARATOR, Scorer
from core.wording import count as counted

#: What this is a report of, in its mark.
KIND: Final = "scores"
#: Users told one by one, and reasons of each.
TOP: Final = 50
REASONS: Final = 3
#: Features told whose values are missing or outside the training range.
ODD: Final = 20
_NO_CAUSE: Final = (
    "A reason says what moved the score of this model, and by how much (log-odds). It is not a cause, and no proof "
    "that a user is a spammer."
)


def report(home: Home, run: Run, model: Model, live: Figures | None, *, texts: bool = True) -> str:
    """The whole file. model: the one that scored the run; live: what the verdicts say of it, None without a plan;
    texts: whether reasons quote words of what people wrote.

    Raises UnknownItemError when the run has no scores yet.
    """
    dataset = home.datasets.find(run.dataset)
    sections = [_problems(dataset)]
    if run.users:
        scores = home.runs.scores(run.id)
        there = home.datasets.columns(run.dataset)
        words = [name for name in model.encoding.columns if name in there]
        frame = home.datasets.frame(run.dataset, [dataset.id_column, *model.metadata.columns, *words])
        meanings = glossary.load(home.settings.glossary_file)
        top = frame.loc[scores["probability"].nlargest(TOP).index]
        sections = [
            _scores(run, scores["probability"]), *sections, _odd(scores, frame, model, meanings),
            _risks(run, scores, top, dataset.id_column, model, meanings, texts=texts),
        ]  # fmt: skip
        sections += _words(run, scores)
    sections += [*_verdicts(run, live), *_model(model), _replay(run, dataset)]
    return page.html(f"Scores of {run.name}", list(_found(run, model)), sections, KIND)


def _found(run: Run, model: Model) -> Iterator[str]:
    text = ", ".join(f"{count(run.counts[band])} {WORD[band].lower()}" for band in reversed(BANDS[1:]))
    if run.users:
        share = percent(run.flagged / run.users, 2)
        yield f"{count(run.flagged)} of {count(run.users)} users are flagged ({share}): {text}."
    else:
        yield "No row of this file could be scored: every one was rejected."
    yield (
        f"{count(run.received)} users received, {count(run.users)} scored, {count(run.rejected)} rejected. "
        f"{run.model} under {run.policy.version}, {run.id} of {run.created.astimezone(UTC):%-d %b %Y, %H:%M} UTC."
    )
    removed = run.counts["auto_remove"]
    if removed and not run.policy.armed:
        verb = "goes" if removed == 1 else "go"
        yield f"Auto-remove is not armed: its {counted(removed, 'user')} {verb} to human review."
    if model.metadata.notice:
        yield f"{model.version} is {model.metadata.notice}"


def _scores(run: Run, scores: pd.Series[float]) -> Section:
    bins = np.histogram(scores, bins=50, range=(0.0, 1.0))[0]
    above: dict[Band, float] = {BANDS[0]: 0.0, **run.policy.thresholds}
    bands = list(reversed(BANDS))
    table = pd.DataFrame(
        {
            "Band": [label(band) for band in bands],
            "Scored above": [UNKNOWN if band == BANDS[0] else f"{above[band]:g}" for band in bands],
            "Users": [run.counts[band] for band in bands],
            "Share": [percent(run.counts[band] / run.users, 2) for band in bands],
            "What is done": [_action(run.policy, above[band]) for band in bands],
        }
    )
    drawn = charts.score_histogram(bins, run.policy.thresholds, dict(run.counts), theme="light")
    return Section("Who stands where", figure=drawn, table=table)


def _action(policy: Policy, above: float) -> str:
    """What happens to a user who scores just above a threshold."""
    actions = decide(policy, [np.nextafter(above, 1.0)]).actions
    return next(label(band) for band in BANDS if band == actions[0])


def _problems(dataset: Dataset) -> Section:
    heading = "What is odd about the file"
    if not dataset.problems:
        return Section(heading, "Nothing: every row was read as it stands.")
    told = [(each.sentence, each.rows, "rejected" if each.rejected else "kept") for each in dataset.problems]
    text = "Rejected rows have no score. A value that is kept is never changed; missing stays missing."
    return Section(heading, text, table=pd.DataFrame(told, columns=["Problem", "Rows", "What was done"]))


def _odd(scores: pd.DataFrame, frame: pd.DataFrame, model: Model, meanings: Glossary) -> Section:
    """Features by how many users have a value outside the training range, or none."""
    heading, n = "New and missing values", len(scores)
    novel = scores.loc[scores["novel_features"] != "", "novel_features"]
    outside = novel.str.split(SEPARATOR).explode().value_counts()
    trained = {each.name: each for each in model.metadata.features if each.name in model.metadata.columns}
    table = pd.DataFrame({"Feature": list(trained)}).assign(
        outside=[int(outside.get(name, 0)) for name in trained],
        missing=frame[list(trained)].isna().sum().to_numpy(),
        range=[_range(each) for each in trained.values()],
        meaning=[meanings.sentence(name) for name in trained],
    )
    odd = table[table["outside"] + table["missing"] > 0]
    odd = odd.sort_values(["outside", "missing"], ascending=False, kind="stable")
    text = (
        f"{_users(len(novel), n)} a value outside the range that {model.version} was trained on, "
        f"{_users(int((scores['n_missing'] > 0).sum()), n).lower()} a missing one."
    )
    if odd.empty:
        return Section(heading, text)
    if len(odd) > ODD:
        text += f" The {ODD} features with the most of them:"
    names = {"outside": "Outside", "missing": "Missing", "range": "Range in training", "meaning": "Meaning"}
    return Section(heading, text, table=odd.head(ODD).rename(columns=names))


def _range(trained: Trained) -> str:
    if trained.levels is not None:
        return listed(trained.levels.words, most=5)
    low, high = trained.low, trained.high
    return UNKNOWN if low is None or high is None else f"{trained.say(low)} to {trained.say(high)}"


def _word(frame: pd.DataFrame, name: str, at: int) -> str | None:
    word = frame[written(name)].iloc[at] if written(name) in frame else None
    return word if isinstance(word, str) else None


def _users(n: int, of: int) -> str:
    """'12 users (0.24 %) have', 'No user has'."""
    if n <= 1:
        return "1 user has" if n else "No user has"
    return f"{count(n)} users ({percent(n / of, 2)}) have"


def _risks(
    run: Run, scores: pd.DataFrame, top: pd.DataFrame, user: str, model: Model, meanings: Glossary, *, texts: bool
) -> Section:  # fmt: skip
    """The highest scores, each with its strongest reasons in words."""
    features = Scorer(model).matrix(top)
    words = [{name: _word(top, name, at) for name in (*model.metadata.levels, *model.texts)} for at in range(len(top))]
    _, strongest = model.explainer.strongest(features, REASONS)
    known = scores.loc[top.index]
    values = top.reindex(columns=list(model.metadata.names)).to_numpy(np.float64)
    told = [
        "\n".join(_reason(each, texts=texts) for each in reasons)
        for reasons in strongest_reasons(values, strongest, model, meanings, [REASONS] * len(top), words)
    ]
    bands = {str(band): label(band) for band in BANDS}
    table = pd.DataFrame(
        {
            "User": top[user].astype("str").to_numpy(),
            "Score": known["probability"].map(probability).to_numpy(),
            "Band": [bands[band] for band in np.asarray(BANDS)[known["severity"].to_numpy()]],
            "Reasons, strongest first": told,
            "Missing": known["n_missing"].to_numpy(),
            "Outside training": known["novel_features"].str.replace(SEPARATOR, ", ").to_numpy(),
        }
    )
    table = table.loc[:, [bool(table[name].astype(bool).any()) for name in table.columns]]
    which = f"The {len(top)} highest of {count(run.users)} users" if run.users > len(top) else "Everybody"
    return Section("Highest risks", f"{which}, the highest risk first. {_NO_CAUSE}", table=table)


def _reason(reason: Reason, *, texts: bool) -> str:
    """'X19 = 48 (+3.98): high, assumed: count of urgent messages'."""
    if reason.words:
        return reason.text if texts else reason.unquoted
    meaning = f", {reason.meaning}" if reason.meaning else ""
    shown = f"{reason.feature} = {reason.said}"
    return f"{shown} ({signed(reason.contribution)}): {reason.direction}{meaning}"


def _words(run: Run, scores: pd.DataFrame) -> Iterator[Section]:
    """What removed users are told, by what decided."""
    removed = scores.loc[scores["severity"] == BANDS.index("auto_remove"), "decided_by"].value_counts()
    if not run.policy.armed or removed.empty:
        return
    table = pd.DataFrame(
        {
            "Decided by": removed.index.astype("str"), "Users": removed.to_numpy(),
            "What each is told": [run.policy.statement(str(by)) for by in removed.index],
        }
    )  # fmt: skip
    text = "Words of people for each reason. Nothing of the model is in them: no score, no feature."
    yield Section("What removed users are told", text, table=table)


def _verdicts(run: Run, live: Figures | None) -> Iterator[Section]:
    if live is None or not live_tables.judged(live):
        return
    text = (
        f"{live_tables.finding(run.id, live)} {live_tables.progress(live)} Weighted: each judged user stands for as "
        "many as the plan drew it from; intervals are 95 %. Naive: as if those judged were all there are."
    )
    table = live_tables.table(live, label)
    yield Section("What the verdicts say", text, table=table.loc[:, (table != "").any()])


def _model(model: Model) -> Iterator[Section]:
    data, figures = model.metadata.data, model.metadata.figures
    text = (
        f"Trained {model.metadata.created:%-d %b %Y} on {count(data.trained_on)} users of {data.name}. "
        f"From and to: 95 % interval, {count(figures.n)} held-out users, {count(figures.positives)} of them spammers."
    )
    overall = model_tables.overall(figures, first="Figure")
    for name in ("Value", "from", "to"):
        overall[name] = [UNKNOWN if pd.isna(value) else decimal(value, 4) for value in overall[name]]
    yield Section(f"How good {model.version} is", text, table=overall)
    yield Section(
        "At the policy's thresholds", "Users scored above it, with 95 % intervals, on the same held-out users.",
        table=model_tables.at_thresholds(figures, label),
    )  # fmt: skip
    groups = pd.DataFrame([asdict(group) for group in figures.reliability])
    yield Section("Whether scores come true", figure=charts.reliability(groups, theme="light"))


def _replay(run: Run, dataset: Dataset) -> Section:
    """What has to be the same for the scores to be the same."""
    thresholds = ", ".join(f"{WORD[band].lower()} above {above:g}" for band, above in run.policy.thresholds.items())
    facts = {
        "File": run.name, "SHA-256, unpacked": dataset.sha256, "Run": run.id, "Model": run.model,
        "Policy": f"{run.policy.version}: {thresholds}",
    }  # fmt: skip
    return Section(
        "What this rests on", "With these the scores can be made again, to the last bit.",
        table=pd.DataFrame({"What": list(facts), "Which": list(facts.values())}),
    )  # fmt: skip
