"""Exact path-dependent SHAP values of trees, in log-odds: how much each feature pushed each score.

Contributions plus the trees' own bias equal the margin. Few rows go to XGBoost itself (2 ms for one);
many to woodelf, which is about ten times faster but needs seconds to prepare the trees. SHAP values of an
ensemble are the sum of those of its trees, so two processes take half of the trees each.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import StorageError, TrustdeskError
from core.model.learner import Matrix
from core.model.trees import Trees, loaded
from core.settings import ROOT

#: Rows below which XGBoost's own, slower algorithm is done first: preparing the trees takes woodelf 3 s.
FEW_ROWS: Final = 1_000
#: Rows explained at a time: bounds the memory, and is how often progress is told.
CHUNK: Final = 60_000
#: Told how many rows of how many are explained so far.
Progress = Callable[[int, int], None]
Contributions = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TreeExplainer:
    """An `Explainer` of trees."""

    trees: Trees

    def contributions(
        self, features: Matrix, *, progress: Progress = lambda _done, _of: None, helper: Helper | None = None
    ) -> Contributions:  # fmt: skip
        """SHAP values in log-odds, (n, f) -> (n, f); missing values (NaN) get theirs too.

        With a `helper` (see `helping`) half of the trees are done in its process.
        """
        if len(features) < FEW_ROWS:
            return self.trees.contributions(features)
        rounds = self.trees.rounds
        half = rounds // 2 if helper and rounds > 1 else rounds
        values = np.zeros(features.shape, np.float32)
        if helper and half < rounds:
            helper.begin(features, half, rounds)
        for start, part in _by_woodelf(self.trees[:half], features):
            values[start : start + len(part)] = part
            progress(min(start + len(part), len(features)), len(features))
        if helper and half < rounds:
            values += helper.result()
        return values

    @contextlib.contextmanager
    def helping(self, file: Path) -> Iterator[Helper]:
        """Start a helper on the file of the trees at once, so that it is ready when there is work."""
        with tempfile.TemporaryDirectory(prefix="trustdesk-") as folder:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "core.model.shap_values", str(file), folder],
                stdin=subprocess.PIPE,
                # Ctrl+C reaches only the process that shows the progress; it ends this one.
                start_new_session=True, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )  # fmt: skip
            try:
                yield Helper(process, Path(folder))
            finally:
                process.kill()
                process.communicate()


class Helper:
    """A second process that explains with some of the trees of a model; made by `helping`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def begin(self, features: Matrix, first: int, last: int) -> None:
        """Start on features (n, f) with the trees `first` to `last`, the latter excluded."""
        _save(self._folder / "features.npy", features)
        with contextlib.suppress(BrokenPipeError):  # it died; `result` says so
            self._pipe(self._process.stdin).write(json.dumps({"first": first, "last": last}) + "\n")
            self._pipe(self._process.stdin).flush()

    def result(self) -> Contributions:
        """Wait for the contributions, (n, f). Raises TrustdeskError when the process died."""
        if self._pipe(self._process.stdout).readline().strip() != "done":
            raise TrustdeskError("The helper process that computes reasons ended early (is the memory full?).")
        return np.asarray(np.load(self._folder / "values.npy", allow_pickle=False), np.float32)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None  # noqa: S101 - both pipes are asked for when the process is started
        return pipe


def _by_woodelf(trees: Trees, features: Matrix) -> Iterator[tuple[int, Contributions]]:
    """Contributions chunk by chunk: the first row of each, and its values."""
    from woodelf import WoodelfExplainer  # noqa: PLC0415 - only many rows need it

    explainer = WoodelfExplainer(trees.booster)
    for start in range(0, len(features), CHUNK):
        # Column by column, because woodelf compares one column at a time. And it asks "value < threshold" with each
        # threshold moved down to the next 32-bit float: values must move along, or a user just below one goes astray.
        chunk = np.nextafter(np.asfortranarray(features[start : start + CHUNK]), np.float32(-np.inf))
        values = explainer.shap_values(pd.DataFrame(chunk, columns=_names(features)), verbose=False)
        yield start, np.asarray(values, np.float32)


def _save(path: Path, array: Matrix) -> None:
    try:
        np.save(path, array)
    except OSError as error:  # which lacks its number where the disk is full
        raise StorageError(str(path), error.strerror or "there is no room") from error


def _names(features: Matrix) -> list[str]:
    return [f"f{i}" for i in range(features.shape[1])]


def _serve(trees: Path, folder: Path) -> None:
    """The helper process: one line of JSON in, the values to a file, one line out, until the pipe closes."""
    import woodelf  # noqa: F401, PLC0415 - paid for while the other process still reads the file

    ours = loaded(trees.read_bytes())
    for line in sys.stdin:
        order = json.loads(line)
        features = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
        values = np.zeros(features.shape, np.float32)
        for start, part in _by_woodelf(ours[order["first"] : order["last"]], features):
            values[start : start + len(part)] = part
        _save(folder / "values.npy", values)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
