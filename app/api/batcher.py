"""What is asked for at the same time is done in one go: many users scored at once, one wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


class Batcher(Generic[Wish, Answer]):
    """As `core.store.group_commit.GroupCommit`, for wishes of an event loop: `serve` runs in one thread of its own.

    Nobody waits for company: a wish alone is served at once, and whoever comes meanwhile is served together next.
    Where `serve` raises for several, each is served again by itself.
    """

    def __init__(self, serve: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self._serve = serve
        self._thread = ThreadPoolExecutor(1, "scoring")
        self._waiting: list[tuple[Wish, asyncio.Future[Answer]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def ask(self, wish: Wish) -> Answer:
        """The answer to this wish, once it has been served; raises what `serve` raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, answer))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve_all())
        return await answer

    def close(self) -> None:
        """Wait for what is being served; nothing can be asked any more."""
        self._thread.shutdown()

    async def _serve_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            if not await self._served(together) and len(together) > 1:
                for each in together:
                    await self._served([each])

    async def _served(self, together: Sequence[tuple[Wish, asyncio.Future[Answer]]]) -> bool:
        """Whether everybody was told; where one of several cannot be served, nobody is."""
        wishes = [wish for wish, _ in together]
        served = asyncio.get_running_loop().run_in_executor(self._thread, self._serve, wishes)
        await asyncio.wait([served])
        if (error := served.exception()) is not None:
            if len(together) == 1:
                _tell(together[0][1], error)
            return False
        for (_, answer), found in zip(together, served.result(), strict=True):
            if not answer.done():  # whoever asked may have gone
                answer.set_result(found)
        return True


def _tell(answer: asyncio.Future[Answer], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
