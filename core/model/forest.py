"""The trees of a model as arrays: what is checked, and what their tables are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The t trees of a model over `features` columns, their m nodes one after the other.

    `first` (t,): where each tree begins. Of each node (m,): `left`, `right`, positions among all nodes and -1 in a
    leaf; `parent`, -1 in a root; `feature`; `value`, the threshold or, in a leaf, what it adds to the margin; `cover`,
    how many users it stands for; `default_left`, whether a missing value goes left. `base`: the margin that the trees
    add to. `right_levels`: of each node that splits on categories, those that go right; the others go left.
    """

    features: int
    base: np.float32
    first: Ints
    left: Ints
    right: Ints
    parent: Ints
    feature: Ints
    value: Floats32
    cover: Floats32
    default_left: Bools
    right_levels: dict[int, Ints]

    @property
    def leaf(self) -> Bools:
        return np.asarray(self.left == -1)

    def part(self, begin: int, end: int) -> Forest:
        """The trees from `begin` to `end`, the latter excluded."""
        bounds = np.append(self.first, len(self.left))
        low, high = int(bounds[begin]), int(bounds[end])

        def moved(nodes: Ints) -> Ints:
            return np.where(nodes[low:high] < 0, -1, nodes[low:high] - low)

        levels = {node - low: levels for node, levels in self.right_levels.items() if low <= node < high}
        return Forest(
            self.features, self.base, self.first[begin:end] - low, moved(self.left), moved(self.right),
            moved(self.parent), self.feature[low:high], self.value[low:high], self.cover[low:high],
            self.default_left[low:high], levels,
        )  # fmt: skip
