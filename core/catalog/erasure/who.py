"""Who is to be forgotten, and how a text that names that user is told from others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from core.review.cases import FORGOTTEN

#: A shorter id is looked for as a whole value only: in a sentence, "12" is anything.
_LEAST: Final = 4


@dataclass(frozen=True)
class Who:
    """A user, by the id that files have."""

    user: str

    @cached_property
    def _word(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w-]){re.escape(self.user)}(?![\w-])")

    def named_in(self, text: str) -> bool:
        """Whether a text is the id, or has it as a word."""
        return text == self.user or (len(self.user) >= _LEAST and bool(self._word.search(text)))

    def named_within(self, value: Any) -> bool:
        """The same of any text in a value of JSON."""
        return bool(self.struck_within(value) != value)

    def struck(self, text: str) -> str:
        """A text without the id."""
        if text == self.user:
            return FORGOTTEN
        return self._word.sub(FORGOTTEN, text) if len(self.user) >= _LEAST else text

    def struck_within(self, value: Any) -> Any:
        """A value of JSON none of whose texts has the id."""
        if isinstance(value, str):
            return self.struck(value)
        if isinstance(value, dict):
            return {self.struck_within(key): self.struck_within(each) for key, each in value.items()}
        return [self.struck_within(each) for each in value] if isinstance(value, list) else value

    def named_by(self, text: str) -> bool:
        """Whether a text names the user that may be JSON."""
        try:
            return self.named_within(json.loads(text))
        except ValueError:
            return self.named_in(text)


@dataclass(frozen=True, slots=True)
class Part:
    """What goes, or has gone, of one place of a home: `what` of `where`, both in words."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
