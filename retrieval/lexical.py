"""The word index: BM25 over the current passages, on tantivy. A cache: it can always be built again from the store.

It keeps the records of the articles beside their passages, and the position up to which it has followed the store's
feed of changes, all in one commit: what is on disk is what the store was at that position.
"""

import json
import logging
import math
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import tantivy
from tantivy import Occur, Query

from retrieval.catalogue import Record
from retrieval.errors import StoreUnavailable
from retrieval.types import Scope, printable

_FORMAT = 2
_HEAP = 32_000_000  # bytes of passages in memory before tantivy writes them out
_MOST_TERMS = 64  # of a query; a question has at most 2,000 characters
_TRIES = 40  # of two seconds in all, to empty a folder
_STATE = "state"
_ARTICLE = "article"
_log = logging.getLogger("groundwire.words")


class Term(NamedTuple):
    """Words to look for; several make a phrase, in which `slop` other words may stand."""

    text: str
    weight: float = 1.0
    slop: int = 0


class WordIndex:
    """Which passages hold which words. Any number of threads may search; writes queue."""

    def __init__(self, folder: Path | None, store_id: str) -> None:
        """Open the index of a store in a folder, which is made empty if it holds that of another; None: in memory.

        Raises:
            StoreUnavailable: the folder cannot be written, or is in use.

        """
        self._folder = folder
        self._store_id = store_id
        self._schema = _schema()
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(40))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.ascii_fold())  # who asks for "Erdogan" means "Erdoğan"
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        self._writing = threading.Lock()
        self.residue = False
        """Something was deleted whose words must not stay in the files, as they do until tantivy merges these."""
        self._old_files = False  # all that were there are to go with the next commit
        self._index: tantivy.Index
        self._writer: tantivy.IndexWriter
        self.position = 0
        """How far the store's feed was followed."""
        self.open()

    def open(self) -> None:
        """Go back to the last commit, for a writer that failed loses what comes after.

        Raises:
            StoreUnavailable: the folder cannot be written, or is in use.

        """
        with self._writing, self._guarded():
            self._writer = None  # type: ignore[assignment]  # tantivy has no other way to let go of a folder
            self._open()

    def _open(self) -> None:
        """Open what is on disk, as of the last commit; begin anew where it cannot be read or is another store's."""
        try:
            state = self._load()
        except (OSError, ValueError) as error:
            if self._folder is None or "LockBusy" in str(error):
                raise
            _log.warning("The word index in %s cannot be read (%s): it is built anew.", self._folder, error)
            state = {}
        if self._folder and state.get("of") != self._owner():
            state = self._begin_anew(self._folder)
        self.position = state.get("position", 0)
        self.residue = state.get("residue", False)

    def _load(self) -> dict[str, Any]:
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(self._schema, path=str(self._folder) if self._folder else None)
        index.register_tokenizer("english", self._analyzer)
        self._writer = index.writer(heap_size=_HEAP, num_threads=1)
        # What a commit left behind that was interrupted: the next one may give a file the same name, and fail.
        self._writer.garbage_collect_files()
        index.reload()
        self._index = index
        return next((json.loads(stored) for stored in self._stored(_STATE)), {})

    def _begin_anew(self, folder: Path) -> dict[str, Any]:
        self._writer = None  # type: ignore[assignment]  # as above
        for left in reversed(range(_TRIES)):
            try:
                shutil.rmtree(folder)
                break
            except OSError:
                if not left:
                    raise
                time.sleep(0.05)  # threads of tantivy's that clean up may still write
        return self._load()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what tantivy raises into our own error; it raises ValueError for whatever goes wrong with a file."""
        try:
            yield
        except (OSError, ValueError) as error:
            where = f"in {self._folder}" if self._folder else "in memory"
            message = (
                f"The word index {where} cannot be kept: {error}. Is the disk full, or the folder not ours to write? "
                "It can be deleted while nothing runs: it is built again from the store."
            )
            raise StoreUnavailable(message) from error

    def _owner(self) -> str:
        return f"{self._store_id} {_FORMAT}"

    def close(self) -> None:
        """Let go of the folder; what was not committed is followed again next time."""
        with self._writing:
            self._index, self._writer = None, None  # type: ignore[assignment]  # as above

    # Writing

    def replace(self, record: Record, title: str, passages: Iterable[tuple[str, str]]) -> None:
        """Put an article's passages, as (id, text), in place of those before; seen after `commit`.

        Raises:
            StoreUnavailable: it cannot be written; `open` it before it is written again.

        """
        with self._writing, self._guarded():
            self._writer.delete_documents_by_term("article_id", record.article_id)
            row = tantivy.Document(kind=_ARTICLE, article_id=record.article_id)
            row.add_text("stored", json.dumps(record))
            self._writer.add_document(row)
            if record.withdrawn:
                return
            for passage_id, text in passages:
                row = tantivy.Document(article_id=record.article_id, passage_id=passage_id, title=title, text=text)
                row.add_text("stored", passage_id)
                if record.outlet is not None:
                    row.add_text("outlet", record.outlet)
                if record.published is not None:
                    row.add_integer("published", _milliseconds(record.published))
                self._writer.add_document(row)

    def start_over(self) -> None:
        """Begin to write all anew; what was there is found until the next `commit`, and leaves the files with it.

        Raises:
            StoreUnavailable: as of `replace`.

        """
        with self._writing, self._guarded():
            self._writer.delete_all_documents()
            self._old_files, self.residue = True, False

    def commit(self, position: int) -> None:
        """Make what was written seen and lasting, as of a position in the feed.

        Raises:
            StoreUnavailable: as of `replace`.

        """
        with self._writing, self._guarded():
            self._writer.delete_documents_by_term("kind", _STATE)
            row = tantivy.Document(kind=_STATE)
            row.add_text("stored", json.dumps({"of": self._owner(), "position": position, "residue": self.residue}))
            self._writer.add_document(row)
            self._writer.commit()
            self._index.reload()
            self.position = position
            if self._old_files:
                self._writer.garbage_collect_files()
                self._old_files = False

    def clear(self) -> None:
        """Forget everything."""
        with self._writing, self._guarded():
            self._writer.delete_all_documents()
            self._writer.commit()
            self._index.reload()
            self.position, self.residue = 0, False

    # Reading

    def records(self) -> list[Record]:
        """Give the records of all articles; none where they cannot be read, for then the index begins anew."""
        try:
            rows = [Record(*json.loads(stored)) for stored in self._stored(_ARTICLE)]
        except ValueError as error:
            _log.warning("The word index in %s cannot be read (%s): it is built anew.", self._folder, error)
            self.clear()
            return []
        return [row._replace(copies=tuple((article_id, version) for article_id, version in row.copies)) for row in rows]

    def search(
        self, terms: Sequence[Term], limit: int, scope: Scope | None = None, as_of: datetime | None = None
    ) -> list[tuple[str, float]]:
        """Give up to `limit` passages that hold some of the terms, as (id, BM25), the best first."""
        query = self._query(terms)
        if query is None:
            return []
        clauses = [(Occur.Must, query), *((Occur.Must, one) for one in self._filters(scope, as_of))]
        searcher = self._index.searcher()
        hits = searcher.search(Query.boolean_query(clauses), limit, count=False).hits
        return [(searcher.doc(address)["stored"][0], score) for score, address in hits]

    def shares(self, terms: Sequence[Term], passage_ids: Sequence[str]) -> dict[str, float]:
        """Give the share of the terms that each passage or its title holds, 0..1, each by its weight and its rarity.

        Rarity is BM25's inverse document frequency. Unlike BM25 the share can be compared between questions.
        """
        searcher = self._index.searcher()
        clauses, total = [], 0.0
        rarity = cache(partial(self._rarity, searcher))  # a word is in the pairs with its neighbours, too
        for stems, term in self._stemmed(terms):
            weight = term.weight * sum(map(rarity, stems)) / len(stems)
            held = Query.boolean_query([(Occur.Should, one) for one in self._in_fields(stems, term.slop)])
            clauses.append((Occur.Should, Query.const_score_query(held, weight)))
            total += weight
        if not clauses or not passage_ids:
            return {}
        # Term by term, not as a set: of a set tantivy makes an automaton, which takes 0.6 ms for an answer's 90.
        each = [(Occur.Should, Query.term_query(self._schema, "passage_id", one)) for one in passage_ids]
        named = Query.const_score_query(Query.boolean_query(each), 0.0)
        both = Query.boolean_query([(Occur.Must, Query.boolean_query(clauses)), (Occur.Must, named)])
        hits = searcher.search(both, len(passage_ids), count=False).hits
        return {searcher.doc(address)["stored"][0]: score / total for score, address in hits}

    def analyzed(self, text: str) -> list[str]:
        """Give the stems that a text is indexed by."""
        return list(self._analyzer.analyze(printable(text)))

    def _query(self, terms: Sequence[Term]) -> Query | None:
        clauses = [
            (Occur.Should, Query.boost_query(one, term.weight))
            for stems, term in self._stemmed(terms)
            for one in self._in_fields(stems, term.slop)
        ]
        return Query.boolean_query(clauses) if clauses else None

    def _stemmed(self, terms: Sequence[Term]) -> Iterator[tuple[list[str], Term]]:
        for term in terms[:_MOST_TERMS]:
            if stems := self.analyzed(term.text)[:_MOST_TERMS]:
                yield stems, term

    def _in_fields(self, stems: Sequence[str], slop: int) -> Iterator[Query]:
        # Never tantivy's own parser: deep parentheses in a question crash the process.
        for field in ("title", "text"):
            if len(stems) == 1:
                yield Query.term_query(self._schema, field, stems[0])
            else:
                yield Query.phrase_query(self._schema, field, [*stems], slop=slop)

    def _rarity(self, searcher: tantivy.Searcher, stem: str) -> float:
        # Counted (0.2 ms where 28,000 of 100,000 hold it), for doc_freq counts what was deleted until its files are
        # merged, and each replica has deleted other things: the same question would have other relevances there.
        queries = (Query.term_query(self._schema, field, stem) for field in ("text", "title"))
        holding = max(searcher.search(one, 1, count=True).count for one in queries)  # type: ignore[attr-defined]  # it has
        return math.log(1 + (max(searcher.num_docs - holding, 0) + 0.5) / (holding + 0.5))

    def _filters(self, scope: Scope | None, as_of: datetime | None) -> Iterator[Query]:
        scope = scope or Scope()
        earliest = _milliseconds(scope.after.timestamp()) if scope.after else None
        last = [_milliseconds(scope.before.timestamp()) - 1] if scope.before else []
        last += [_milliseconds(as_of.timestamp())] if as_of else []
        if earliest is not None or last:
            within = Query.range_query(
                self._schema, "published", tantivy.FieldType.Integer, earliest, min(last, default=None)
            )
            yield Query.const_score_query(within, 0.0)
        if scope.outlets:
            outlets = Query.term_set_query(self._schema, "outlet", list(scope.outlets))
            yield Query.const_score_query(outlets, 0.0)
        if scope.article_ids:
            articles = Query.term_set_query(self._schema, "article_id", list(scope.article_ids))
            yield Query.const_score_query(articles, 0.0)

    def _stored(self, kind: str) -> Iterator[str]:
        searcher = self._index.searcher()
        query = Query.term_query(self._schema, "kind", kind)
        for _, address in searcher.search(query, max(searcher.num_docs, 1), count=False).hits:
            yield searcher.doc(address)["stored"][0]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("kind", "article_id", "passage_id", "outlet"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("stored", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="english", index_option="position")
    builder.add_text_field("text", tokenizer_name="english", index_option="position")
    return builder.build()


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
