"""The figures of a home as Prometheus reads them: the text format 0.0.4, made anew at every scrape.

https://prometheus.io/docs/instrumenting/exposition_formats/. What is not known has no sample; names are never changed.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from sqlalchemy import select

from core.delivery.sender import Sender
from core.errors import StorageError
from core.estimation.estimate import Estimate
from core.estimation.live_figures import LiveFigures
from core.feedback.ledger import Ledger
from core.monitoring.drift import Drift, DriftWatch
from core.monitoring.incidents import KINDS, Incidents
from core.monitoring.inspection import Inspection
from core.monitoring.stream_status import StreamStatuses
from core.monitoring.volume import Volume
from core.policy.bands import BANDS
from core.registry.registry import Registry
from core.scoring.runs import GROWS
from core.store import numbered, tables
from core.store.database import Database

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
Family = CounterMetricFamily | GaugeMetricFamily
_FAMILIES: Final[Mapping[str, type[Family]]] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
#: Every metric there is, its kind and what it says; `deploy/grafana/dashboard.json` asks for these names.
METRICS: Final[Mapping[str, tuple[Literal["counter", "gauge"], str]]] = {
    "trustdesk_champion_info": ("gauge", "1 for the live version."),
    "trustdesk_database_writable": ("gauge", "1 while the database takes writes, 0 while it does not."),
    "trustdesk_database_readable": (
        "gauge",
        "1 while the database answers; while it is 0, all that is stored is left out.",
    ),
    "trustdesk_runs_total": ("counter", "Runs so far, with those deleted since."),
    "trustdesk_users_scored_total": ("counter", "Users scored so far, by band, with those of runs deleted since."),
    "trustdesk_rows_rejected_total": ("counter", "Rows turned away so far, with those of runs deleted since."),
    "trustdesk_last_run_timestamp_seconds": ("gauge", "When the last run was made."),
    "trustdesk_verdicts_stored_total": ("counter", "Verdicts so far, replaced, withdrawn and forgotten ones too."),
    "trustdesk_verdicts_total": ("gauge", "Verdicts that stand, by what they say; fewer when one is withdrawn."),
    "trustdesk_queue_open": ("gauge", "Users who wait for a review."),
    "trustdesk_queue_late": ("gauge", "Of them, those over the service level."),
    "trustdesk_queue_oldest_seconds": ("gauge", "How long the first of them has waited."),
    "trustdesk_score_psi": ("gauge", "PSI of the score against the training baseline."),
    "trustdesk_feature_psi": ("gauge", "PSI of a feature against the training baseline."),
    "trustdesk_drifted_features": ("gauge", "Features, and the score, that have drifted, of those in use."),
    "trustdesk_precision": ("gauge", "Share of spammers among users flagged for review, and the ends of its interval."),
    "trustdesk_recall": ("gauge", "Share of spammers who are flagged for review, and the ends of its interval."),
    "trustdesk_decisions_waiting": ("gauge", "Decisions that the webhook has not taken yet."),
    "trustdesk_decisions_refused": ("gauge", "Decisions that the webhook has refused for good."),
    "trustdesk_stream_running": ("gauge", "1 while a process reads the stream, 0 while none does."),
    "trustdesk_stream_decided_total": ("counter", "Messages decided since the process of the stream began."),
    "trustdesk_stream_dead_letters_total": ("counter", "Dead letters since the process of the stream began."),
    "trustdesk_stream_waiting_messages": ("gauge", "Messages that wait in the source, where it can say."),
    "trustdesk_stream_behind_seconds": ("gauge", "How long what waits in the source has waited, where it can say."),
    "trustdesk_stream_last_batch_timestamp_seconds": ("gauge", "When the stream last decided on a batch."),
    "trustdesk_incidents_open": ("gauge", "Open incidents, by kind."),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric."""

    metric: str
    value: float
    labels: Mapping[str, str] = field(default_factory=lambda: _NO_LABELS)


@dataclass(frozen=True, slots=True, eq=False)
class Exposition:
    """The metrics of a home, in the text format of Prometheus."""

    database: Database
    drift: DriftWatch
    incidents: Incidents
    inspection: Inspection
    ledger: Ledger
    live_figures: LiveFigures
    registry: Registry
    sender: Sender
    streams: StreamStatuses
    volume: Volume

    def text(self, *, now: datetime) -> str:
        """All metrics of a home. Raises what `registry.load` raises when the champion is damaged."""
        return written(self.samples(now=now))

    def samples(self, *, now: datetime) -> Iterator[Sample]:
        """Every sample of a home, in no order."""
        writable, readable = (_holds(each) for each in (self.database.check_writable, self.database.check_readable))
        yield Sample("trustdesk_database_writable", writable)
        yield Sample("trustdesk_database_readable", readable)
        if (version := self.registry.champion()) is not None:
            yield Sample("trustdesk_champion_info", 1, {"version": version})
        if readable:
            with contextlib.suppress(StorageError):  # it went away meanwhile: what is known by then is told
                yield from self._stored(now)

    def _stored(self, now: datetime) -> Iterator[Sample]:
        yield from self._scored()
        yield from self._verdicts()
        waiting = self.volume.queue(now=now, days=1)
        yield Sample("trustdesk_queue_open", waiting.open)
        yield Sample("trustdesk_queue_late", waiting.late)
        yield Sample("trustdesk_queue_oldest_seconds", 3600 * waiting.oldest_hours)
        if (left := self.sender.backlog()) is not None:
            yield Sample("trustdesk_decisions_waiting", left.waiting)
            yield Sample("trustdesk_decisions_refused", left.dead)
        if (run := self.drift.latest()) is not None:
            yield from _drift(self.drift.of_run(run.id))
        yield from self._live()
        yield from self._streams()
        open_ = [each.finding.kind for each in self.incidents.recent() if each.open]
        yield from (Sample("trustdesk_incidents_open", open_.count(kind), {"kind": kind}) for kind in KINDS)

    def _scored(self) -> Iterator[Sample]:
        columns = [tables.runs.c[name] for name in ("created", "rejected", "counts")]
        whole = select(*columns).where(tables.runs.c.dataset != GROWS).order_by(tables.runs.c.number)
        with self.database.connect() as connection:
            rows, gone = connection.execute(whole).all(), Counter(numbered.deleted_runs(connection))
        yield Sample("trustdesk_runs_total", gone["runs"] + len(rows))
        yield Sample("trustdesk_rows_rejected_total", gone["rejected"] + sum(row.rejected for row in rows))
        for band in BANDS:
            users = gone[band] + sum(row.counts[band] for row in rows)
            yield Sample("trustdesk_users_scored_total", users, {"band": band})
        if rows:
            at = datetime.fromisoformat(rows[-1].created).astimezone(UTC)
            yield Sample("trustdesk_last_run_timestamp_seconds", at.timestamp())

    def _verdicts(self) -> Iterator[Sample]:
        known = self.ledger
        known.refresh()
        counts = known.effective()["verdict"].value_counts()
        yield Sample("trustdesk_verdicts_stored_total", int(known.position))
        for verdict in ("spammer", "legitimate", "unsure"):
            yield Sample("trustdesk_verdicts_total", int(counts.get(verdict, 0)), {"verdict": verdict})

    def _streams(self) -> Iterator[Sample]:
        for each in self.streams.all():
            label = {"stream": each.name}
            yield Sample("trustdesk_stream_running", each.running, label)
            yield Sample("trustdesk_stream_decided_total", each.decided, label)
            yield Sample("trustdesk_stream_dead_letters_total", each.dead, label)
            if each.last is not None:
                yield Sample("trustdesk_stream_last_batch_timestamp_seconds", each.last.timestamp(), label)
            if each.running:  # of one that nobody reads, nobody knows what waits
                waiting, behind = each.waiting, each.behind_seconds
                yield Sample("trustdesk_stream_waiting_messages", math.nan if waiting is None else waiting, label)
                yield Sample("trustdesk_stream_behind_seconds", math.nan if behind is None else behind, label)

    def _live(self) -> Iterator[Sample]:
        run = self.inspection.judged_run()
        live = None if run is None else self.live_figures.live(run, self.ledger.valid())
        if run is None or live is None:
            return
        figures = live.figures
        for metric, figure in (("trustdesk_precision", figures.precision), ("trustdesk_recall", figures.recall)):
            for which, value in _ends(figure).items():
                yield Sample(metric, value, {"run": run.id, "which": which})


def written(found: Iterable[Sample]) -> str:
    """Samples in the text format, a metric at a time; NaN is left out.

    >>> written([Sample("trustdesk_queue_open", 3)]).splitlines()[-1]
    'trustdesk_queue_open 3.0'
    """
    registry = CollectorRegistry()
    registry.register(_Scrape(found))
    return generate_latest(registry).decode("utf-8")


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except StorageError:
        return False
    return True


def _drift(found: Drift) -> Iterator[Sample]:
    yield Sample("trustdesk_score_psi", found.score.psi)
    yield from (Sample("trustdesk_feature_psi", each.psi, {"feature": each.name}) for each in found.features)
    yield Sample("trustdesk_drifted_features", len(found.found("drifted")))


def _ends(figure: Estimate) -> dict[str, float]:
    value = figure.value if figure.enough else float("nan")
    return {"value": value, "low": figure.low, "high": figure.high}


@dataclass(frozen=True, slots=True, eq=False)
class _Scrape:
    """A collector of prometheus_client for one scrape."""

    found: Iterable[Sample]

    def collect(self) -> Iterable[Family]:
        families: dict[str, Family] = {}
        for each in self.found:
            if math.isnan(each.value):
                continue
            if each.metric not in families:
                kind, said = METRICS[each.metric]
                families[each.metric] = _FAMILIES[kind](each.metric, said, labels=list(each.labels))
            families[each.metric].add_metric(list(each.labels.values()), each.value)
        return families.values()
