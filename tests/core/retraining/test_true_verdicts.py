"""True verdicts on users whom the history holds do not make a model worse: a proof on the bundled users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data import intake, split
from core.evaluation import metrics
from core.feedback.table import FIELDS
from core.home import Home
from core.model.encoding import Encoding
from core.retraining import fit
from core.retraining.training_set import training_set
from core.schema import schema as schemas
from core.settings import DEMO_LABELLED, ROOT
from tests import make
from tests.core.retraining import feeding
from tests.make import SCHEMA

SALT = b"\x5a" * 16
SEEDS = 20
#: Users learnt from; the others judge. Twenty days of reviews, 160 of the highest scores and 40 at random a day.
HISTORY, CERTAIN, RANDOM = 20_000, 3_200, 800


def _verdicts(users: pd.DataFrame, score: np.ndarray, seed: int) -> pd.DataFrame:  # type: ignore[type-arg]
    """What reviewers who know the truth say of those a plan chooses, as `Ledger.effective` gives it."""
    schema = schemas.load(Home.open(ROOT).settings.schema_file)
    assert schema.label is not None
    order = np.argsort(-score, kind="stable")
    drawn = np.random.default_rng(seed).permutation(order[CERTAIN:])[:RANDOM]
    chosen = users.iloc[np.concatenate([order[:CERTAIN], drawn])]
    random = np.arange(len(chosen)) >= CERTAIN
    told = {
        "user": chosen[schema.id].astype(str),
        "verdict": np.where(chosen[schema.label.column] == 1, "spammer", "legitimate"),
        "stratum": np.where(random, "random", "certain"),
        "inclusion": np.where(random, RANDOM / (len(users) - CERTAIN), 1.0),
    }
    return pd.DataFrame(told | {name: chosen[name].astype(float) for name in schema.names})


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_true_verdicts_on_users_of_the_history_cost_no_ranking() -> None:
    home = Home.open(ROOT)
    champion, schema = home.registry.load(), schemas.load(home.settings.schema_file)
    assert schema.label is not None
    demo = home.settings.demo / DEMO_LABELLED
    users = intake.read(demo.name, demo.read_bytes(), schema, need_label=True).frame
    gained = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(users))
        history, judges = users.iloc[np.sort(order[:HISTORY])], users.iloc[order[HISTORY:]]
        label, rows = judges[schema.label.column].to_numpy(float), Encoding().matrix(judges, champion.metadata.names)
        keys = split.keys(history, schema, SALT)
        seen, found = split.fingerprints(keys[~split.in_test(keys)]), []
        feedback = pd.DataFrame(columns=[*FIELDS, *schema.names])
        for _ in ("without verdicts", "with them"):
            learnt = training_set(history, feedback, schema, SALT, seen=seen).learnt
            fitted = fit.full(
                learnt, champion, schema, levels={}, name=demo.name, seed=seed, progress=lambda _what, _share: None
            )
            found.append(metrics.pr_auc(label, fitted.predictor.margin(rows)))
            score = fitted.predictor.margin(Encoding().matrix(history, champion.metadata.names))
            feedback = _verdicts(history, score, seed)
        gained.append(found[1] - found[0])
    mean, half = float(np.mean(gained)), 2.093 * float(np.std(gained, ddof=1)) / np.sqrt(SEEDS)  # t, 19 degrees
    print(f"gain {mean:.5f}, 95 % {mean - half:.5f} to {mean + half:.5f}")  # noqa: T201 - a proof
    assert mean - half <= 0 <= mean + half
    assert mean > -0.002


def test_verdicts_that_repeat_the_history_leave_it_as_it_is_on_their_way_through_the_store(own: Home) -> None:
    dataset = make.learnt_from(own)
    history, salt = own.datasets.frame(dataset.id), own.split.salt()
    feeding.judged(own, history[:400], inclusion=0.05)
    own.ledger.refresh()
    found = training_set(history, own.ledger.effective(), SCHEMA, salt, moved=own.split.moved())

    assert found.replaced == 400
    assert (found.learnt.weight == 1).all()
    assert (found.judges.weight == 1).all()
