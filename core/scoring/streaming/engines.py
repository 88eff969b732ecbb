"""Who scores the blocks of a file; whoever does it, the bytes are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from core.data.streaming.ahead import ahead
from core.data.streaming.reading import Block
from core.registry.registry import Model
from core.scoring.scorer import Scored, Scorer


class Engine(Protocol):
    """Scores the users of blocks."""

    def scored(self, blocks: Iterator[Block], model: Model, top: int) -> Iterator[tuple[Block, Scored | None]]:
        """The blocks in their order, each with the scores and up to `top` reasons of its users; None where it has none.

        What goes wrong in reading is raised here.
        """


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """This process: while a block is scored, the next one is read."""

    def scored(self, blocks: Iterator[Block], model: Model, top: int) -> Iterator[tuple[Block, Scored | None]]:
        for block in ahead(blocks):
            yield block, None if block.frame.empty else Scorer(model).score(block.frame, top=top)


HERE: Final = LocalEngine()
