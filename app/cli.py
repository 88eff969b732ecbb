"""The command line: the same core as the dashboard. Results on stdout or in files, everything else on stderr.

Heavy modules are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from app import guard
from app.commands import (
    accounts,
    api,
    arming,
    backup,
    bench,
    compare,
    data,
    decisions,
    demo,
    diagnostics,
    feedback,
    fetch,
    forget,
    keys,
    learning,
    lists,
    mapping,
    monitoring,
    phrases,
    planning,
    policy,
    prune,
    queue,
    reference,
    registry,
    report,
    rescan,
    score,
    screenshots,
    shadow,
    stream,
    tracking,
    train,
    verify,
    watch_folder,
)
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import HomeOption, home_of
from app.guard import tell
from core import locks
from core.access.endpoints import Logs, Reach
from core.errors import BadOptionError, CancelledError, RefusedError
from core.home import Home
from core.settings import ROOT, dashboard_environment

if TYPE_CHECKING:
    from app.web.load_balancer import LoadBalancer

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Trustdesk: score users, explain each score exactly, act, review and learn. "
    "Without a command it opens the dashboard.",
)

app.add_typer(feedback.app, name="feedback")
app.add_typer(queue.app, name="queue")
app.add_typer(decisions.app, name="decisions")
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(data.app, name="data")
app.add_typer(fetch.app, name="fetch")
app.add_typer(registry.app, name="registry")
app.add_typer(tracking.app, name="tracking")
app.add_typer(policy.app, name="policy")
app.add_typer(lists.app, name="lists")
app.add_typer(mapping.app, name="mapping")
app.add_typer(phrases.app, name="phrases")
app.command()(score.score)
app.command()(report.report)
app.command()(rescan.rescan)
app.command()(rescan.changes)
app.command()(screenshots.screenshots)
app.command()(demo.demo)
app.command()(bench.bench)
app.command()(reference.reference)
app.command()(train.train)
app.command()(train.evaluate)
app.command()(api.api)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(backup.migrate)
app.command()(verify.verify)
app.command()(forget.forget)
app.command()(prune.prune)
feedback.app.command("forget")(forget.forget)
app.command()(learning.retrain)
app.command()(learning.watch)
app.command()(stream.stream)
app.command()(watch_folder.watch_folder)
app.command()(shadow.shadow)
app.command()(monitoring.drift)
app.command()(monitoring.metrics)
policy.app.command("plan")(planning.plan)
policy.app.command("kept")(planning.kept)
policy.app.command("decide")(planning.decide)
policy.app.command("arm")(arming.arm)
policy.app.command("disarm")(arming.disarm)
policy.app.command("standing")(arming.standing)
registry.app.command("compare")(compare.compare)
registry.app.command("robustness")(diagnostics.robustness)
registry.app.command("importance")(diagnostics.importance)
registry.app.command("learning-curve")(diagnostics.learning_curve)


def main() -> None:
    try:
        app(prog_name="python3 -m app")
    finally:
        gc.freeze()  # at its end Python would look at all objects that are left: half a second for nothing


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    home_dir: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the dashboard (8501).")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that draw, for many people at once; more than one need nginx.")
    ] = 1,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name under which the dashboard is reached; may be given several times.")
    ] = None,
) -> None:
    """Open the dashboard, or run one of the commands below."""
    # `--home DIR score ...` is the same as `score --home DIR ...`.
    context.obj = home_dir
    if context.invoked_subcommand is not None:
        return
    home = Home.open(home_dir)
    with guard.command(home):
        Logs.of()  # a level that there is not is said here, and not in each process
        hosts = dashboard_hosts(home, allow_host or ())
        environment = dashboard_environment(home.settings.home, hosts)
        if locks.is_held(home.settings.served("dashboard")):
            tell(
                "Another dashboard serves this workspace already. End one: each counts sign-ins and uploads for itself."
            )
        if workers > 1:
            raise SystemExit(several(workers, port).run(environment))
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "web" / "dashboard.py")]
        command += ["--server.port", str(port)] if port is not None else []
        # Streamlit reads .streamlit/ from the working directory.
        os.chdir(ROOT)
        os.execve(sys.executable, command, environment)  # noqa: S606


def several(workers: int, port: int | None) -> LoadBalancer:
    """Several processes at the address at which one would listen."""
    from app.web.load_balancer import LoadBalancer

    os.chdir(ROOT)  # Streamlit reads .streamlit/ from the working directory
    from streamlit import config

    address = config.get_option("server.address") or "0.0.0.0"  # noqa: S104 - as Streamlit takes no address
    return LoadBalancer(workers, str(address), port if port is not None else int(config.get_option("server.port")))


def dashboard_hosts(home: Home, given: Iterable[str]) -> list[str]:
    """The names of hosts that the dashboard answers to beside this machine's. Raises BadOptionError."""
    from app.web.hosts import Hosts

    names = [*given, *Reach.of().hosts]
    with contextlib.suppress(BadOptionError):  # what is wrong there is said where alerts are sent
        names.append(urlsplit(home.addresses().address).hostname or "")
    return sorted(Hosts.of(names).added)


# What is not ours goes to pytest: `python3 -m app test -k intake`.
@app.command(context_settings={"ignore_unknown_options": True})
def test(
    context: typer.Context,
    slow: Annotated[bool, typer.Option("--slow", help="Also the statistical proofs and other long tests.")] = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Say what the tests reach of app and core.")] = False,
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to pytest.")] = None,
    home_dir: HomeOption = None,
) -> None:
    """Run the tests."""
    from app.devtools.testing import run_tests

    with guard.command(home_of(context, home_dir)):
        raise SystemExit(run_tests(arguments or [], slow=slow, coverage=coverage))


@app.command()
@reads_table
def schema(
    context: typer.Context,
    users: Annotated[str, typer.Argument(help="A file of users, or an address, to infer the columns from.")],
    label: Annotated[str, typer.Option(help="The label column.")],
    id_: Annotated[str | None, typer.Option("--id", help="The id column; without it the row number serves.")] = None,
    positive: Annotated[str | None, typer.Option(help="The label of a spammer, where it cannot be told.")] = None,
    negative: Annotated[
        str | None,
        typer.Option(help="The label of whoever is none; of more than two values each other one is a category."),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A column of what people write, where it is not taken for one.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="What a column is, as NAME=KIND: category, text, flag, date, time, count, real, code or context, "
            "which the model never gets; a date may say how it is written, as in joined=date:%d/%m/%Y.",
        ),
    ] = None,
    test_share: Annotated[
        float | None,
        typer.Option("--test-share", help="Of a new workspace: the share of users that no model learns from."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "--overwrite", help="Replace the schema this workspace has.")
    ] = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Infer the columns of a file and write data/schema.toml."""
    from core.data import infer
    from core.data.proposal import columns
    from core.data.proposal.columns import UnclearColumnError
    from core.data.proposal.label_words import UnclearLabelError
    from core.schema import schema as schemas
    from core.wording import count

    home = home_of(context, home_dir)
    with guard.command(home, new=True), home.fetching.local(users, tell) as file:
        path, name = file.path, file.name
        if home.settings.schema_file.exists() and path.exists() and path.samefile(home.settings.schema_file):
            raise BadOptionError(str(path), f"this is {home.settings.schema_file}, which would be replaced.")
        if home.settings.schema_file.exists() and not force:
            raise RefusedError(f"{home.settings.schema_file} is there already. Add --force to replace it.")
        missing, given = schemas.missing_of(home.settings.schema_file), said.given(home)
        kinds, inferred = [*(kind or []), *(f"{column}=text" for column in text or [])], None
        while inferred is None:  # at a terminal each doubt is asked about; elsewhere the first one ends it
            try:
                inferred = infer.infer(
                    name, path, id=id_, label=label, positive=positive, negative=negative, missing=missing,
                    kinds=kinds, given=given,
                )  # fmt: skip
            except UnclearLabelError as error:
                if not sys.stdin.isatty():
                    raise
                answer = _asked(error.question, list(error.shares))
                positive, negative = (answer, None) if error.option == "positive" else (None, answer)
            except UnclearColumnError as error:
                if not sys.stdin.isatty():
                    raise
                kinds.append(f"{error.column}={error.answers[_asked(error.question, list(error.answers))]}")
        if test_share is not None:
            home.split.choose(test_share)
        schemas.save(inferred.schema, home.settings.schema_file)
        for note in inferred.notes:
            tell(note)
        if inferred.schema.texts and (unstated := home.messages.load().unstated):
            tell(unstated)
        left = columns.left_out(inferred.columns, inferred.reach)
        tell(f"{left} " * bool(left) + f"Wrote {count(len(inferred.schema.features), 'feature')} to "
             f"{home.settings.schema_file}. Look it over, then train.")  # fmt: skip


def _asked(question: str, answers: Sequence[str]) -> str:
    """One of these answers, from whoever sits at the terminal; another one is asked for again."""

    def given(text: str) -> str:
        if text not in answers:
            raise typer.BadParameter(f"Answer {' or '.join(answers)}.")
        return text

    try:
        return str(typer.prompt(question, value_proc=given, err=True))
    except typer.Abort:
        raise CancelledError("The command") from None
