"""What routes ask for: the home and what is live in it, who asks, and the key of a request that may come again."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Header, Request

from app.api.access import May
from app.api.serving_state import Live
from core.access.accounts import Person


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


Here = Annotated[Live, Depends(_live)]
Anybody = Annotated[Person, Depends(May())]
MaySee = Annotated[Person, Depends(May("see the workspace"))]
MayPredict = Annotated[Person, Depends(May("predict"))]
MayScore = Annotated[Person, Depends(May("score"))]
MaySendFeedback = Annotated[Person, Depends(May("send feedback"))]
MayJudge = Annotated[Person, Depends(May("judge"))]
MayRetrain = Annotated[Person, Depends(May("retrain"))]
MayExport = Annotated[Person, Depends(May("export decisions"))]
Again = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[!-~]+$",
        description="The same request with the same key is carried out once, and answered alike for 24 hours.",
    ),
]  # fmt: skip
#: For routes that ask for nothing of who asks.
SEES: Final = [Depends(May("see the workspace"))]
