"""Metrics: in the grammar of the text format, equal to what the home holds, and all that the dashboard asks for."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from app.api import http_metrics
from core import locks
from core.errors import NewerFormatError
from core.monitoring import prometheus
from core.monitoring.prometheus import METRICS, Sample
from core.monitoring.stream_status import StreamStatus
from core.settings import ROOT
from tests import make
from tests.core.review.reviewing import fresh, judge, planned, scored, waiting
from tests.make import NOW


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The samples, each of which belongs to a metric that is told."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, tuple(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters='\n"\\'), max_size=20))
def test_any_name_of_a_feature_comes_back_as_it_was(name):
    text = prometheus.written([Sample("trustdesk_feature_psi", 0.1 + 0.2, {"feature": name})])
    assert read(text) == {("trustdesk_feature_psi", (("feature", name),)): 0.1 + 0.2}


def test_what_is_not_known_has_no_sample(home):
    assert prometheus.written([Sample("trustdesk_precision", float("nan"))]) == ""
    found = read(home.exposition.text(now=NOW))
    assert found["trustdesk_runs_total", ()] == 0
    assert not [name for name, _ in found if name in {"trustdesk_champion_info", "trustdesk_score_psi"}]


def test_the_metrics_say_what_the_home_holds(own):
    run = planned(own, make.users(300, seed=4), capacity=4, audit=0.05)
    scored(own, make.users(90, seed=5).assign(links=[*range(87), "many", "many", "many"]))
    judge(own, waiting(own)[0], "legitimate")
    found = read(own.exposition.text(now=NOW + timedelta(hours=3)))
    assert found["trustdesk_champion_info", (("version", "v0001"),)] == 1
    assert found["trustdesk_runs_total", ()] == 2
    second = own.runs.recent()[0]
    assert found["trustdesk_rows_rejected_total", ()] == second.rejected == 3
    allowed = run.counts["allow"] + second.counts["allow"]
    assert found["trustdesk_users_scored_total", (("band", "allow"),)] == allowed
    assert found["trustdesk_last_run_timestamp_seconds", ()] == NOW.timestamp()
    assert found["trustdesk_verdicts_total", (("verdict", "legitimate"),)] == 1
    assert found["trustdesk_queue_open", ()] == len(waiting(own))
    assert found["trustdesk_queue_oldest_seconds", ()] == 3 * 3600
    report = own.drift.of_run()
    assert found["trustdesk_score_psi", ()] == report.score.psi
    assert found["trustdesk_feature_psi", (("feature", "links"),)] == next(
        each.psi for each in report.features if each.name == "links"
    )
    figures = own.live_figures.figures(run, fresh(own).valid())
    assert own.inspection.judged_run().id == run.id
    assert found["trustdesk_recall", (("run", run.id), ("which", "high"))] == figures.recall.high
    assert ("trustdesk_precision", (("run", run.id), ("which", "value"))) not in found


def test_what_is_deleted_or_withdrawn_was_still_counted(own):
    run = scored(own, make.users(90, seed=5).assign(links=[*range(87), "many", "many", "many"]))
    judged = planned(own, make.users(300, seed=4), capacity=4, audit=0.05)
    verdict = judge(own, waiting(own)[0], "legitimate")
    before = grown(own)
    own.runs.remove(run.id)
    own.verdicts.undo([verdict.id], by="Ada", now=NOW)
    after = grown(own)
    assert after == before | {("trustdesk_verdicts_stored_total", ()): 2.0}
    assert before["trustdesk_runs_total", ()] == 2
    assert before["trustdesk_rows_rejected_total", ()] == 3
    assert read(own.exposition.text(now=NOW))["trustdesk_verdicts_total", (("verdict", "legitimate"),)] == 0
    assert own.runs.recent() == (judged,)


def test_streams_say_how_far_they_are_and_what_waits_while_somebody_reads_them(own):
    found = StreamStatus("orders", "redis", 7, 1, 2, 5, None, NOW, NOW + timedelta(seconds=2), NOW)
    own.stream_statuses.write(found)
    label = (("stream", "orders"),)
    samples = read(own.exposition.text(now=NOW))
    assert samples["trustdesk_stream_running", label] == 0
    assert ("trustdesk_stream_waiting_messages", label) not in samples
    with locks.held_now(own.stream_statuses.lock("orders")):
        samples = read(own.exposition.text(now=NOW))
        assert own.stream_statuses.all() == (replace(found, running=True),)
    assert samples["trustdesk_stream_running", label] == 1
    assert samples["trustdesk_stream_decided_total", label] == 7
    assert samples["trustdesk_stream_dead_letters_total", label] == 2
    assert samples["trustdesk_stream_waiting_messages", label] == 5
    assert ("trustdesk_stream_behind_seconds", label) not in samples
    assert samples["trustdesk_stream_last_batch_timestamp_seconds", label] == NOW.timestamp()
    assert found.rate == 3.5


def test_a_status_of_a_newer_program_is_refused(own):
    own.stream_statuses.write(StreamStatus("orders", "redis", 7, 1, 2, 5, None, NOW, NOW))
    path = own.settings.streams / "orders.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 7'), encoding="utf-8")
    with pytest.raises(NewerFormatError, match=r"data/streams/orders\.json"):
        own.stream_statuses.all()


def grown(home):
    """All samples of what only grows."""
    counters = {name for name, (kind, _) in METRICS.items() if kind == "counter"}
    return {key: value for key, value in read(home.exposition.text(now=NOW)).items() if key[0] in counters}


def test_counters_end_as_prometheus_asks_and_every_metric_is_told():
    for name, (kind, said) in {**METRICS, **http_metrics.METRICS}.items():
        assert re.fullmatch(r"trustdesk_[a-z_]+", name)
        # The one that may fall has the name that it was given as a counter.
        assert name.endswith("_total") == (kind == "counter" or name == "trustdesk_verdicts_total")
        assert said.endswith(".")


@pytest.fixture(scope="module")
def dashboard():
    return json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text(encoding="utf-8"))


def test_the_dashboard_asks_for_all_metrics_and_no_others(dashboard):
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = {name.removesuffix("_bucket") for name in re.findall(r"trustdesk_[a-z_]+", " ".join(asked))}
    assert names == METRICS.keys() | http_metrics.METRICS.keys()
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    assert set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(dashboard["panels"]))) <= variables
    for panel in dashboard["panels"]:
        counters = [name for name, (kind, _) in {**METRICS, **http_metrics.METRICS}.items() if kind != "gauge"]
        for target in panel["targets"]:
            grows = target["expr"].count("increase(") + target["expr"].count("rate(")
            assert grows == sum(target["expr"].count(name) for name in counters)


def test_no_panel_covers_another(dashboard):
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
