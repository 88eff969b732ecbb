"""Requests read strictly: bodies that are JSON and nothing but JSON (RFC 8259), queries of what is described alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from app.api.problem_details import Problem
from app.api.versions import versioned

#: Levels of lists and objects in each other; what the API describes has five at most.
MOST_DEPTH: Final = 100


def parse(body: bytes) -> Any:
    """What a body says.

    Raises Problem (400) for what is no UTF-8, no JSON, a name used twice in one object, NaN and infinities, which JSON
    does not have, half a character, and for more than MOST_DEPTH levels.
    """
    try:
        text = body.decode()
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        if "\\u" in text:  # only so can half a surrogate pair come in
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise Problem(400, "not_utf8", "The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise Problem(400, "half_a_character", "The body holds half of a character, which no text can.") from None
    except json.JSONDecodeError as error:
        raise Problem(400, "not_json", f"The body is not JSON: {error.msg}, at character {error.pos}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # a whole number of thousands of digits
        raise Problem(400, "not_a_number", "The body holds a number that is too long to be read.") from None
    if _deeper(found, MOST_DEPTH):
        raise _too_deep()
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem(400, "name_twice", "The body names something twice in one object, so that it is not clear.")
    return found


def _no_number(word: str) -> float:
    raise Problem(400, "not_a_number", f"{word} is no JSON. Write null where a number is not known.")


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"The body has more than {MOST_DEPTH} levels of lists and objects in each other.")


def _deeper(found: Any, levels: int) -> bool:
    """Whether there are more levels than that."""
    layer = [found]
    for _ in range(levels + 1):
        layer = [each for one in layer for each in _inside(one) if isinstance(each, dict | list)]
        if not layer:
            return False
    return True


def _inside(one: Any) -> Iterable[Any]:
    return one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


class _StrictRequest(Request):
    async def json(self) -> Any:
        return parse(await self.body())


class StrictRoute(APIRoute):
    """A route whose body is read by `parse`, and which takes nothing that is not called JSON; under `/v1` no parameter
    that it has not.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler, takes_json = super().get_route_handler(), self.body_field is not None
        names = tuple(each.alias for each in self.dependant.query_params)

        async def strict(request: Request) -> Response:
            if versioned(request.scope["path"]):
                _check_query(request, names)
            if takes_json and _has_body(request) and not _says_json(request):
                raise Problem(415, "not_called_json", "Send JSON, with the header Content-Type: application/json.")
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


def _check_query(request: Request, names: Sequence[str]) -> None:
    """Raises Problem (422) for a parameter that is none of these, or that is there twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in names:
            there = f"There are {', '.join(names)}." if names else "There are none."
            raise _wrong(name, "unknown_parameter", f"there is no such parameter here. {there}")
        if given.count(name) > 1:
            raise _wrong(name, "parameter_twice", "it is there twice, so that it is not clear.")


def _wrong(name: str, code: str, why: str) -> Problem:
    return Problem(422, code, f"{name[:100]}: {why}", errors=[{"pointer": f"query {name[:100]}", "detail": why}])


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _says_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
