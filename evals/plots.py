"""Plots as points and lines in the units of their own picture, which a template draws as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.calibration import Calibration

WIDTH, HEIGHT = 320, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 40
_COLUMNS = 24  # of the latency's histogram


@dataclass(frozen=True)
class Mark:
    """A circle or a bar, and what it says."""

    x: float
    y: float
    size: float
    """The circle's radius, or the bar's width."""
    said: str


@dataclass(frozen=True)
class Plot:
    """A picture of WIDTH by HEIGHT, its origin at the top left."""

    title: str
    says: str
    """What is plotted, in a sentence."""
    summary: str
    kind: str
    """points, bars, or none where there is nothing to plot: `summary` says why."""
    x_label: str = ""
    y_label: str = ""
    marks: tuple[Mark, ...] = ()
    x_ticks: tuple[tuple[float, str], ...] = ()
    y_ticks: tuple[tuple[float, str], ...] = ()
    lines: tuple[tuple[float, str], ...] = ()
    """Upright ones, each with its name."""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def reliability_plot(score: str, says: str, calibration: Calibration) -> Plot:
    """Plot the bins of a calibration: those of a score that means what it says lie on the diagonal."""
    title = f"Calibration of {score.lower()}"
    if calibration.error.value is None:
        return Plot(title, says, f"Not known: {calibration.error.undefined}.", "none")
    most = max(one.count for one in calibration.bins)
    marks = tuple(
        Mark(
            _x(one.score),
            _y(one.right),
            2.5 + 6.5 * math.sqrt(one.count / most),
            f"{score} {one.score:.2f} on average, right {one.right:.2f}: {one.count}",
        )
        for one in calibration.bins
    )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    return Plot(
        title,
        says,
        f"Expected calibration error {calibration.error.value:.3f} over {calibration.error.count:,}; "
        "a circle's area is how many, the line where score and share are the same.",
        "points",
        x_label=score,
        y_label="Share",
        marks=marks,
        x_ticks=tuple((_x(one), f"{one:g}") for one in ticks),
        y_ticks=tuple((_y(one), f"{one:g}") for one in ticks),
    )


def latency_plot(milliseconds: Sequence[float]) -> Plot:
    """Plot how many answers took how long, on a logarithmic scale."""
    title, says = "Latency", "How many answers took how long"
    taken = [one for one in milliseconds if one > 0]
    if not taken:
        return Plot(title, says, "Not known: no reply was timed.", "none")
    low, high = math.log10(min(taken)), math.log10(max(taken))
    low, high = math.floor(low * 4) / 4, max(math.ceil(high * 4) / 4, math.floor(low * 4) / 4 + 0.5)
    counts, edges = np.histogram(np.log10(taken), bins=_COLUMNS, range=(low, high))
    most = int(counts.max())
    width = (WIDTH - _LEFT - _RIGHT) / _COLUMNS

    def place(value: float) -> float:
        return _x((math.log10(value) - low) / (high - low))

    marks = tuple(
        Mark(
            _LEFT + number * width,
            _y(count / most),
            width - 1,
            f"{10**edge:,.0f} to {10 ** edges[number + 1]:,.0f} ms: {count}",
        )
        for number, (count, edge) in enumerate(zip(counts.tolist(), edges.tolist(), strict=False))
        if count
    )
    ticks = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in (1, 2, 5)]
    p50, p95 = (float(np.percentile(taken, one)) for one in (50, 95))
    return Plot(
        title,
        says,
        f"Half of the {len(taken):,} answers took {p50:,.0f} ms at most, 95 in a hundred {p95:,.0f} ms at most.",
        "bars",
        x_label="Milliseconds",
        y_label="Answers",
        marks=marks,
        x_ticks=tuple(_apart([(place(one), _short(one)) for one in ticks if low <= math.log10(one) <= high])),
        y_ticks=tuple((_y(one / most), f"{one}") for one in dict.fromkeys(round(most * part) for part in (0, 0.5, 1))),
        lines=((place(p50), "p50"), (place(p95), "p95")),
    )


def _x(share: float) -> float:
    return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 2)


def _y(share: float) -> float:
    return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 2)


def _short(number: float) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"  # noqa: PLR2004 - a thousand


def _apart(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out ticks whose names would touch."""
    kept: list[tuple[float, str]] = []
    for x, name in ticks:
        if not kept or x - kept[-1][0] >= 30:  # noqa: PLR2004 - units of the picture
            kept.append((x, name))
    return kept
