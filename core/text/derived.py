"""Stand-in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.schema.column import TEXT_PARTS


def parts(texts: Sequence[str | None]) -> dict[str, npt.NDArray[np.float64]]:
    n = np.array([np.nan if text is None else float(len(text)) for text in texts], np.float64)
    return {key: (n if key == "characters" else n * 0.0) for key in TEXT_PARTS}
