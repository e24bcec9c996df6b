"""A search asks both indexes: what one cannot find the other does, and a scope holds for both."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import retrieval.candidates
from retrieval.lexical import Term
from retrieval.ranking import Candidate
from retrieval.store import Store
from retrieval.types import Scope, make_article
from tests.fakes import WordEmbedder
from tests.retrieval.conftest import Open
from tests.retrieval.test_store import WHOLE, nearest, put_together

DAY = datetime(2023, 11, 10, tzinfo=UTC)


async def filled(store: Store) -> Store:
    """Thirty articles as near as can be to a question about drones, each third of Y, and one far off with a name."""
    drones = [
        make_article(
            article_id=f"d{number}",
            title="",
            text=f"drones drones drones {number}",
            outlet="XY"[number % 3 == 0],
            published=DAY + timedelta(days=number),
        )
        for number in range(30)
    ]
    far = make_article(
        article_id="far",
        title="",
        text="The council of the town heard Marit Sund on bridges, piers and floods",
        outlet="Y",
        published=DAY + timedelta(days=40),
    )
    await put_together(store, [*drones, far])
    return store


def names(found: Sequence[Candidate]) -> set[str]:
    return {one.passage.source.article_id for one in found}


async def test_a_passage_that_only_a_name_can_find_is_found_with_its_cosine(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = await filled(open_store())

    assert "far" not in names(await nearest(store, "drones", 5))
    found = await nearest(store, "drones", 5, terms=[Term("Sund")])

    assert "far" in names(found)
    (far,) = [one for one in found if one.passage.source.article_id == "far"]
    question, passage = await embedder.embed(["drones", "\n" + far.passage.text])
    assert far.similarity == pytest.approx(float(question @ passage), abs=1e-5)
    assert far.words == pytest.approx(1)
    assert {one.words for one in found if one != far} == {0}
    assert len(found) == 6


async def test_of_each_kind_come_as_many_as_asked(open_store: Open) -> None:
    store = await filled(open_store())

    assert len(await nearest(store, "drones", 4)) == 4
    by_words = await nearest(store, "Sund", 3, terms=[Term("drones")])
    assert "far" in names(by_words)
    assert 3 <= sum(one.words > 0 for one in by_words) <= len(by_words) <= 6
    assert len(await nearest(store, "drones", 50, terms=[Term("drones")])) == 31


async def test_what_chromas_index_loses_is_found_by_its_words(open_store: Open) -> None:
    """Its index is approximate."""
    store = await filled(open_store())
    passages = store._archive.passages

    class Losing:
        def query(self, **asked: Any) -> Any:  # noqa: ANN401 - Chroma's own
            found = passages.query(**asked)
            found["ids"][0] = [name for name in found["ids"][0] if not name.startswith("d7@")]
            return found

        def get(self, **asked: Any) -> Any:  # noqa: ANN401 - Chroma's own
            return passages.get(**asked)

    store._archive.passages = Losing()

    assert "d7" not in names(await nearest(store, "drones 7", 5))
    found = await nearest(store, "drones 7", 5, terms=[Term("drones"), Term("7", 2.0)])
    assert found[0].passage.source.article_id == "d7"


@pytest.mark.parametrize("named", [1000, 0], ids=["by name", "by asking for more"])
async def test_a_scope_and_a_moment_hold_for_both_indexes(
    open_store: Open, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    monkeypatch.setattr(retrieval.candidates, "_NAMED", named)
    store = await filled(open_store())
    late, early = DAY + timedelta(days=35), DAY + timedelta(days=2)

    async def asked(scope: Scope, as_of: datetime | None = None) -> list[set[str]]:
        by_meaning = await nearest(store, "drones", 40, scope, as_of)
        by_words = await nearest(store, "nothing of it", 1, scope, as_of, terms=[Term("Sund"), Term("drones")])
        return [names(by_meaning), {one.passage.source.article_id for one in by_words if one.words}]

    thirds = {f"d{number}" for number in range(0, 30, 3)}
    whole, found = await asked(Scope(outlets=("Y",)))
    assert whole == thirds | {"far"}
    assert "far" in found <= thirds | {"far"}
    whole, found = await asked(WHOLE, early)
    assert whole == {"d0", "d1", "d2"}
    assert found
    assert found <= whole
    assert await asked(Scope(after=late)) == [{"far"}, {"far"}]
    assert await asked(Scope(after=late, outlets=("X",))) == [set(), set()]
    assert await asked(Scope(article_ids=("d5", "gone"))) == [{"d5"}, {"d5"}]
    assert await asked(Scope(before=early), DAY) == [{"d0"}, {"d0"}]


async def test_what_holds_the_words_and_is_outside_crowds_out_nothing_inside(open_store: Open) -> None:
    store = await filled(open_store())
    terms = [Term("Sund", 9.0), Term("7")]

    assert "far" in names(await nearest(store, "drones 1", 1, terms=terms))
    found = names(await nearest(store, "drones 1", 1, Scope(outlets=("X",)), terms=terms))
    assert "d7" in found
    assert "far" not in found


async def test_a_scope_far_from_the_question_is_asked_for_until_all_of_it_is_found(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.candidates, "_NAMED", 0)
    store = open_store()
    drones = [make_article(article_id=f"d{number}", title="", text=f"drones {number}") for number in range(150)]
    students = [
        make_article(article_id=f"s{number}", title="", text=f"students {number}", outlet="Y") for number in range(60)
    ]
    await put_together(store, [*drones, *students])

    found = await nearest(store, "drones", 4, Scope(outlets=("Y",)))
    assert [one.passage.source.outlet for one in found] == ["Y"] * 4


async def test_a_withdrawn_article_is_found_neither_way(open_store: Open) -> None:
    store = await filled(open_store())
    await store.withdraw("far")
    await store.withdraw("d3")

    found = await nearest(store, "Marit Sund", 40, terms=[Term("Sund"), Term("3")])
    assert names(found).isdisjoint({"far", "d3"})
    assert await nearest(store, "Sund", 5, Scope(article_ids=("far",)), terms=[Term("Sund")]) == []
