"""What is current: origins, scopes, pages and the fingerprint follow from the records, in whatever order they came."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.catalogue import Catalogue, Copy, Record, article_of, stored_id, write_of
from retrieval.types import Scope

DAY = datetime(2023, 11, 10, tzinfo=UTC)


def record(  # noqa: PLR0913 - what a record says
    article_id: str,
    version: str = "1",
    *,
    change: int = 1,
    hours: float | None = 0,
    outlet: str | None = None,
    copies: tuple[Copy, ...] = (),
    withdrawn: bool = False,
) -> Record:
    published = None if hours is None else (DAY + timedelta(hours=hours)).timestamp()
    return Record(article_id, version, outlet, published, "w", change, change, 2, copies, withdrawn)


def catalogue(*records: Record) -> Catalogue:
    made = Catalogue()
    for one in records:
        made.apply(one)
    return made


def origins(made: Catalogue, names: str) -> str:
    return " ".join(made.origin(name) for name in names.split())


def test_copies_are_of_one_origin_whichever_of_them_says_it() -> None:
    a, b = record("a", hours=0), record("b", hours=1, copies=(("a", "1"),))
    c = record("c", hours=2, copies=(("b", "1"),))
    for order in ([a, b, c], [c, b, a], [b, c, a]):
        assert origins(catalogue(*order, record("d")), "a b c d") == "a a a d"


def test_the_origin_is_the_first_published_then_the_first_that_came() -> None:
    copies = (("early", "1"), ("undated", "1"))
    late = record("late", hours=5, copies=copies)
    assert origins(catalogue(late, record("early", hours=1), record("undated", hours=None)), "late undated") == (
        "early early"
    )
    same = [record("y", change=7), record("z", change=3, copies=(("y", "1"),))]
    assert origins(catalogue(*same), "y z") == "z z"
    undated = [record("y", hours=None, change=7), record("z", hours=None, change=3, copies=(("y", "1"),))]
    assert origins(catalogue(*undated), "y z") == "z z"


def test_a_changed_article_is_no_copy_until_it_is_what_it_was() -> None:
    """A is copied by B and C, which were compared with each other as well."""
    a, b = record("a", hours=0), record("b", hours=1, copies=(("a", "1"),))
    c = record("c", hours=2, copies=(("a", "1"), ("b", "1")))
    made = catalogue(a, b, c)

    made.apply(record("b", "2", hours=1, change=2))
    assert origins(made, "a b c") == "a b a"
    made.apply(record("a", "2", hours=0, change=3))
    assert origins(made, "a b c") == "a b c"
    made.apply(record("a", "1", hours=0, change=4))
    assert origins(made, "a b c") == "a b a"
    made.apply(record("b", "1", hours=1, change=5))
    assert origins(made, "a b c") == "a a a"


def test_a_withdrawn_article_leaves_the_others_together() -> None:
    a, b = record("a", hours=0), record("b", hours=1, copies=(("a", "1"),))
    c = record("c", hours=2, copies=(("a", "1"), ("b", "1")))
    made = catalogue(a, b, c)

    made.apply(record("a", withdrawn=True, change=2))

    assert origins(made, "b c a") == "b b a"
    made.apply(record("a", change=3))
    assert origins(made, "a b c") == "a a a"


def test_origins_and_the_fingerprint_depend_on_what_is_current_and_on_nothing_before() -> None:
    """Any history of changes, against a catalogue that was told the end alone."""
    draw = random.Random(7)  # noqa: S311 - a history, not a secret
    names = [f"a{number}" for number in range(12)]
    made, current = Catalogue(), dict[str, Record]()
    for change in range(1, 600):
        name = draw.choice(names)
        copies = tuple((other, str(draw.randint(1, 2))) for other in draw.sample(names, 2) if other != name)
        one = record(
            name,
            str(draw.randint(1, 2)),
            change=change,
            hours=draw.choice([None, 1, 2]),
            copies=copies,
            withdrawn=draw.random() < 0.3,
        )
        made.apply(one)
        current[name] = one
        fresh = catalogue(*draw.sample(list(current.values()), len(current)))
        assert made.corpus == fresh.corpus
        assert [made.origin(one) for one in names] == [fresh.origin(one) for one in names]
        assert sorted(made.records()) == sorted(fresh.records()) == sorted(current.values())
        assert len(made) == sum(not one.withdrawn for one in current.values())


def test_what_is_known_is_what_was_applied_last() -> None:
    made = catalogue(record("a", change=5), record("gone", withdrawn=True))

    assert made.knows(record("a", change=5))
    assert not made.knows(record("a", change=4))
    assert not made.knows(record("a", "2", change=5))
    assert made.knows(record("gone", withdrawn=True))
    assert not made.knows(record("gone"))
    assert not made.knows(record("never"))


def test_a_scope_is_told_by_date_outlet_and_name() -> None:
    made = catalogue(
        record("early", hours=0, outlet="X", change=1),
        record("late", hours=24, outlet="Y", change=2),
        record("undated", hours=None, outlet="X", change=3),
        record("bare", hours=1, change=4),
    )

    def within(scope: Scope, as_of: datetime | None = None) -> str:
        scoped = made.scoped(scope, as_of)
        assert scoped
        inside = [one.article_id for one in scoped.records()]
        assert scoped.passages == 2 * len(inside)
        assert scoped.share() == pytest.approx(len(inside) / 4)
        assert [one for one in ("early", "late", "undated", "bare") if one in scoped] == inside
        return " ".join(inside)

    second = timedelta(seconds=1)
    assert made.scoped(Scope(), None) is None
    assert within(Scope(after=DAY)) == "early late bare"
    assert within(Scope(after=DAY + second)) == "late bare"
    assert within(Scope(before=DAY + timedelta(days=1))) == "early bare"
    assert within(Scope(), DAY) == "early"
    assert within(Scope(), DAY - second) == ""
    assert within(Scope(outlets=("X",))) == "early undated"
    assert within(Scope(outlets=("Z", "Y"), after=DAY)) == "late"
    assert within(Scope(article_ids=("late", "gone"))) == "late"
    assert within(Scope(outlets=("X",), article_ids=("late",))) == ""


def test_an_article_that_is_not_known_yet_may_be_in_any_scope() -> None:
    scoped = catalogue(record("a")).scoped(Scope(outlets=("X",)), None)

    assert scoped
    assert "new" in scoped
    assert "a" not in scoped


def test_a_page_is_in_the_order_in_which_articles_came_first() -> None:
    made = catalogue(*(record(name, change=number) for number, name in enumerate("cadb")))
    made.apply(record("a", "2", change=9)._replace(added=1))
    made.apply(record("d", withdrawn=True, change=10))

    assert [list(made.page(offset, 2)) for offset in (0, 2, 4)] == [["c", "a"], ["b"], []]


def test_the_newest_are_those_published_last_then_those_that_came_last() -> None:
    hours = {"first": 1, "undated": None, "twin": 5, "late": 9, "other twin": 5, "undated too": None}
    made = catalogue(*(record(name, change=number, hours=at) for number, (name, at) in enumerate(hours.items())))
    made.apply(record("gone", change=9, hours=20))
    assert next(iter(made.newest(0, 1))) == "gone"

    made.apply(record("gone", withdrawn=True, change=10))

    pages = [list(made.newest(offset, 2)) for offset in (0, 2, 4, 6)]
    assert pages == [["late", "other twin"], ["twin", "first"], ["undated too", "undated"], []]
    assert list(Catalogue().newest(0, 50)) == []


def test_the_others_of_an_origin_are_named_from_the_first_published_on() -> None:
    a, c = record("a", hours=0), record("c", hours=2, copies=(("b", "1"),))
    b, undated = record("b", hours=1, copies=(("a", "1"),)), record("undated", hours=None, copies=(("c", "1"),))
    made = catalogue(undated, c, b, a, record("d"))

    assert [made.same_origin(name) for name in ("a", "c", "d", "unknown")] == [
        ["b", "c", "undated"],
        ["a", "b", "undated"],
        [],
        [],
    ]
    made.apply(record("b", withdrawn=True, change=2))
    assert made.same_origin("a") == made.same_origin("b") == []


def test_a_passage_is_named_by_article_version_and_write() -> None:
    name = stored_id("desk/a@b#1~c", "v1", 12, "w2")

    assert (article_of(name), write_of(name)) == ("desk/a@b#1~c", "w2")
