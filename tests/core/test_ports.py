"""What the seams promise, held by whoever implements them: stores of a home beside ones that keep all in memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from core import ports
from core.data import intake
from core.errors import RefusedError, UnknownItemError
from core.home import Home
from core.model import families
from core.policy.policy import Policy
from core.ports import DatasetStore, PolicyStore
from core.registry import registry
from core.scoring.scorer import Scorer
from tests import make
from tests.make import NOW


class PoliciesInMemory:
    """A `PolicyStore` as somebody else would write it."""

    def __init__(self) -> None:
        self._all, self.saved = [make.policy()], list[tuple[str, datetime]]()

    def deciding(self, model: str) -> Policy:  # noqa: ARG002 - it is never armed
        return self.in_force()

    def in_force(self) -> Policy:
        return self._all[-1]

    def save(self, policy: Policy, *, by: str, now: datetime) -> Policy:
        if policy.version != self.in_force().version:
            raise RefusedError("another one is in force by now")
        self.saved.append((by, now))
        self._all.append(replace(policy, version=f"p{len(self._all) + 1:04d}"))
        return self.in_force()


@pytest.mark.parametrize("made", [lambda home: home.policies, lambda _home: PoliciesInMemory()])
def test_a_policy_store_has_one_in_force_and_lets_nobody_overwrite_what_he_has_not_seen(
    home: Home, made: Callable[[Home], PolicyStore]
) -> None:
    store = made(home)
    first = store.in_force()
    second = store.save(replace(first, review=0.6), by="Lea", now=NOW)

    assert (store.in_force(), second.review) == (second, 0.6)
    assert second.version != first.version
    with pytest.raises(RefusedError):
        store.save(replace(first, review=0.8), by="Ada", now=NOW)


def test_a_dataset_store_gives_back_what_it_was_given_for_ever(home: Home) -> None:
    store: DatasetStore = home.datasets
    checked = intake.read("users.csv", make.csv(make.users(30)), make.SCHEMA)
    dataset = store.put(checked, make.SCHEMA, now=NOW)

    assert store.put(checked, make.SCHEMA, now=NOW) == dataset
    assert store.find(dataset.id) == store.stored()[0] == dataset
    assert store.frame(dataset.id, ["links"])["links"].tolist() == checked.frame["links"].tolist()
    row = store.row_of(dataset.id, "u0-7")
    assert row is not None
    assert store.one(dataset.id, row)["user"] == "u0-7"
    assert store.rows_of(dataset.id, "nobody") == ()
    for ask in (store.find, store.frame, store.rejected):
        with pytest.raises(UnknownItemError):
            ask("0" * 64)


def test_a_model_that_leads_is_the_same_from_its_file_and_its_reasons_add_up(own: Home, tmp_path: Any) -> None:
    model = own.registry.load()
    features = Scorer(model).matrix(make.users(40, seed=8))
    model.predictor.save(tmp_path / registry.TREES)
    content = (tmp_path / registry.TREES).read_bytes()
    again = families.LEADER.loaded(content)
    margin = model.predictor.margin(features)

    assert families.LEADER.features(content) == features.shape[1]
    assert again.rounds == model.predictor.rounds
    for same in (again, again.reloaded()):
        assert (same.margin(features) == margin).all()
    pushes = families.LEADER.explainer(again).contributions(features)
    assert np.abs(pushes.sum(axis=1) + again.bias(features.shape[1]) - margin).max() < 1e-4
    with pytest.raises(ValueError, match=r"^[a-z]"):
        families.LEADER.loaded(content[:100])


def test_every_seam_says_what_it_promises() -> None:
    seams = [each for _, each in inspect.getmembers(ports, inspect.isclass) if each.__module__ == ports.__name__]
    assert {"VerdictStore", "DatasetStore", "PolicyStore", "Predictor", "Explainer", "LeadingFamily"} <= {
        each.__name__ for each in seams
    }
    assert [each.__name__ for each in seams if not each.__doc__] == []
