"""`python3 -m app registry`: which versions there are, which is live, and how that changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, allowed, home_of, name_of, tell_tracking
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.home import Home
    from core.registry.lineage import Promotion
    from core.registry.registry import Listed

app = typer.Typer(no_args_is_help=True, help="Versions of the model: look at them, promote one, take one away.")

Version = Annotated[str, typer.Argument(help="The version, such as v0001.")]
Why = Annotated[str, typer.Option(help="Why, for the audit log.")]


@app.command("list")
def list_versions(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """All versions, newest first; a damaged one is told, with what is wrong."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.registry.listing(home.lineage.history(home.registry.champion()))
        if as_json:
            put(json.dumps([_facts(each) for each in found], indent=1) + "\n")
        else:
            put(_table([_HEAD, *map(_row, found)]) if found else "")
        for each in found:
            if each.damage:
                tell(each.damage)
        if not found:
            tell("No version yet: train one.")
        tell_tracking(home)


@app.command()
def show(
    context: typer.Context,
    version: Version,
    card: Annotated[bool, typer.Option("--card", help="The model card, as markdown.")] = False,
    home_dir: HomeOption = None,
) -> None:
    """What is known about a version, as JSON or as its card."""

    home = home_of(context, home_dir)
    with guard.command(home):
        metadata = home.registry.describe(version)
        if card:
            put(_card(home, version))
        else:
            origin = home.registry.origin(version)
            facts = {"version": version, "in_charge": version == home.registry.champion()}
            facts |= {"pulled": origin.as_json()} if origin else {}
            put(json.dumps(facts | metadata.as_json(), indent=1, ensure_ascii=False) + "\n")


@app.command()
def promote(context: typer.Context, version: Version, why: Why, by: By = None, home_dir: HomeOption = None) -> None:
    """Promote a version: from now on it scores, in every open session too."""

    home = home_of(context, home_dir)
    with guard.command(home):
        warning = home.registry.warning(version)
        before = home.registry.promote(version, by=name_of(by), why=why, now=datetime.now(UTC))
        home.automation.check(now=datetime.now(UTC))
        for caution in home.registry.describe(version).cautions or ():
            tell(f"Caution, {caution.kind}: {caution.sentence}")
        if before == version:
            tell(f"{version} is live already.")
        else:
            tell(f"{version} is live" + (f", {before} was before." if before else "."))
            if warning:
                tell(f"Beware: {warning}")
        tell_tracking(home)


@app.command()
def rollback(context: typer.Context, why: Why, by: By = None, home_dir: HomeOption = None) -> None:
    """Roll back to the version that was before the latest promotion; done again, the one before that."""

    home = home_of(context, home_dir)
    with guard.command(home):
        left = home.registry.champion()
        version = home.registry.rollback(by=name_of(by), why=why, now=datetime.now(UTC), leaving=left)
        home.automation.check(now=datetime.now(UTC))
        tell(f"{version} is live again, in place of {left}.")
        tell_tracking(home)


@app.command()
def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="A version.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another version.")],
    every: Annotated[bool, typer.Option("--all", help="Also what is the same.")] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Facts and figures of two versions side by side."""
    from core.registry import card

    home = home_of(context, home_dir)
    with guard.command(home):
        one, other = home.registry.describe(first), home.registry.describe(second)
        rows = [row for row in card.difference(one, other) if every or not row.same]
        if as_json:
            facts = {row.fact: {first: row.first, second: row.second} for row in rows}
            put(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
        else:
            put(_table([("", first, second), *((row.fact, row.first, row.second) for row in rows)]))
        if not card.same_users(one, other):
            tell("The two were judged on different users: their figures cannot be compared side by side.")


@app.command("export")
def export_version(
    context: typer.Context,
    version: Version,
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder that is not there yet.")],
    as_bundle: Annotated[
        bool, typer.Option("--bundle", help="Four files for other programs: three pickles and the figures.")
    ] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Copy a version and its card into a folder, as another workspace can take it, or as files for other programs."""
    from core import targets
    from core.registry import bundle

    home = home_of(context, home_dir)
    with guard.command(home):
        person = allowed(home, by, "promote")
        targets.new_folder(output, home.kept)
        model = home.registry.load(version)
        write = bundle.export_bundle if as_bundle else bundle.export
        write(model, output, _card(home, version))
        facts = {"to": str(output), "bundle": as_bundle}
        home.audit.note(who=person.name, what="export model", about=version, details=facts, now=datetime.now(UTC))
        tell(f"{version} is in {output}, with its card.")
        if as_bundle:
            tell("Its pickles run code when loaded: pass them on only with word of where they come from.")


@app.command()
def push(
    context: typer.Context,
    version: Version,
    repo: Annotated[
        str,
        typer.Argument(metavar="REPO", help="owner/name on the Hub, made when it is not there; or s3://BUCKET/FOLDER."),
    ],
    public: Annotated[bool, typer.Option("--public/--private", help="Whether everybody may see a repo.")] = False,
    revision: Annotated[str, typer.Option(help="The branch; made when it is not there.")] = "main",
    with_baseline: Annotated[
        bool,
        typer.Option("--with-baseline", help="Also up to 20,000 of the users trained on, and fingerprints of all."),
    ] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Put a version on the Hugging Face Hub, with its card, in one commit; the token is read from HF_TOKEN. Or into a
    folder of a bucket, which then holds this version and no other.
    """
    from core.hub.places import Target

    home = home_of(context, home_dir)
    with guard.command(home):
        target = Target(repo, revision, public, with_baseline)
        tell(home.hub.push(version, target, by=name_of(by), now=datetime.now(UTC)).sentence)


@app.command()
def pull(
    context: typer.Context,
    repo: Annotated[
        str,
        typer.Argument(
            metavar="REPO", help="owner/name on the Hub, s3://BUCKET/FOLDER, or models:/NAME@ALIAS of MLflow."
        ),
    ],
    revision: Annotated[str, typer.Option(help="A branch, a tag or a commit.")] = "main",
    to_promote: Annotated[bool, typer.Option("--promote", help="Promote it at once; say why.")] = False,
    why: Annotated[str, typer.Option(help="Why it is promoted, for the audit log.")] = "",
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Take a version from the Hugging Face Hub, a bucket or MLflow, after checking every file; only data is taken,
    never a pickle.
    """
    from core.hub.places import Source
    from core.registry import registry

    home = home_of(context, home_dir)
    with guard.command(home):
        if why and not to_promote:
            raise BadOptionError("--why", "is the reason to promote it: give --promote too, or leave it out.")
        reason = registry.reason_given(why) if to_promote else ""
        source = Source(repo, revision)
        pulled = home.hub.pull(source, by=name_of(by), now=datetime.now(UTC), why=reason)
        put(pulled.version + "\n")
        tell(pulled.sentence + (f" {pulled.version} is live." if reason else ""))
        tell_tracking(home)


_HEAD = ("Version", "", "Trained", "By", "Users", "PR-AUC", "Parent", "Promoted", "By", "Why")


def _card(home: Home, version: str) -> str:
    from core.registry import card

    promotions = home.lineage.history(home.registry.champion())
    latest = next((each for each in reversed(promotions) if each.version == version), None)
    told, origin = home.registry.describe(version), home.registry.origin(version)
    return card.markdown(version, told, latest, origin, keeping=home.messages.load().sentence)


def _row(listed: Listed) -> tuple[str, ...]:
    from core.registry import card

    mark = ", ".join(["live"] * listed.in_charge + ["pulled"] * (listed.origin is not None))
    promoted = _promoted(listed.promotion)
    if listed.metadata is None:
        return (listed.version, mark, "damaged", "", "", "", "", *promoted)
    known = listed.metadata
    return (
        listed.version, mark, card.moment(known.created), known.trained_by or "–", f"{known.data.trained_on:,}",
        card.figure(known.figures.overall["pr_auc"]), known.parent or "–", *promoted,
    )  # fmt: skip


def _promoted(promotion: Promotion | None) -> tuple[str, str, str]:
    from core.registry import card

    return (card.moment(promotion.at), promotion.by, promotion.why) if promotion else ("–", "–", "–")


def _facts(listed: Listed) -> dict[str, Any]:
    known, promotion = listed.metadata, listed.promotion
    facts: dict[str, Any] = {"version": listed.version, "in_charge": listed.in_charge, "damage": listed.damage or None}
    if listed.origin is not None:
        facts["pulled"] = listed.origin.as_json()
    if known is not None:
        facts |= {
            "trained": known.created.isoformat(), "trained_by": known.trained_by, "parent": known.parent or None,
            "dataset": known.data.name, "sha256": known.data.sha256, "users": known.data.trained_on,
            "pr_auc": known.figures.overall["pr_auc"].as_json(),
        }  # fmt: skip
    if promotion is not None:
        facts["promoted"] = {"at": promotion.at.isoformat(), "by": promotion.by, "why": promotion.why,
                             "before": promotion.before, "what": promotion.what}  # fmt: skip
    return facts


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell; a cell is one line, whatever somebody wrote."""
    from app.words import legible

    plain = [tuple(legible(" ".join(cell.split())) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*plain, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in plain]
    return "".join(f"{line.rstrip()}\n" for line in lines)
