"""`python3 -m app policy`: the thresholds and rules by which users are decided, in every version."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands.arming import told
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import AsJson, By, HomeOption, Overwrite, Version, allowed, home_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import count

if TYPE_CHECKING:
    from core.estimation.backtest import Backtest
    from core.home import Home
    from core.policy.policy import Policy
    from core.policy.thresholds.promise import Promise

app = typer.Typer(no_args_is_help=True, help="The policy: thresholds and rules, tried before they are put in force.")

#: Changed users that `--json` names; all of them are counted.
MOST = 1_000
Named = Annotated[str | None, typer.Argument(help="A version, such as p0002, or draft; by default the one in force.")]
Comment = Annotated[str, typer.Option(help="Why, for the audit log.")]


@app.command()
def show(context: typer.Context, version: Named = None, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """A policy as TOML, or as JSON with what its plan expected; of the one in force also whether automation removes."""
    from core.policy import document

    home = home_of(context, home_dir)
    with guard.command(home):
        found = _as_armed(home, _named(home, version))
        if as_json:
            promise = _promise(home, version)
            told_of = found.as_json() | ({"plan": promise.as_json()} if promise else {})
            put(json.dumps(told_of, indent=1, ensure_ascii=False) + "\n")
        else:
            put(document.dumps(found))
        if found.version == home.policies.in_force().version and (sentence := told(home)):
            tell(sentence)


@app.command("list")
def list_policies(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """When which version was put in force, by whom and why, newest first."""

    home = home_of(context, home_dir)
    with guard.command(home):
        current, draft = home.policies.in_force().version, home.policies.draft()
        rows = [
            {"version": each.version, "at": each.at.isoformat(), "by": each.by, "comment": each.comment}
            for each in home.policies.history()
        ]
        if as_json:
            known = [each.version for each in home.policies.all()]
            put(json.dumps({"in_force": current, "versions": known, "activations": rows}, indent=1) + "\n")
            return
        for row in rows:
            put("\t".join((row["version"], row["at"], row["by"], row["comment"])) + "\n")
        tell(
            f"{current} is in force." + (f" {draft.by} has a draft, made from {draft.policy.version}." if draft else "")
        )


@app.command()
def export(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .toml file to write.")],
    version: Named = None,
    overwrite: Overwrite = False,
    home_dir: HomeOption = None,
) -> None:
    """Write a policy to a file, to be read, compared and changed."""
    from core.policy import document
    from core.targets import Target

    home = home_of(context, home_dir)
    with guard.command(home):
        found = _as_armed(home, _named(home, version))
        target = Target(output, _is_policy, home.kept, (), overwrite, (".toml",))
        target.claim()
        with target.replacing() as temporary:
            temporary.write_text(document.dumps(found), encoding="utf-8")
        tell(f"{found.version}: {output}")


@app.command("import")
def import_draft(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A policy as `policy export` writes it.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Make a file the draft, in the place of the draft there is; nothing is decided by it until it is activated."""

    home = home_of(context, home_dir)
    with guard.command(home):
        lead, before = allowed(home, by, "change policy"), home.policies.draft()
        policy = _read(home, file)
        home.policies.save_draft(policy, number=before.number if before else 0, by=lead.name, now=datetime.now(UTC))
        _tell_difference(home.policies.in_force(), policy)
        tell("It is the draft now: try it with policy preview, put it in force with policy activate.")


@app.command()
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="A version, or draft.")],
    after: Named = None,
    home_dir: HomeOption = None,
) -> None:
    """What changes from one policy to another, line by line."""
    from core.policy import document

    home = home_of(context, home_dir)
    with guard.command(home):
        changed = document.difference(_named(home, before), _named(home, after))
        put(f"{changed}\n" if changed else "")
        if not changed:
            tell("Nothing differs but the number.")


@app.command()
def preview(
    context: typer.Context,
    run: Annotated[str | None, typer.Option(help="The run to try it on; by default the latest.")] = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Try the draft on the users of a run: who would change action, and what the queue would get."""
    from core.review.guidance import taken

    home = home_of(context, home_dir)
    with guard.command(home):
        draft = _named(home, "draft")
        recent = home.runs.recent(1)
        if run is None and not recent:
            raise BadOptionError("--run", "this workspace has no run yet: score a file first.")
        found = home.runs.find(run) if run else recent[0]
        before = home.policies.deciding(found.model)
        queue = taken(home.guidance.load(), before.aims, draft.aims)
        tried = home.backtests.of_run(found, before, draft, now=datetime.now(UTC))
        if as_json:
            put(json.dumps(as_facts(tried) | {"queue": queue}, indent=1, ensure_ascii=False) + "\n")
            return
        _tell_backtest(tried, as_json=False)
        if queue:
            told_of = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in queue.items())
            tell(f"The queue would get: {told_of}.")


@app.command()
@reads_table
def backtest(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A run, such as r-0001, or a file of labelled users.")],
    rule: Annotated[str | None, typer.Option(help="Try one rule of the draft or of the policy in force.")] = None,
    draft: Annotated[Path | None, typer.Option(help="Try a policy from a file.")] = None,
    model: Version = None,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Try a rule or a policy on users of before: whom it hits, who changes action, how often it is right."""
    from core.estimation.backtest import with_rule

    home = home_of(context, home_dir)
    with guard.command(home):
        if (rule is None) == (draft is None):
            raise BadOptionError("policy backtest", "give either --rule NAME or --draft FILE.")
        before = home.policies.in_force()
        after = before if draft is None else _read(home, draft)
        if rule is not None:
            held = home.policies.draft()
            own = held.policy if held is not None and held.policy.rule(rule) else before
            before, after = with_rule(own, rule)
        _tell_backtest(_tried(home, source, model, before, after, said), as_json=as_json)


@app.command()
def activate(
    context: typer.Context,
    comment: Comment,
    version: Annotated[str, typer.Argument(help="A version of before, such as p0001; by default the draft.")] = "draft",
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Put the draft, or a version of before, in force: from the next user on it decides."""

    home = home_of(context, home_dir)
    with guard.command(home):
        lead, now = allowed(home, by, "change policy"), datetime.now(UTC)
        if version != "draft":
            found = home.policies.activate(version, comment=comment, by=lead.name, now=now)
        else:
            held = home.policies.draft()
            found = home.policies.activate_draft(
                number=held.number if held else 0, comment=comment, by=lead.name, now=now
            )  # fmt: skip
        tell(f"{found.version} is in force.")


@app.command()
def rollback(context: typer.Context, comment: Comment, by: By = None, home_dir: HomeOption = None) -> None:
    """Put the version in force again that was in force before this one."""

    home = home_of(context, home_dir)
    with guard.command(home):
        lead, before = allowed(home, by, "change policy"), home.policies.before()
        if before is None:
            raise BadOptionError("policy rollback", "no other version was ever in force.")
        home.policies.activate(before.version, comment=comment, by=lead.name, now=datetime.now(UTC))
        tell(f"{before.version} is in force.")


@app.command()
def discard(context: typer.Context, by: By = None, home_dir: HomeOption = None) -> None:
    """Throw the draft away."""

    home = home_of(context, home_dir)
    with guard.command(home):
        lead, held = allowed(home, by, "change policy"), home.policies.draft()
        if held is None:
            raise BadOptionError("policy discard", "there is no draft.")
        home.policies.discard_draft(number=held.number, by=lead.name, now=datetime.now(UTC))
        tell("There is no draft any more.")


def _named(home: Home, version: str | None) -> Policy:
    if version is None:
        return home.policies.in_force()
    if version.strip().casefold() != "draft":
        return home.policies.find(version)
    held = home.policies.draft()
    if held is None:
        raise BadOptionError("draft", "there is none: policy import makes a file the draft.")
    return held.policy


def _promise(home: Home, version: str | None) -> Promise | None:
    """What was expected of a version or the draft by its plan."""
    named = _named(home, version).version
    if version is None or version.strip().casefold() != "draft":
        return home.policies.promise(named)
    draft = home.policies.draft()
    return draft.promise if draft else None


def _as_armed(home: Home, policy: Policy) -> Policy:
    """The policy in force as armed as it is; any other one as it is, which removes nobody."""
    now = home.policies.deciding(home.registry.champion() or "")
    return replace(policy, armed=now.armed and now.version == policy.version)


def _read(home: Home, file: Path) -> Policy:
    """The policy of a file, held against the columns of the workspace. Raises BadOptionError."""
    from core.policy import document
    from core.policy.users import Kinds
    from core.schema import schema as schemas

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptionError(str(file), f"it cannot be read: {error}.") from error
    policy = document.loads(text, home.policies.in_force())
    Kinds.of(schemas.load(home.settings.schema_file)).check(policy.rules)
    return policy


def _is_policy(path: Path) -> bool:
    from core.policy import document

    try:
        return document.readable(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def _tried(home: Home, source: str, model: str | None, before: Policy, after: Policy, said: Said) -> Backtest:
    from app.commands import labelled
    from core.remote.addresses import is_address
    from core.schema import schema as schemas

    now = datetime.now(UTC)
    if not is_address(source) and not Path(source).exists():
        return home.backtests.of_run(home.runs.find(source), before, after, now=now)
    with labelled.progressing() as progress:
        dataset = labelled.read(home, source, schemas.load(home.settings.schema_file), progress, said)
    return home.backtests.of_labelled(dataset, home.registry.load(model), before, after, now=now)


def _tell_difference(before: Policy, after: Policy) -> None:
    from core.policy import document

    tell(document.difference(before, after) or f"Nothing differs from {before.version}.")


def _tell_backtest(found: Backtest, *, as_json: bool) -> None:
    if as_json:
        put(json.dumps(as_facts(found), indent=1, ensure_ascii=False) + "\n")
        return
    changed = found.stricter + found.milder
    put(f"{found.about}: {count(len(found.users), 'user')}. {count(changed, 'user')} would change action: ")
    put(f"{found.stricter:,} stricter, {found.milder:,} milder.\n")
    for each in found.rules:
        precision = "nothing judged yet"
        if each.precision.judged:
            told = each.precision
            precision = f"{told.value:.1%} spammers (95 % {told.low:.1%} to {told.high:.1%}, {told.judged:,} judged)"
        hidden = "; hidden by earlier lists and rules" if each.hidden else ""
        put(
            f"{each.rule.name} ({each.rule.state}): {count(each.matched, 'user')}, {each.decided:,} decided by it, "
            f"{each.flagged_by_score:,} flagged by the score; {precision}; "
            f"{each.legitimate:,} known to be legitimate{hidden}.\n"
        )


def as_facts(found: Backtest) -> dict[str, Any]:
    """A backtest as JSON tells it; a share that is not known is null."""
    changes = found.changes()
    return {
        "source": found.about, "users": len(found.users), "before": found.counts(found.before),
        "after": found.counts(found.after), "changed": len(changes), "stricter": found.stricter,
        "milder": found.milder,
        "rules": [
            {
                "name": each.rule.name, "state": each.rule.state, "matched": each.matched, "decided": each.decided,
                "flagged_by_score": each.flagged_by_score, "overlaps": dict(each.overlaps), "hidden": each.hidden,
                "precision": {
                    "value": each.precision.value if each.precision.judged else None, "low": each.precision.low,
                    "high": each.precision.high, "judged": each.precision.judged, "pending": each.precision.pending,
                },
                "known_legitimate": each.legitimate,
            }
            for each in found.rules
        ],
        "changes": changes.head(MOST).reset_index(names="row").to_dict("records"),
    }  # fmt: skip
