"""The description of the API for programs, OpenAPI: what FastAPI finds, and what any request may be answered with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.api import problem_details
from app.api.access import May
from app.api.middleware import OPEN
from app.api.versions import V1, unversioned
from core.access.accounts import MAY, ROLES, Role

Spec = dict[str, Any]
_PROBLEM: Final = {problem_details.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_ALWAYS: Final = {
    405: "The path is not asked for in this way.", 422: "It is not as described.", 500: "A bug.",
    503: "It cannot be done now: there is no champion, the database is in use, damaged or gone, too many ask, or the "
    "server is being stopped.",
    507: "The disk is full, or may not be written to.",
}  # fmt: skip
_KEYED: Final = {
    401: "There is no key, or it lets nobody in.", 403: "The role of the key does not allow this.",
    421: "It was sent to another host.", 429: "The key was used too often.",
}  # fmt: skip
_WITH_BODY: Final = {
    400: "The body is not JSON as RFC 8259 has it, or not gzip as it says.", 408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is of another kind, or packed in another way.",
}  # fmt: skip
_WRITES: Final = {409: "It contradicts what is there, or the same request is still being carried out."}

#: What the description begins with. Paths of before are told in words alone: described twice, each endpoint would be
#: twice in every client that is generated.
INTRODUCTION: Final = (
    "Score users for the risk of being spammers, explain the scores, review and learn. What is under `/v1` stays as it "
    "is described: it only gains endpoints, optional parameters, fields of answers and codes of failures. Operations "
    "with `x-path-before` also answer at that path, as before there was `/v1`."
)


#: Headers of answers. `required`: each answer of the statuses that have it does.
_HEADERS: Final[Mapping[str, Spec]] = {
    "X-Request-ID": {
        "required": True, "description": "That of the request, or a new one; the log names it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "RateLimit-Policy": {
        "description": 'Of a key with a rate: how many requests (q) in how many seconds (w), as `"key";q=100;w=1`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'Of a key with a rate: how many are left (r), and in how many seconds all are (t), as '
        '`"key";r=99;t=1`.',
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "In how many seconds to send it again.", "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"required": True, "description": "Bearer.", "schema": {"type": "string"}},
    "Allow": {"required": True, "description": "How the path is asked for.", "schema": {"type": "string"}},
    "Accept-Encoding": {"description": "How a body may be packed.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "Where it was given before under the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}  # fmt: skip
#: Those of one status alone.
_OF_STATUS: Final[Mapping[str, tuple[str, ...]]] = {
    "401": ("WWW-Authenticate",), "405": ("Allow",), "409": ("Retry-After",), "415": ("Accept-Encoding",),
    "429": ("Retry-After",), "503": ("Retry-After",),
}  # fmt: skip


def complete(spec: Spec, routers: Sequence[APIRouter], before: Sequence[APIRouter]) -> Spec:
    """Say in a description which problems and headers there may be, where a key is needed, and which roles are let in.

    routers: what is described, under `/v1`; before: those of the paths of before.
    """
    roles = {
        (f"{V1}{route.path}", method.lower()): let_in
        for route, let_in in _let_in(routers) for method in route.methods or ()
    }  # fmt: skip
    answered_before = {route.path for route, _ in _let_in(router for router in before if router in routers)}
    spec["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    spec["components"]["headers"] = dict(_HEADERS)
    for name in ("HTTPValidationError", "ValidationError"):  # how FastAPI would tell of them
        spec["components"]["schemas"].pop(name, None)
    for path, methods in spec["paths"].items():
        for method, about in methods.items():
            about["responses"].pop("422", None)
            told = {
                str(status): {"description": said, "content": _PROBLEM} for status, said in _of(path, method, about)
            }
            about["responses"] |= told
            for status, answer in about["responses"].items():
                names = _headers(path, status, about)
                answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            if unversioned(path) in answered_before:
                about["x-path-before"] = unversioned(path)
            if unversioned(path) not in OPEN:
                about["security"], about["x-roles"] = [{"key": []}], roles[path, method]
    return spec


def resolved(schema: Spec, spec: Spec) -> Spec:
    """The schema itself, or the one it refers to; of several, the first that is referred to."""
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            found: Spec = spec["components"]["schemas"][each["$ref"].rpartition("/")[2]]
            return found
    return schema


def _let_in(routers: Iterable[APIRouter]) -> Iterator[tuple[APIRoute, list[Role]]]:
    """Each route, and the roles that may do all that it asks for."""
    for route in (each for router in routers for each in router.routes if isinstance(each, APIRoute)):
        deeds = [each.call.deed for each in route.dependant.dependencies if isinstance(each.call, May)]
        yield route, [role for role in ROLES if all(deed is None or deed in MAY[role] for deed in deeds)]


def _of(path: str, method: str, about: Spec) -> Iterator[tuple[int, str]]:
    """The problems that a request may end in."""
    yield from _ALWAYS.items()
    if unversioned(path) not in OPEN:
        yield from _KEYED.items()
    if "requestBody" in about:
        yield from _WITH_BODY.items()
    if "{" in path:
        yield 404, "There is no such thing here."
    if method == "post":
        yield from _WRITES.items()


def _headers(path: str, status: str, about: Spec) -> Iterator[str]:
    """Those that an answer may have."""
    yield "X-Request-ID"
    if unversioned(path) not in OPEN:
        yield from ("RateLimit-Policy", "RateLimit")
    if status.startswith("2") and any(each["name"] == "Idempotency-Key" for each in about.get("parameters", ())):
        yield "Idempotent-Replayed"
    yield from _OF_STATUS.get(status, ())
