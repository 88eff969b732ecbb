"""What is asked for at the same time is served in one go, and one that cannot be served harms nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from app.api.batcher import Batcher


async def _asked(gathering: Batcher[int, int], wishes: Sequence[int]) -> list[int | BaseException]:
    try:
        return await asyncio.gather(*map(gathering.ask, wishes), return_exceptions=True)
    finally:
        gathering.close()


def test_whoever_comes_meanwhile_is_served_together_next() -> None:
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def serve(wishes: Sequence[int]) -> list[int]:
        batches.append(list(wishes))
        begun.set()
        go_on.wait(10)
        return [10 * wish for wish in wishes]

    async def everybody() -> list[int]:
        gathering = Batcher(serve)
        first = asyncio.create_task(gathering.ask(0))
        await asyncio.to_thread(begun.wait, 10)
        rest = [asyncio.create_task(gathering.ask(wish)) for wish in (1, 2, 3)]
        await asyncio.sleep(0)
        go_on.set()
        found = [await first, *[await each for each in rest]]
        gathering.close()
        return found

    assert asyncio.run(everybody()) == [0, 10, 20, 30]
    assert batches == [[0], [1, 2, 3]]


def test_one_that_cannot_be_served_harms_nobody_else() -> None:
    def serve(wishes: Sequence[int]) -> list[int]:
        return [10 // wish for wish in wishes]

    found = asyncio.run(_asked(Batcher(serve), [1, 0, 5]))

    assert found[::2] == [10, 2]
    assert isinstance(found[1], ZeroDivisionError)


def test_whoever_has_gone_is_not_told() -> None:
    async def gone() -> int:
        gathering: Batcher[int, int] = Batcher(lambda wishes: [10 * wish for wish in wishes])
        left = asyncio.create_task(gathering.ask(1))
        await asyncio.sleep(0)
        left.cancel()
        found = await gathering.ask(2)
        gathering.close()
        with pytest.raises(asyncio.CancelledError):
            await left
        return found

    assert asyncio.run(gone()) == 20
