"""What is to be proven of a band."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import BadOptionError
from core.policy.proof import sequence
from core.policy.proof.change import FALLEN, Rule
from core.policy.proof.reviewer_error import ReviewerError


@dataclass(frozen=True, slots=True)
class Terms:
    """That the precision of the band lies above `target`, with what is known of reviewers. Raises BadOptionError."""

    target: float
    reviewer: ReviewerError

    def __post_init__(self) -> None:
        if not FALLEN < self.target < 1:
            raise BadOptionError("target", f"must be a number above {FALLEN:g} and below 1, not {self.target}.")

    @property
    def share(self) -> float:
        """The share of verdicts that say spammer which is to be surpassed."""
        return self.reviewer.seen(self.target)

    @property
    def rule(self) -> Rule:
        """The change rule that holds once it was."""
        return Rule(self.share, self.reviewer.seen(self.target - FALLEN))

    def error(self, attempt: int) -> float:
        """What the proof before the `attempt`-th arming may go wrong, from 1."""
        return sequence.part_of_error(attempt, sequence.ERROR - self.reviewer.spent)
