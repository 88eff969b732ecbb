"""What bodies and answers have in common."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

#: Text without a zero byte, which spreadsheets, shells and databases take for its end.
NO_ZERO: Final = r"^[^\x00]*$"
#: Something that can be seen in it: at least one character that is no space; and no zero byte.
Said = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Notes = Annotated[str, Field(max_length=10_000, pattern=NO_ZERO)]
Whose = Literal["flagged", "all", "none"]


def means(text: str) -> Any:
    """What a field means, for whoever reads the description of the API."""
    return Field(description=text)


class Sent(BaseModel):
    """What a client sends: nothing is converted, and nothing that is not described is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Told(BaseModel):
    """What a client is told."""

    model_config = ConfigDict(frozen=True)


class ProblemDetails(Told):
    """What went wrong, as RFC 9457 has it."""

    type: Annotated[str, means("urn:trustdesk: and the code.")]
    title: Annotated[str, means("The status in words.")]
    status: Annotated[int, means("The status of HTTP.")]
    detail: Annotated[str, means("A sentence that says what to do.")]
    code: Annotated[str, means("Stable, for programs.")]
    errors: Annotated[list[dict[str, str]], means("Which parts of the request are meant: pointer and detail.")] = []
