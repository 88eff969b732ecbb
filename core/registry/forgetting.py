"""The values of users who are forgotten leave the sample that a version keeps to compare others with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.files import replacing
from core.registry import baseline, sums
from core.registry.registry import BASELINE, Model


def forget(model: Model, users: Sequence[pd.DataFrame], *, erase: bool) -> int:
    """Take rows with the values of these users out of the sample of a version; how many there are.

    users: rows of datasets. The only change that a version ever sees, and its sums follow it: after a crash between the
    two the version has to be restored from a backup.
    """
    found, names = model.baseline(), model.metadata.names
    # The margin of a text was another one in training, where the text was not learnt from.
    told = [at for at, name in enumerate(names) if name not in model.encoding.texts]
    sample, gone = found.sample[list(names)].to_numpy(np.float32)[:, told], np.zeros(len(found.sample), bool)
    for frame in users if told else ():
        if {*model.metadata.columns, *model.encoding.columns} <= {*frame.columns}:
            for row in np.asarray(model.encoding.matrix(frame, names), np.float32)[:, told]:
                gone |= ((sample == row) | (np.isnan(sample) & np.isnan(row))).all(axis=1)
    if erase and gone.any():
        with replacing(model.folder / BASELINE) as temporary:
            baseline.save(replace(found, sample=found.sample[~gone]), temporary)
        sums.renew(model.folder, BASELINE)
    return int(gone.sum())
