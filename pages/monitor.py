"""Monitor: whether what is live is as it was in training, as good as it should be, and keeping up."""

import streamlit as st

from app import session
from app.components.monitor.choice import chosen_run
from app.components.monitor.features import features, then_and_now
from app.components.monitor.over_time import bands, calibration, past, scores, throughput
from app.components.monitor.status import check_now, headline, key_figures, open_incidents, troubles
from app.components.monitor.streams import streams
from app.components.monitor.target import target
from app.components.monitor.texts import texts
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.components.shared.no_model import no_model
from app.queries import monitor, services

latest = services.home().runs.recent(30)
champion = services.champion()
with page_title("Monitor", "monitor") as actions:
    session.said()
if champion is None:
    no_model()
elif not any(run.users for run in latest):
    with empty_state("Nothing to monitor yet", "Score a file: its users are then held against those of training."):
        pass
else:
    with actions:
        check_now()
        target()
    current, over = open_incidents()
    run, queue = chosen_run(latest, champion.version), services.home().volume.queue(now=services.now())
    judged = run if services.planned(run) else services.home().inspection.judged_run()
    report, trend = monitor.report(run), [each for each in latest if not each.test]
    headline(report)
    troubles(current, run)
    key_figures(run, queue, judged)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell(column_span=2):
        features(report)
    with thirds.cell():
        then_and_now(report)
    texts(report)
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        scores(trend)
    with halves.cell():
        bands(trend)
    with halves.cell():
        calibration(judged)
    with halves.cell():
        throughput(queue)
    streams(services.home().stream_statuses.all())
    past(over)
