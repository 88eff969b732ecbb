"""The reference of the REST API, from its OpenAPI description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Final

from app.api.description import Spec, resolved
from app.api.idempotency import WAITS
from app.api.main import create
from app.api.options import MOST_BATCH_BYTES, MOST_BYTES, MOST_FILE_BYTES, Options
from app.reference.markdown import anchor, code, table
from core.access.accounts import ROLES
from core.access.idempotency import KEPT
from core.home import Home
from core.settings import ROOT

_INTRODUCTION: Final = f"""\
# The REST API

Written by `python3 -m app reference` from the program itself; a server describes itself in the same way at `/docs` to
people and at `/openapi.json` to programs. `python3 -m app api` starts one.

- Bodies and answers are JSON unless another kind is named. Nothing is converted: `"7"` is no number. What is not
  described is refused.
- A key is shown as `Authorization: Bearer KEY`. Without any key in the workspace, and without accounts, requests from
  this machine need none, and may do everything.
- A body may be packed by gzip, with the header `Content-Encoding: gzip`. What is `GET` may be asked for by `HEAD`.
- Under `/v1` a parameter of the query that an endpoint has not, or that is there twice, is refused, and so is a reason
  of a verdict that the guidance has not.
- A key with a rate is told in each answer how often it still may ask, in `RateLimit-Policy` and `RateLimit` as
  [the draft of the IETF](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/) has them; each worker
  counts its share. 429, and 503 while too many ask or the server is being stopped, have `Retry-After` in seconds.
- The largest body is {MOST_BYTES // 10**6} MB, of a batch {MOST_BATCH_BYTES // 10**6} MB, of a file to score \
{MOST_FILE_BYTES // 10**6} MB, each as it is once unpacked.
- Every answer has the header `X-Request-ID`, that of the request or a new one.
- Times are those of ISO 8601 in UTC.
"""
_VERSIONS: Final = """\
## Versions

Paths begin with `/v1`, and what is there stays as it is described. It only gains: endpoints, optional parameters,
headers, fields of answers, codes of failures. So pass over fields that you do not know, and go by the status where you
do not know the code.

A change that would break a client comes as `/v2`, beside `/v1`. From then on `/v1` is answered for 12 months at least.
The changelog says so, and so does every answer: `Deprecation` (RFC 9745) has the day from which `/v1` is advised
against, and `Sunset` (RFC 8594) the day on which it ends. Neither header is sent now, because no end is planned.

What was there before `/v1` is also answered without it, as it always was, and no end of that is planned. These paths
gain nothing, and pass over what `/v1` refuses: {}; and `GET /decisions`, which takes `since` and `most` there and
answers `decisions` and `last`.
"""
_LISTS: Final = """\
## Pages of a list

Cases, runs, scores, the predictions on a user and decisions come in pages of `limit` entries. An answer has `next`:
send it as `cursor`, with the same other parameters, for the page that follows; where it is null there is none. What is
added meanwhile moves nothing from one page to another: it is newer than the first page, and in a list begun again. A
cursor is good for as long as there is the list; any other list refuses it with 422, `bad_cursor`.

All scores of a run at once, as a file, are at `/v1/runs/{run}/export`. Decisions are read on and on: their `next` is
never null, and gives nothing until there are more.
"""
_AGAIN: Final = f"""\
## Sending a request again

Whoever has lost an answer can send the request again without having it carried out twice: with the header
`Idempotency-Key`, a text of one's own choice, new for each request. The same request with the same key is carried out
once by all processes of a server together, and answered alike for {KEPT // timedelta(hours=1)} hours; an answer that is
given again has the header `Idempotent-Replayed: true`.

- The same request has the same method, path, query and body, byte for byte, and comes from the same client: two API
  keys never share an `Idempotency-Key`, while without API keys all programs on this machine are one client. Another
  request with a key that is in use is refused with 422, `key_used`.
- While the first one is being carried out, the same request waits for its answer for up to {WAITS:.0f} seconds; then it
  is refused with 409, `under_way`, and the header `Retry-After`.
- A failure is not kept: after an answer of 400 or above, the key is free.
- This holds when a process is killed or the machine goes down. Users are stored together with the answer that tells of
  them, or not at all; the key of a process that died is free at once, and feedback, a verdict or a retraining that it
  had stored or started is found again. Only `new` of feedback may be false where the machine itself went down.
- Feedback and verdicts are stored under their key for good. Sent again after {KEPT // timedelta(hours=1)} hours, they
  are still stored once: the answer then says so (`new` is false), and something else under the key is refused with 409.
- A file to score is one job for each key, for as long as there is the job. Its answer is not repeated: it tells how far
  the job is now. A job that was cut off has failed for good; send the file under a new key.
- The processes of a server must run on one machine, or on one file system whose locks work across machines.
"""
_KINDS: Final[Mapping[str, str]] = {"date-time": "time", "binary": "file"}


def text() -> str:
    """The whole reference as markdown."""
    spec = create(Home.open(ROOT), Options()).openapi()
    found = [
        (f"{method.upper()} {path}", about)
        for path, methods in spec["paths"].items()
        for method, about in methods.items()
    ]
    rows = ((f"[{code(name)}](#{anchor(name)})", about["description"]) for name, about in found)
    lines = [_INTRODUCTION, *table(("endpoint", "what it does"), rows)]
    before = dict.fromkeys(code(about["x-path-before"]) for _, about in found if "x-path-before" in about)
    lines += [_VERSIONS.format(", ".join(before)), _LISTS, _AGAIN]
    for subject, endpoints in groupby(found, key=lambda each: str(each[1]["tags"][0])):
        lines += [f"## {subject.capitalize()}", ""]
        for name, about in endpoints:
            lines += _endpoint(name, about, spec)
    return "\n".join([*lines, *_named(spec), *_headers(spec), *_failures(spec)]).rstrip() + "\n"


def _endpoint(name: str, about: Spec, spec: Spec) -> list[str]:
    lines = [f"### {name}", "", about["description"], "", f"{_who(about)}", ""]
    lines += _sent(about, spec)
    for status, answer in about["responses"].items():
        if status.startswith("2"):
            lines += _answer(status, answer, spec)
    refused = sorted(status for status in about["responses"] if not status.startswith("2"))
    return [*lines, f"[Failures](#failures): {', '.join(refused)}.", ""]


def _who(about: Spec) -> str:
    """Who may ask, in a sentence."""
    roles = about.get("x-roles")
    if roles is None:
        return "Open to everybody, without a key."
    return f"Role of the key: {'any' if len(roles) == len(ROLES) else ', '.join(roles)}."


def _sent(about: Spec, spec: Spec) -> list[str]:
    rows = (
        (code(each["name"]), each["in"], _kind(each["schema"]), _default(each["schema"], needed=each["required"]),
         each.get("description", ""))
        for each in about.get("parameters", ())
    )  # fmt: skip
    lines = table(("parameter", "where", "type", "default", "meaning"), rows)
    kinds = about.get("requestBody", {}).get("content", {})
    if "application/json" not in kinds:
        return [*lines, f"The body is the file itself, as {', '.join(map(code, kinds))}.", ""] if kinds else lines
    body = resolved(kinds["application/json"]["schema"], spec)
    needed = frozenset(body.get("required", ()))
    lines += table(("body", "type", "default", "meaning"), _fields(body, needed))
    for example in body.get("examples", ()):
        lines += ["```json", json.dumps(example), "```", ""]
    return lines


def _answer(status: str, answer: Spec, spec: Spec) -> list[str]:
    """What comes back: fields of JSON, or in words what else it is."""
    for kind, told in answer.get("content", {}).items():
        if kind == "application/json":
            fields = ((name, type_, said) for name, type_, _, said in _fields(resolved(told["schema"], spec)))
            return table((f"answer ({status})", "type", "meaning"), fields)
        return [f"Answer ({status}): {code(kind)}.", ""]
    return [f"Answer ({status}): nothing. {answer['description']}", ""]


def _fields(schema: Spec, needed: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, str, str]]:
    for name, about in schema.get("properties", {}).items():
        default = _default(about, needed=name in needed)
        yield code(name), _kind(about), default, about.get("description", "")


def _default(schema: Spec, *, needed: bool) -> str:
    if needed:
        return "required"
    return code(json.dumps(schema["default"])) if "default" in schema else ""


def _kind(schema: Spec) -> str:
    """The type in words, with its limits: 'text of 1 to 200 characters or null'."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{anchor(name)})"
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(code(json.dumps(each)) for each in schema.get("enum", [schema.get("const")]))
    made = {"array": _list, "object": _object, "string": _text, "integer": _number, "number": _number}
    return made.get(schema.get("type", ""), _other)(schema)


def _list(schema: Spec) -> str:
    items = schema["items"]
    name = str(items.get("title", "")) if "properties" in items else ""
    inner = f"[{name}](#{anchor(name)})" if name else _kind(items)
    return f"list of {inner}{_between(schema.get('minItems'), schema.get('maxItems'), ' entries', ', ')}"


def _object(schema: Spec) -> str:
    inner = schema.get("additionalProperties")
    most = _between(None, schema.get("maxProperties"), " names", ", ")
    return f"object: name to {_kind(inner)}{most}" if isinstance(inner, dict) else "object"


def _text(schema: Spec) -> str:
    if "format" in schema:
        return _KINDS[schema["format"]]
    return f"text{_between(schema.get('minLength'), schema.get('maxLength'), ' characters', ' of ')}"


def _number(schema: Spec) -> str:
    word = "whole number" if schema["type"] == "integer" else "number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None or high is None or max(abs(low), abs(high)) > 10**18:  # that of float32, which the schema names
        return word
    return f"{word}, {low:,.0f} to {high:,.0f}"


def _other(schema: Spec) -> str:
    return "true or false" if schema.get("type") == "boolean" else str(schema.get("type", "anything"))


def _between(low: int | None, high: int | None, unit: str, start: str) -> str:
    if high is None:
        return ""
    return f"{start}{low:,} to {high:,}{unit}" if low else f"{start}at most {high:,}{unit}"


def _named(spec: Spec) -> list[str]:
    """What fields of bodies and answers refer to by name."""
    schemas = spec["components"]["schemas"]
    # Users of a batch are described where they stand, because each is looked at by itself.
    user = schemas["BatchRequest"]["properties"]["users"]["items"]
    needed = frozenset(user["required"])
    lines = ["## Names used above", "", "### User", "", user["description"], ""]
    lines += table(("field", "type", "default", "meaning"), _fields(user, needed))
    for name in sorted(_referred(schemas)):
        lines += [f"### {name}", "", schemas[name]["description"], ""]
        rows = ((field, kind, said) for field, kind, _, said in _fields(schemas[name]))
        lines += table(("field", "type", "meaning"), rows)
    return lines


def _referred(schemas: Spec) -> set[str]:
    """Names of schemas that others refer to, and that of failures."""
    return {*re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas)), "ProblemDetails"}


def _headers(spec: Spec) -> list[str]:
    rows = ((code(name), about["description"]) for name, about in spec["components"]["headers"].items())
    return ["## Headers of answers", "", *table(("header", "meaning"), rows)]


def _failures(spec: Spec) -> list[str]:
    about = {
        (int(status), answer["description"])
        for methods in spec["paths"].values() for each in methods.values()
        for status, answer in each["responses"].items() if not status.startswith("2")
    }  # fmt: skip
    rows = ((str(status), said) for status, said in sorted(about))
    told = "Every failure is a [ProblemDetails](#problemdetails), of the kind `application/problem+json` (RFC 9457)."
    return ["## Failures", "", told, "", *table(("status", "when"), rows)]
