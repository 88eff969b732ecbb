"""Train: learn from labelled users, and every training run of this home."""

from app import session
from app.components.learning.retraining import retraining
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.components.train.about import about
from app.components.train.columns import columns
from app.components.train.request import refused, request, start
from app.components.train.runs import chosen, runs
from app.components.train.under_way import under_way
from app.queries import services

with page_title("Train", "train") as actions:
    session.said()
if session.may("train"):
    if services.has_schema():
        start(request(), actions)
    else:
        columns()
refused()
retraining()
found = services.home().training_runs.listed()
busy = under_way(found[0] if found else None)
if found:
    champion, picked = services.home().registry.champion(), chosen(found)
    runs(found, picked, champion)
    about(picked, champion)
elif not busy and services.has_schema():
    with empty_state("Nothing trained yet", "Choose labelled users and press Train; each run is kept and listed here."):
        pass
