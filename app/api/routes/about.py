"""What this is, whether it lives, what it scores with, and its figures for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.body import StrictRoute
from app.api.dependencies import SEES, Here
from app.api.models.about import About, Health, Meaning, ModelInfo, ModelVersion, Policy, PolicyRule, Ready
from core.monitoring import prometheus
from core.policy.lists import LISTS
from core.registry.metadata import Metadata
from core.schema.glossary import Glossary

router = APIRouter(route_class=StrictRoute, tags=["about"])


@router.get("/")
def about(request: Request, live: Here) -> About:
    """What this is, and whether a key is needed."""
    needed = request.app.state.access.key_needed
    return About(name="Trustdesk", model_version=live.version, key_needed=needed, documentation="/docs")


@router.get("/health")
async def health() -> Health:
    """Whether the server lives."""
    return Health(status="ok")


@router.get("/ready")
def ready(live: Here) -> Ready:
    """Whether a model is live and the database takes writes, so that users can be scored; 503 while either is not."""
    version = live.serving.model.version
    live.check_storage()
    return Ready(status="ready", model_version=version)


@router.get("/model/version", dependencies=SEES)
async def model_version(live: Here) -> ModelVersion:
    """The champion and its figures."""
    model = live.serving.model
    return ModelVersion(version=model.version, last_updated=model.metadata.created, metrics=_figures(model.metadata))


@router.get("/model/info", dependencies=SEES)
def model_info(live: Here) -> ModelInfo:
    """The champion: figures, what its features mean and where they lay in training, and the policy."""
    serving, meanings = live.serving, live.glossary()
    about = serving.model.metadata
    return ModelInfo(
        version=serving.model.version, last_updated=about.created, metrics=_figures(about),
        feature_mapping={name: _meaning(name, meanings) for name in about.names}, categories=_grouped(about, meanings),
        training_ranges={each.name: [each.low, each.high] for each in about.features},
        policy_version=serving.policy.version, thresholds=serving.policy.thresholds,
        trained_on=about.data.trained_on, tested_on=about.data.tested_on, notice=about.notice,
    )  # fmt: skip


@router.get("/policy", dependencies=SEES)
def policy(live: Here) -> Policy:
    """By what users are decided now."""
    found, standing = live.serving.policy, live.serving.lists.values
    counts = {name: sum(len(values) for (list_, _), values in standing.items() if list_ == name) for name in LISTS}
    rules = [
        each | {"conditions": [{"value": None} | one for one in each["conditions"]]}
        for each in found.as_json()["rules"]
    ]
    armed = live.home.automation.last() if found.armed else None
    return Policy.model_validate(
        {
            "version": found.version, "thresholds": found.thresholds, "armed": found.armed, "lists": counts,
            "made_for": found.aims.as_json(),
            "armed_since": armed and armed.at, "armed_by": armed and armed.by, "bound": armed and armed.bound,
            "rules": [{name: each[name] for name in PolicyRule.model_fields} for each in rules],
        }
    )  # fmt: skip


@router.get("/metrics", dependencies=SEES, response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, live: Here) -> Response:
    """The figures of this workspace, and the requests by route, in the text format of Prometheus."""
    text = live.home.exposition.text(now=datetime.now(UTC))
    return Response(text + request.app.state.requests.text(), media_type=prometheus.CONTENT_TYPE)


def _figures(metadata: Metadata) -> dict[str, Any]:
    return metadata.figures.as_json()


def _meaning(name: str, meanings: Glossary) -> Meaning:
    meaning = meanings.meaning(name)
    return Meaning(
        name=meaning.name if meaning else name, description=meaning.description if meaning else "",
        category=meanings.category(name), assumed=bool(meaning and meaning.assumed),
    )  # fmt: skip


def _grouped(metadata: Metadata, meanings: Glossary) -> dict[str, list[str]]:
    groups = defaultdict(list)
    for name in metadata.names:
        groups[meanings.category(name)].append(name)
    return dict(groups)
