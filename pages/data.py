"""Data: the files and runs that this home holds, what depends on them, and what changed from run to run."""

from app import session
from app.components.data.dataset import dataset
from app.components.data.datasets import datasets
from app.components.data.runs import runs
from app.components.shared.heading import page_title

with page_title("Data", "data"):
    session.said()
if (chosen := datasets()) is not None:
    dataset(chosen)
runs()
