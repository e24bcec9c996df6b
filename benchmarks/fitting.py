"""Fits of the constants that score and weigh: a softmax over the rows of each group, and a logistic regression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Group = tuple[Numbers, Numbers, float]
"""Features of shape (rows, features), how right each row is (0..1), and how much the group counts."""


def listwise(groups: Sequence[Group], penalty: float) -> Numbers:
    """Fit weights so that a softmax over each group's scores puts its mass on the right rows (Adam).

    "Listwise", as in ListNet (Cao et al., 2007). A group without a right row tells nothing and must be left out.
    """
    features = np.concatenate([rows for rows, _, _ in groups])
    right = np.concatenate([marks for _, marks, _ in groups])
    sizes = [len(rows) for rows, _, _ in groups]
    starts = np.cumsum([0, *sizes[:-1]])
    shares = np.array([share for *_, share in groups])
    share = np.repeat(shares / shares.sum(), sizes)
    weights = np.zeros(features.shape[1])
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, 601):
        scores = features @ weights
        mass = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        good = mass * right
        mass /= np.repeat(np.add.reduceat(mass, starts), sizes)
        good /= np.repeat(np.add.reduceat(good, starts), sizes) + 1e-12
        gradient = penalty * weights + (share * (mass - good)) @ features
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        weights -= 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return weights


def logistic(features: Numbers, right: Numbers, penalty: float, counts: Numbers | None = None) -> Numbers:
    """Fit a logistic regression by Newton's method; the last feature is the constant and goes unpenalised.

    `counts` says how much each row counts, 1 on average.
    """
    counts = np.ones(len(features)) if counts is None else counts
    weights = np.zeros(features.shape[1])
    ridge = np.full(len(weights), penalty * len(features))
    ridge[-1] = 0
    for _ in range(60):
        odds = 1 / (1 + np.exp(-features @ weights))
        curvature = (features * (counts * odds * (1 - odds) + 1e-9)[:, None]).T @ features + np.diag(ridge)
        weights -= np.linalg.solve(curvature, features.T @ (counts * (odds - right)) + ridge * weights)
    return weights
