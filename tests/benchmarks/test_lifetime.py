"""The benchmark of a corpus' life counts what it must, and embeds nothing twice."""

from pathlib import Path

from benchmarks.lifetime import live


async def test_a_corpus_is_taken_in_corrected_and_withdrawn_and_nothing_is_embedded_twice(tmp_path: Path) -> None:
    steps = await live(100, tmp_path)

    assert {step.name: step.outcomes for step in steps} == {
        "ingest": {"created": 100},
        "again": {"unchanged": 100},
        "corrected": {"replaced": 1, "unchanged": 99},
        "withdrawn": {"withdrawn": 1},
        "once more": {"unchanged": 99, "skipped": 1},
    }
    embedded = {step.name: step.embedded for step in steps}
    assert embedded["ingest"] > 100
    assert embedded["corrected"] == 1
    assert embedded["again"] == embedded["withdrawn"] == embedded["once more"] == 0
    assert all(len(line) <= 80 for step in steps for line in str(step).splitlines())
