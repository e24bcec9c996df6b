"""The figures of the speed benchmark say whether their targets are met, and its drawn vectors are vectors."""

import numpy as np
import pytest

from benchmarks.llamaindex import peak_mb
from benchmarks.speed import Figure
from benchmarks.stores import DrawnVectors, OwnProcess


@pytest.mark.parametrize(
    ("figure", "met", "words"),
    [
        (Figure("a", 2.0, "times", at_least=2), True, "≥ 2 met"),
        (Figure("a", 1.9, "times", at_least=2), False, "≥ 2 MISSED"),
        (Figure("a", 40.0, "ms", at_most=40), True, "≤ 40 met"),
        (Figure("a", 41.0, "ms", at_most=40), False, "≤ 40 MISSED"),
        (Figure("a", 41.0, "ms"), None, "41.0 ms"),
    ],
)
def test_a_figure_says_whether_its_target_is_met(figure: Figure, words: str, *, met: bool | None) -> None:
    assert figure.met is met
    assert str(figure).endswith(words)


def test_a_figure_fits_into_80_columns() -> None:
    figure = Figure("n" * 40, 1_234_567.8, "passages/s", at_most=1000)

    assert len(str(figure)) <= 80


async def test_drawn_vectors_are_of_length_1_always_the_same_and_near_their_title() -> None:
    texts = ["Title\nThis.", "Title\nThat.", "Other\nThis."]

    first, parts = await DrawnVectors().embed_parts(texts, [[(6, 11)], [], [(6, 11)]])
    again = await DrawnVectors().embed(texts)

    assert np.array_equal(first, again)
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert first[0] @ first[1] > 0.25 > abs(first[0] @ first[2])
    assert [len(one) for one in parts] == [1, 0, 1]


def test_the_peak_of_memory_is_a_process_s_own_and_not_its_parent_s() -> None:
    block = np.ones(int(64e6))  # 512 MB
    with OwnProcess() as child:
        its_peak = child(peak_mb)

    assert its_peak < peak_mb() - block.nbytes / 2e6
