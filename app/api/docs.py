"""The documentation of the API at /docs: made here from its description, so that a browser asks nobody else."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterator
from typing import Final

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from app.api.description import Spec, resolved

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f5f8;border-radius:4px}"
    "pre{padding:.75rem;overflow:auto}code{padding:.1rem .3rem}table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}h2{margin-top:2.5rem}"
    "h2 code{font-size:18px;padding:.2rem .5rem}h3{font-size:15px;margin-bottom:.3rem}"
)
#: Nothing from elsewhere, and nothing that runs.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def add_to(app: FastAPI) -> None:
    """Serve the page; it changes only with the program."""

    @functools.cache
    def text() -> str:
        return written(app.openapi())

    async def page() -> HTMLResponse:
        return HTMLResponse(text(), headers={"Content-Security-Policy": _POLICY})

    app.add_api_route("/docs", page, include_in_schema=False, response_class=HTMLResponse)


def written(spec: Spec) -> str:
    """The page of an OpenAPI description."""
    title = _text(spec["info"]["title"])
    head = f'<meta charset="utf-8"><title>{title} API</title><style>{_STYLE}</style>'
    keys = (
        "<p>Show a key as <code>Authorization: Bearer KEY</code>; without any key in the workspace, requests from this "
        'machine need none. The description for programs is at <a href="/openapi.json">/openapi.json</a>. Failures '
        "are problem details (RFC 9457).</p>"
    )
    body = "".join(
        _operation(path, method, about, spec) for path, methods in spec["paths"].items()
        for method, about in methods.items()
    )  # fmt: skip
    intro = f"<h1>{title} API</h1><p>{_text(spec['info']['description'])}</p>{keys}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{intro}{body}{_made_of(spec)}</body></html>'


def _operation(path: str, method: str, about: Spec, spec: Spec) -> str:
    parts = [f"<h2><code>{method.upper()} {_text(path)}</code></h2><p>{_text(about.get('description', ''))}</p>"]
    if roles := about.get("x-roles"):
        parts += [f"<p>Roles: {_text(', '.join(roles))}.</p>"]
    parts += _table("Parameters", _parameters(about))
    for name, schema in _schemas(about, spec):
        parts += _table(name, _fields(schema, spec, optional=name == "Body"), schema.get("description", ""))
        parts += [f"<pre>{_text(json.dumps(each, indent=1))}</pre>" for each in schema.get("examples", ())]
    return "".join(parts)


def _parameters(about: Spec) -> Iterator[tuple[str, str, str]]:
    for each in about.get("parameters", ()):
        yield each["name"], f"{each['in']}, {_kind(each['schema'])}", each.get("description", "")


def _schemas(about: Spec, spec: Spec) -> Iterator[tuple[str, Spec]]:
    """What is sent and what comes back, where it is JSON."""
    sent = about.get("requestBody", {}).get("content", {}).get("application/json")
    if sent:
        yield "Body", resolved(sent["schema"], spec)
    for status, answer in about["responses"].items():
        told = answer.get("content", {}).get("application/json")
        if status.startswith("2") and told:
            yield f"Answer ({status})", resolved(told["schema"], spec)


def _fields(schema: Spec, spec: Spec, *, optional: bool) -> Iterator[tuple[str, str, str]]:
    """optional: whether to say what need not be sent; of an answer everything is there."""
    for name, about in schema.get("properties", {}).items():
        left_out = f", else {json.dumps(about['default'])}" if "default" in about else ", may be left out"
        said = left_out if optional and name not in schema.get("required", ()) else ""
        yield name, _kind(about) + said, resolved(about, spec).get("description", "")


def _made_of(spec: Spec) -> str:
    """What bodies and answers have in them by name."""
    parts = [
        part for name, schema in spec.get("components", {}).get("schemas", {}).items()
        for part in _table(_text(name), _fields(schema, spec, optional=False), schema.get("description", ""))
    ]  # fmt: skip
    return f"<h2>Names used above</h2>{''.join(parts)}"


def _kind(schema: Spec) -> str:
    """The type in a word or two: 'number or null', 'list of RiskFactor'."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("const", schema.get("type", "anything")))


def _table(title: str, rows: Iterator[tuple[str, str, str]], about: str = "") -> list[str]:
    lines = [
        f"<tr><td><code>{_text(name)}</code></td><td>{_text(kind)}</td><td>{_text(said)}</td></tr>"
        for name, kind, said in rows
    ]
    said = f"<p>{_text(about)}</p>" if about else ""
    return [f"<h3>{title}</h3>{said}<table>{''.join(lines)}</table>"] if lines else []


def _text(text: str) -> str:
    """As it stands, and what is in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))
