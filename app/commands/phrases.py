"""`python3 -m app phrases`: the owner's words and patterns that are counted in texts, before and after training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands.shared import AsJson, HomeOption, home_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import count

if TYPE_CHECKING:
    from core.text.lists.phrases import Phrases

app = typer.Typer(no_args_is_help=True, help="Phrases: the owner's words and patterns, counted in texts as evidence.")


@app.command()
def check(
    context: typer.Context,
    text: Annotated[str | None, typer.Option(help="A text in which to look for them, to see what they find.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Another file than data/phrases.toml.")] = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Whether data/phrases.toml can be used, and what is in it; the next training counts by it. Changes nothing."""
    from core.text.lists import phrases

    home = home_of(context, home_dir)
    with guard.command(home):
        place = file or home.settings.phrases_file
        found = phrases.load(place)
        if found is None:
            raise BadOptionError(phrases.FILE, f"there is none in {place.parent}, or it names no phrase.")
        hits = [] if text is None else [(each.category, text[each.start : each.end]) for each in found.hits(text)]
        if as_json:
            put(json.dumps(_facts(found) | {"found": hits}, indent=1, ensure_ascii=False) + "\n")
            return
        _put(found)
        for category, where in hits:
            put(f"found\t{category}\t{json.dumps(where, ensure_ascii=False)}\n")
        champion = home.registry.champion()
        live = next(iter(home.registry.load(champion).phrases.values()), None) if champion else None
        if champion and (live is None or live.digest != found.digest):
            other = "another list" if live else "none"
            tell(f"{champion}, which is live, counts by {other}: train to use this one.")


@app.command()
def show(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="A version; by default the live one.")] = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """The list that a version was trained with, and counts by for ever; as it was written, with --json in figures."""
    home = home_of(context, home_dir)
    with guard.command(home):
        model = home.registry.load(version)
        found = next(iter(model.phrases.values()), None)
        if found is None:
            raise BadOptionError("version", f"{model.version} counts no phrases: it was trained without a list.")
        put(json.dumps(_facts(found), indent=1, ensure_ascii=False) + "\n" if as_json else found.source)


def _put(found: Phrases) -> None:
    for category in found.categories:
        put(f"{category}\t{count(found.number(category), 'phrase')}\n")
    put(f"sha256\t{found.digest}\n")


def _facts(found: Phrases) -> dict[str, Any]:
    return {"categories": {each: found.number(each) for each in found.categories}, "sha256": found.digest}
