"""`python3 -m app report`: a run as one HTML file, to read, send or print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import HomeOption, Overwrite, WithoutTexts, home_of, report_target
from app.guard import tell


def report(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, such as r-0001.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .html.")],
    without_texts: WithoutTexts = False,
    overwrite: Overwrite = False,
    home_dir: HomeOption = None,
) -> None:
    """Write the report of a run: scores, problems, highest risks with reasons, the model, what the verdicts say."""
    from app.reports import run as run_report

    home = home_of(context, home_dir)
    with guard.command(home):
        target = report_target(home, output, run_report.KIND, (), overwrite=overwrite)
        found, known = home.runs.find(run), home.ledger
        known.refresh()
        judged = home.live_figures.figures(found, known.valid())
        text = run_report.report(home, found, home.registry.load(found.model), judged, texts=not without_texts)
        target.write_text(text)
        tell(f"Report of {found.id}: {output}")
