"""Errors as problem details (RFC 9457): the one place of the API that turns failures into answers.

`type` is `urn:trustdesk:<code>`; `errors` says which part of what was sent is meant, never what stood there.
"""

from __future__ import annotations

import http
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.api import log
from app.api.versions import unversioned
from core import files
from core.errors import (
    BadOptionError,
    BusyError,
    DamagedDatabaseError,
    DamagedModelError,
    FeaturesError,
    FeatureValueError,
    GoneError,
    KeyRefusedError,
    MigrationError,
    NewerFormatError,
    NotAllowedError,
    RefusedError,
    SchemaError,
    StorageError,
    TrustdeskError,
    UnknownItemError,
    UnknownVersionError,
    UnusableInputError,
    WrongFeaturesError,
)

MEDIA_TYPE: Final = "application/problem+json"
#: Told of one request; the others are like them.
MOST_ERRORS: Final = 20
#: What is not asked for by HEAD, which must change nothing: to look at the next case is to hold it.
NO_HEAD: Final = frozenset({"/cases/next"})
#: The status of each error of ours, by its class or the nearest one above it.
STATUSES: Final[Mapping[type[TrustdeskError], int]] = {
    UnusableInputError: 422,
    UnknownItemError: 404,
    UnknownVersionError: 503,
    SchemaError: 503,
    WrongFeaturesError: 503,
    StorageError: 507,
    BusyError: 503,
    DamagedDatabaseError: 503,
    GoneError: 503,
    NewerFormatError: 503,
    MigrationError: 503,
    DamagedModelError: 503,
    RefusedError: 409,
    NotAllowedError: 403,
    KeyRefusedError: 401,
    TrustdeskError: 500,
}


class Problem(HTTPException):
    """A failure with its status, a short stable code and a sentence."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:  # fmt: skip
        super().__init__(status, detail, dict(headers or {}))
        self.code, self.errors = code, tuple(errors)

    def as_json(self) -> dict[str, Any]:
        phrase = http.HTTPStatus(self.status_code).phrase
        about = {"type": f"urn:trustdesk:{self.code}", "title": phrase, "status": self.status_code}
        told: dict[str, Any] = {"errors": list(self.errors)} if self.errors else {}
        return about | {"detail": self.detail, "code": self.code} | told


def of(error: TrustdeskError) -> Problem:
    """The problem that an error of ours is; its sentence stays."""
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    code = "".join(f"_{each.lower()}" if each.isupper() else each for each in type(error).__name__)
    headers = {"WWW-Authenticate": "Bearer"} if status == http.HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, BusyError):
        headers["Retry-After"] = "1"
    return Problem(status, code.strip("_").removesuffix("_error"), str(error), headers=headers, errors=_about(error))


def _about(error: TrustdeskError) -> list[dict[str, str]]:
    if isinstance(error, FeaturesError):
        told = [(name, "it is missing") for name in error.absent] + [(name, "unknown") for name in error.unknown]
        return [{"pointer": f"#/features/{_escaped(name)}", "detail": said} for name, said in told]
    if isinstance(error, FeatureValueError):
        return [{"pointer": f"#/features/{_escaped(error.option)}", "detail": str(error)}]
    if isinstance(error, BadOptionError):
        return [{"pointer": f"#/{_escaped(error.option)}", "detail": str(error)}]
    return []


def of_validation(errors: Sequence[Any], *, within: Sequence[str] = ()) -> Problem:
    """The problem of a request that is not as the API describes it; errors as pydantic tells them.

    within: where in the request what was looked at stands.
    """
    told = [{"pointer": _pointer((*within, *each["loc"])), "detail": str(each["msg"])} for each in errors[:MOST_ERRORS]]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    detail = f"{told[0]['pointer']}: {told[0]['detail']}{more}. See /docs for what is expected."
    return Problem(422, "not_as_described", detail, errors=told)


def answer(problem: Problem) -> Response:
    """The response that tells of a problem."""
    return Response(
        json.dumps(problem.as_json(), ensure_ascii=True), problem.status_code, problem.headers, MEDIA_TYPE
    )  # fmt: skip


def add_to(app: FastAPI) -> None:
    """Have an app tell of all its failures as problems."""
    handlers = {
        TrustdeskError: _ours, RequestValidationError: _invalid, HTTPException: _http, OSError: _system,
        ClientDisconnect: _gone, Exception: _bug,
    }  # fmt: skip
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TrustdeskError)  # noqa: S101 - what it is registered for
    return answer(of(error))


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    return answer(of_validation(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    if isinstance(error, Problem):
        return answer(error)
    phrase = http.HTTPStatus(error.status_code).phrase
    detail, headers = str(error.detail), dict(error.headers or {})
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this path. See /docs for what there is."
    elif error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        if headers["Allow"] == "GET" and unversioned(request.url.path) not in NO_HEAD:
            headers["Allow"] = "GET, HEAD"
        detail = f"This path takes {headers['Allow']}, and not {request.method[:20]}."
    return answer(Problem(error.status_code, phrase.lower().replace(" ", "_"), detail, headers=headers))


async def _system(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)  # noqa: S101 - what it is registered for
    return answer(of_system(error, request.app.state.home.settings.home))


def of_system(error: OSError, home: Path) -> Problem:
    """The problem that an error of the system is, where storage is to blame; else the error is raised again."""
    failure = files.failure(error, home)
    if failure is None:
        raise error
    log.tell("storage", level=logging.ERROR, why=str(failure))
    return of(failure)


async def _gone(_request: Request, _error: Exception) -> Response:
    return answer(Problem(400, "cut_off", "The body was cut off."))


async def _bug(_request: Request, _error: Exception) -> Response:
    return answer(Problem(500, "bug", "This is a bug of Trustdesk. The details are in the log of the server."))


def _pointer(place: Sequence[int | str]) -> str:
    """Where it is, as a JSON pointer (RFC 6901) into the body, or the name of a parameter."""
    first, *rest = place or ("body",)
    if first != "body":
        return f"{first} {'.'.join(map(str, rest))}".strip()
    return "#" + "".join(f"/{_escaped(str(each))}" for each in rest)


def _escaped(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:100].replace("~", "~0").replace("/", "~1")
