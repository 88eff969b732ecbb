"""Work that goes on by itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from app.api.models.shared import Sent, Told, means


class RetrainRequest(Sent):
    """How to learn."""

    how: Annotated[Literal["full", "warm"], means("warm adds trees to the champion.")] = "full"


class Job(Told):
    """Work that goes on by itself."""

    id: Annotated[str, means("Names the job.")]
    title: Annotated[str, means("What it does.")]
    status: Annotated[Literal["waiting", "running", "done", "failed", "cancelled"], means("Where it stands.")]
    done: Annotated[int, means("Steps done.")]
    of: Annotated[int, means("Steps in all; 0 while that is not known.")]
    share: Annotated[float, means("The share of steps done, 0 to 1.")]
    message: Annotated[str, means("What it does now, or why it failed.")]
    result: Annotated[dict[str, Any] | None, means("What came of it; null until it is done.")] = None
