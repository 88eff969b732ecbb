"""What chance may do to a plan: made-up samples, each planned on anew, and made-up periods under these plans.

A plan is made on the sample that it looks best on, and so promises too much. How much is seen where the truth is known:
a population is made up from the sample, a sample is drawn from it and planned on, and a period is drawn at its
thresholds. The differences between what periods bring and what samples promised are added to what the real sample
promises (the pivotal bootstrap; Davison and Hinkley, Bootstrap Methods and their Application, 1997, sections 2.4 and
5.2, for prediction section 6.3.3).

Populations have smooth curves: drawn from the sample itself, the few legitimate users with the highest scores would be
at the same scores in every population, and a plan that has just dodged them would seem to dodge them for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.policy.thresholds.cheapest import cheapest
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.figures import FIGURES, WHOLE, cells, events, figures, shifted
from core.policy.thresholds.ranked import Ranked, curves

Floats = npt.NDArray[np.float64]
Ends = tuple[float, float]
#: Made-up populations, each with a sample and a period.
WORLDS: Final = 600
#: Draws of six numbers, which cost little.
DRAWS: Final = 4_000
#: What is left out at each end. Less than 2.5 %, for the curve of the populations is itself an estimate: coverage was
#: 93 to 97 % with it. Where fewer than FEW users stand behind a figure, less again.
TAIL: Final = 0.02
TAIL_OF_FEW: Final = 0.01
FEW: Final = 20
#: Where thresholds are given, nothing is chosen and nothing has to be made up for.
EXACT_TAIL: Final = 0.025
_EDGE: Final = 1e-6
_TINY: Final = 1e-12
#: How far the curve is held to what the scores say themselves: as if standard errors of slopes were 1, of the level 3.
_HELD: Final = np.diag([1.0, 1.0, 0.1])
_AS_SCORED: Final = np.array([1.0, 1.0, 0.0])
_STEPS, _LONGEST, _EXACT = 50, 2.0, 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Worlds:
    """Made-up populations by the cells of `ranked`, and a sample of each, all (worlds, m + 1); made by `worlds`."""

    ranked: Ranked
    spam: Floats
    legitimate: Floats
    sampled_spam: Floats
    sampled_legitimate: Floats
    seed: int


def worlds(ranked: Ranked, seed: int, number: int = WORLDS) -> Worlds:
    """Populations that the users may have been drawn from, and samples as large as theirs."""
    random = np.random.default_rng(seed)
    at = ranked.coarse()
    weight = np.where(at.users > 0, at.square / np.maximum(at.users, 1e-300), 1.0)
    share = _shares(at, random, number)
    spam, legitimate = at.users * share, at.users * (1 - share)
    # A weighted count varies like so many users of the mean weight of its cell.
    sampled = [np.asarray(weight * random.poisson(each / weight), float) for each in (spam, legitimate)]
    nobody = (sampled[0] + sampled[1]).sum(axis=1) == 0  # of a handful of users there may be no sample
    sampled[0][nobody], sampled[1][nobody] = spam[nobody], legitimate[nobody]
    return Worlds(at, spam, legitimate, sampled[0], sampled[1], seed)


def _shares(at: Ranked, random: np.random.Generator, number: int) -> Floats:
    """Shares of spammers by cell, (number, m + 1): curves that the labels leave possible.

    Beta calibration, whose log-odds are a log p - b log(1 - p) + c (Kull, Silva Filho and Flach, AISTATS 2017), fitted
    by Newton's steps; parameters are drawn from the normal distribution that the curvature at the best ones gives.
    """
    p = np.clip(at.score, _EDGE, 1 - _EDGE)
    terms = np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=1)
    weight = at.square.sum() / at.users.sum()
    users, spam = at.users / weight, at.spam / weight
    fitted, curvature = _AS_SCORED.copy(), _HELD
    for _ in range(_STEPS):
        share = expit(terms @ fitted)
        slope = terms.T @ (spam - users * share) - _HELD @ (fitted - _AS_SCORED)
        curvature = (terms.T * (users * share * (1 - share))) @ terms + _HELD
        step = np.clip(np.linalg.solve(curvature, slope), -_LONGEST, _LONGEST)
        fitted = fitted + step
        if np.abs(step).max() < _EXACT:
            break
    root = np.linalg.inv(np.linalg.cholesky(curvature))
    drawn = fitted + random.standard_normal((number, len(fitted))) @ root
    return np.asarray(expit(drawn @ terms.T))


@dataclass(frozen=True, slots=True)
class Spread:
    """Ends of the long-run interval and of that for the period."""

    long_run: Ends
    period: Ends


def spreads(of: Worlds, demand: Demand, cell: Floats, rows: float) -> dict[str, Spread]:
    """The intervals of each of `FIGURES` for thresholds that part users of the sample, as it is, like `cell` (6,).

    rows: how many users of equal weight the sample is worth. A figure that has no value has no interval.
    """
    random = np.random.default_rng([of.seed, 1])
    sampled = curves(of.sampled_spam, of.sampled_legitimate, demand.prevalence)
    pairs = cheapest(sampled, demand, capacity(sampled.users, demand))
    promised = figures(cells(sampled, pairs), demand, sampled.users / demand.users_per_day)
    planned = _both(cells(curves(of.spam, of.legitimate, demand.prevalence), pairs), demand, random)
    plain = _both(shifted(_possible(cell, rows, random), demand.prevalence), demand, random)
    value, numbers = _values(cell, demand), _behind(cell, rows, demand)
    return {
        name: Spread(*(
            _ends(name, value[name], each[name], promised[name], other[name], number[name])
            for each, other, number in zip(planned, plain, numbers, strict=True)
        ))
        for name in FIGURES
        if np.isfinite(value[name])
    }  # fmt: skip


def unplanned(of: Worlds, demand: Demand, cell: Floats, rows: float) -> dict[str, Spread]:
    """The intervals of each of `FIGURES`, as `spreads`, for thresholds that were chosen without a look at the users."""
    random = np.random.default_rng([of.seed, 2])
    value, ends = _values(cell, demand), [EXACT_TAIL, 1 - EXACT_TAIL]
    both = _both(shifted(_possible(cell, rows, random), demand.prevalence), demand, random)
    return {
        name: Spread(*(_hull(value[name], np.nanquantile(each[name], ends)) for each in both))
        for name in FIGURES
        if np.isfinite(value[name])
    }


def _values(cell: Floats, demand: Demand) -> dict[str, float]:
    expected = shifted(cell[None], demand.prevalence)
    return {name: float(each[0]) for name, each in figures(expected, demand, cell.sum() / demand.users_per_day).items()}


def _behind(cell: Floats, rows: float, demand: Demand) -> tuple[dict[str, float], dict[str, float]]:
    """How many users stand behind each figure in the sample, and in sample or period, whichever has fewer."""
    drawn = shifted(cell[None], demand.prevalence)[0] / cell.sum() * demand.users
    sample, period = (events(each, demand) for each in (cell / cell.sum() * rows, drawn))
    return sample, {name: min(sample[name], period[name]) for name in FIGURES}


def capacity(users: Floats, demand: Demand) -> Floats:
    """The cases that people can see among so many users (r,), inf where any number can be seen."""
    if demand.reviews_per_day is None:
        return np.full_like(users, np.inf)
    return demand.reviews_per_day * users / demand.users_per_day


def _both(cell: Floats, demand: Demand, random: np.random.Generator) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The figures of populations (r, 6) in the long run, and of a period drawn from each."""
    users = cell.sum(axis=1)
    drawn = random.multinomial(demand.users, cell / users[:, None]).astype(float)
    return figures(cell, demand, users / demand.users_per_day), figures(drawn, demand, demand.period)


def _possible(cell: Floats, rows: float, random: np.random.Generator, number: int = DRAWS) -> Floats:
    """Populations that leave `cell` (6,) possible, as if its thresholds had been chosen without a look, (number, 6).

    Jeffreys' prior, half a user in each cell: where none of few was seen, some may be.
    """
    counts = cell / cell.sum() * rows
    return np.maximum(random.standard_gamma(counts + 0.5, (number, len(cell))), _TINY)


def _hull(*parts: npt.ArrayLike) -> Ends:
    every = np.concatenate([np.atleast_1d(np.asarray(part, float)) for part in parts])
    return float(every.min()), float(every.max())


def _ends(name: str, value: float, real: Floats, promised: Floats, plain: Floats, number: float) -> Ends:
    """The value moved by what real figures differ from promised ones, on a scale on which that hardly depends on it.

    Where few users stand behind it, also all that `plain` leaves possible.
    """
    tails = [TAIL, 1 - TAIL] if number >= FEW else [TAIL_OF_FEW, 1 - TAIL_OF_FEW]
    differences = _finite(_even(name, real) - _even(name, promised))
    parts: list[Floats] = [np.array([value])]
    if len(differences):
        parts.append(_back(name, _even(name, parts[0]) + np.quantile(differences, tails)))
    if number < FEW and len(possible := _finite(plain)):
        parts.append(np.quantile(possible, tails))
    return _hull(*parts)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _even(name: str, figure: Floats) -> Floats:
    """A figure on a scale on which its standard error is nearly constant: arcsine of shares, root of counts."""
    if name in WHOLE:
        return np.asarray(2 * np.arcsin(np.sqrt(np.clip(figure / WHOLE[name], 0, 1))))
    return np.sqrt(figure)


def _back(name: str, figure: Floats) -> Floats:
    if name in WHOLE:
        return np.asarray(WHOLE[name] * np.sin(np.clip(figure, 0, np.pi) / 2) ** 2)
    return np.maximum(figure, 0) ** 2
