"""What a search ranks: passages near in meaning and in words, each of its article's current version, whole.

Both indexes are asked, then the records of the articles that they name: a record says which passages count. Where it is
not those that were found, the article was replaced in between, and it is looked at again.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from retrieval.archive import Archive
from retrieval.catalogue import Record, article_of, write_of
from retrieval.embedding import Vectors
from retrieval.feed import Feed
from retrieval.lexical import Term
from retrieval.ranking import Candidate
from retrieval.remembered import Remembered
from retrieval.rows import PassageRow, passage_of, sentences_of
from retrieval.types import Scope, Source

_UNDISTURBED = 5  # looks at an article that is being replaced under a search, before this process's writers must wait
_LOOKS = 20  # in all; another process's writers cannot be kept waiting
# Passages of a scope that are asked for by name. Of 100,000 the vectors of 50 are read in 1 ms, of 500 in 15, of 1,000
# in 80 to 120, as long as it takes to ask for the 8,500 nearest of all; Chroma's own filter takes 40 to 200 (a busy
# machine, 2026-11; no script here measures it).
_NAMED = 1_000
# The same beside a distributed Chroma, which gives 300 of a query and no more: ten queries among 300 each. One among
# 300 named ones takes 10 ms of a server on the same machine.
_MOST_NAMED = 3_000


@dataclass(frozen=True)
class Asked:
    """What is asked of both indexes."""

    vector: Vectors
    """Of length 1: shape (dimensions,)."""
    terms: Sequence[Term]
    count: int
    """Passages of each kind."""
    scope: Scope
    as_of: datetime | None

    def includes(self, source: Source) -> bool:
        """Tell by an article's record whether it may be searched: the catalogue may not know it yet."""
        when, scope = source.published, self.scope
        if scope.after and not (when and when >= scope.after):
            return False
        if scope.before and not (when and when < scope.before):
            return False
        if self.as_of and not (when and when <= self.as_of):
            return False
        if scope.outlets and source.outlet not in scope.outlets:
            return False
        return not scope.article_ids or source.article_id in scope.article_ids


@dataclass(frozen=True)
class _Look:
    """What was seen in one look; passages by their names in the store."""

    near: Sequence[str]
    """Those that count, the nearest first."""
    with_words: Sequence[str]
    """Those that count and hold the words, the best first."""
    rows: dict[str, PassageRow]
    records: dict[str, tuple[Record, Source]]
    replaced: dict[str, str]
    """The articles that were seen in another write than the one their record names, which is given."""
    torn: bool
    """Something was deleted while it was read."""
    all_near: bool
    """No more are to be had by asking for more."""


def candidates(archive: Archive | Remembered, feed: Feed, writing: Lock, asked: Asked) -> list[Candidate]:
    """Look, and look again while an article changes in between; see `Store.candidates`.

    Args:
        archive: the store's collections.
        feed: where the catalogue and the word index are from.
        writing: what keeps this process's writers out.
        asked: what to look for.

    """
    feed.catch_up()
    wanted = asked.count + asked.count // 2 + 10  # replaced and uncommitted passages fall away
    before: dict[str, tuple[Record, Source]] = {}
    for number in range(_LOOKS):
        with writing if number >= _UNDISTURBED else nullcontext():
            if number:
                feed.follow()
            look = _look(archive, feed, asked, wanted)
        # Where a record is what it was at the last look, this one saw all its passages, and the others are leftovers.
        settled = all(one in before and before[one][0].write == write for one, write in look.replaced.items())
        cut_short = len(look.near) < asked.count and not look.all_near and wanted < archive.most_near
        if settled and not look.torn and not cut_short:
            break
        if cut_short:
            wanted = min(wanted * 3, archive.most_near)
        before = look.records
    kept = list(dict.fromkeys([*look.near[: asked.count], *look.with_words]))
    shares = feed.words.shares(asked.terms, kept)
    rows = [look.rows[name] for name in kept]
    articles = [article_of(name) for name in kept]
    sources = {one: feed.catalogue.with_origin(look.records[one][1], asked.as_of) for one in dict.fromkeys(articles)}
    return [
        Candidate(
            passage=passage_of(sources[article], row),
            similarity=float(row.vector @ asked.vector),
            words=shares.get(name, 0.0),
            sentences=sentences,
        )
        for name, article, row, sentences in zip(kept, articles, rows, sentences_of(rows), strict=True)
    ]


def _look(archive: Archive | Remembered, feed: Feed, asked: Asked, wanted: int) -> _Look:
    with_words = [name for name, _ in feed.words.search(asked.terms, asked.count, asked.scope, asked.as_of)]
    near, gone, all_near = _near(archive, feed, asked, wanted)
    names = list(dict.fromkeys([*near, *with_words]))
    rows = archive.rows(names)
    articles = {name: article_of(name) for name in [*names, *gone]}
    records = archive.records(list(dict.fromkeys(articles.values())))
    current: set[str] = set()
    replaced: dict[str, str] = {}
    for name, article in articles.items():
        record, source = records.get(article, (None, None))
        if record is None or source is None or record.withdrawn or not asked.includes(source):
            continue
        if record.write == write_of(name):
            current.add(name)
        else:
            replaced[article] = record.write
    return _Look(
        near=[name for name in near if name in current and name in rows],
        with_words=[name for name in with_words if name in current and name in rows],
        rows=rows,
        records=records,
        replaced=replaced,
        torn=any(name in current and name not in rows for name in names),
        all_near=all_near,
    )


def _near(archive: Archive | Remembered, feed: Feed, asked: Asked, wanted: int) -> tuple[list[str], list[str], bool]:
    """Name the passages nearest to a vector, the nearest first; and those that should be there and are not.

    And tell whether there are no more.
    """
    scoped = feed.catalogue.scoped(asked.scope, asked.as_of)
    if scoped is not None and scoped.passages <= _NAMED:
        names = [name for record in scoped.records() for name in record.passage_ids()]
        vectors = archive.vectors(names)
        near = sorted(vectors, key=lambda name: -float(vectors[name] @ asked.vector))
        return near[:wanted], [name for name in names if name not in vectors], True
    share = scoped.share() if scoped else 1.0
    asking = int(wanted / share) + 1
    if scoped is not None and asking > archive.most_near and scoped.passages <= _MOST_NAMED:
        names = [name for record in scoped.records() for name in record.passage_ids()]
        near_of_them, gone = archive.nearest_of(names, asked.vector, min(wanted, archive.most_near))
        return near_of_them, gone, True
    asking = min(asking, archive.most_near)
    names = archive.nearest(asked.vector, asking)
    inside = [name for name in names if scoped is None or article_of(name) in scoped]
    return inside[:wanted], [], len(names) < asking or asking == archive.most_near
