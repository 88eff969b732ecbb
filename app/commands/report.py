"""`python3 -m app report`: a run as one HTML file, to read, send or print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import Home, Overwrite, report_target, settings_of
from app.guard import tell


def report(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, such as r-0001.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .html.")],
    overwrite: Overwrite = False,
    home: Home = None,
) -> None:
    """Write the report of a run: scores, problems, highest risks with reasons, the model, what the verdicts say."""
    from app.reports import run as run_report
    from core.estimation import live_figures
    from core.feedback import ledger
    from core.registry import registry
    from core.scoring import runs

    settings = settings_of(context, home)
    with guard.command(settings):
        target = report_target(settings, output, run_report.KIND, (), overwrite=overwrite)
        found, known = settings.runs.find(run), settings.ledger
        known.refresh()
        judged = settings.live_figures.figures(found, known.valid())
        text = run_report.report(settings, found, settings.registry.load(found.model), judged)
        target.write_text(text)
        tell(f"Report of {found.id}: {output}")
