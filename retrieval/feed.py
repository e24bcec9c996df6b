"""The feed of changes: how every process learns what is committed, by itself or by another, and why it misses nothing.

An article's record carries the number of its last change, and is never deleted: that of a withdrawn article stays, as a
mark. A follower has a position in these numbers. A look reads the records that are numbered higher than the overlap
below it, and takes in those that differ from what is known.

Numbers are the time, and higher than all that their writer has seen, so clocks need not agree. But of two writers that
have not seen each other's changes one may number alike or lower, and be seen later. So that nobody passes it by:

- A writer looks once its record can be seen: where others are ahead of it by half the overlap, it numbers it anew.
- A follower moves to the highest number that could be seen before a look began, not to what it saw in that look.

Take the first look that begins when a record can be seen. The position it starts from could be seen before the look
before it, so before the writer looked, who left no number that far ahead: the look reads the record. Half of the
overlap is to spare.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Any

from retrieval.archive import Archive
from retrieval.catalogue import Catalogue, Record
from retrieval.errors import StoreUnavailable
from retrieval.lexical import WordIndex
from retrieval.limits import batches

OVERLAP = 10_000_000  # microseconds; a commit takes some tenths of a second, and one that stalls is numbered anew
_TAKEN_IN = 100  # articles whose passages are in memory at once
_COMPARED = 100  # of the changes that are known, the last ones; a store that went back in time lacks some of them
_TELL_EVERY = 5.0  # seconds between two lines of progress
_log = logging.getLogger("groundwire.store")


class Feed:
    """The feed as one process follows it: into its catalogue and its word index."""

    def __init__(self, archive: Archive, words: WordIndex, *, alone: bool) -> None:
        """Begin where the word index ends; build it anew where it cannot be that of this store.

        Args:
            archive: the store's collections.
            words: its word index.
            alone: nobody else writes to the store.

        """
        self.words = words
        self.catalogue = Catalogue()
        self._archive = archive
        self._overlap = 0 if alone else OVERLAP
        self._clock = time.time_ns
        self._numbered = 0
        self._own = 0  # commits of this process
        self._taken = -1  # those of them that were followed
        self._position = self._seen = 0
        self._missed: dict[str, tuple[Record, str]] = {}  # changes that are known, and not in the word index
        self._anew = False  # the word index is being written anew
        self._failure: StoreUnavailable | None = None  # of the word index, since it was last opened
        self._looking = threading.Lock()
        self._begin()
        self.follow()
        if alone:
            self._position = self._seen  # nobody wrote meanwhile

    # Following

    @property
    def behind(self) -> bool:
        """Tell whether this process changed something that it has not taken in."""
        return self._taken != self._own

    @property
    def lacks_words(self) -> bool:
        """Tell whether the word index lacks what is known, for it cannot be written; searches find it by meaning."""
        return self._failure is not None

    def catch_up(self) -> None:
        """Take in what this process changed itself, before anybody reads."""
        if self.behind:
            with self._looking:
                if self.behind:  # not taken in while we waited
                    self._look()

    def follow(self) -> None:
        """Look once at what was changed, by whomever.

        Raises:
            StoreUnavailable: the word index cannot be written; all else is known, and the next look tries again.

        """
        with self._looking:
            self._look()
            if self._failure:
                raise self._failure

    def refresh(self) -> None:
        """Take in what anybody changed, before somebody counts or lists; a search sees it without."""
        if self._overlap:
            with self._looking:
                self._look()
        else:
            self.catch_up()

    def _look(self) -> None:
        if self._failure:
            self._try_words_again()
        own, seen = self._own, self._seen
        progress = _Progress(self._archive)
        for changes in self._archive.changes(self._position - self._overlap):
            if new := [(record, title) for record, title in changes if not self.catalogue.knows(record)]:
                self._take_in(new, progress)
            self._seen = max(self._seen, *(record.change for record, _ in changes))
        progress.end()
        self._position, self._taken = seen, own

    def close(self) -> None:
        """Leave the word index as far as this process has come."""
        self.catch_up()
        if self._failure:
            raise self._failure
        if self.words.position != self._position:
            self.words.commit(self._position)

    def _begin(self) -> None:
        """Know what the word index knows, unless that cannot be of this store."""
        self._go_back()
        known = nlargest(_COMPARED, self.catalogue.records(), key=lambda record: record.change)
        stored = self._archive.records([record.article_id for record in known])
        whole = all(one.article_id in stored and stored[one.article_id][0].change >= one.change for one in known)
        if not whole or len(self.catalogue.records()) > self._archive.articles.count():
            _log.warning("The word index knows what the store does not: it is built anew.")
            self.words.clear()
            self._go_back()

    def _go_back(self) -> None:
        catalogue = Catalogue()
        for record in self.words.records():
            catalogue.apply(record)
        self.catalogue = catalogue
        self._position = self.words.position
        self._seen = max((record.change for record in catalogue.records()), default=0)

    def _take_in(self, changes: Sequence[tuple[Record, str]], progress: "_Progress") -> None:
        if any(record.purged and self._has_words(record.article_id) for record, _ in changes):
            self.words.residue = True
        self._missed |= {record.article_id: (record, title) for record, title in changes}
        if not self._anew and not self._failure:  # a commit would show a word index that is half written
            self._write_missed(progress)
        # Not before: what is known is not taken in again.
        for record, _ in changes:
            self.catalogue.apply(record)

    def _write_missed(self, progress: "_Progress") -> None:
        """Write into the word index what it lacks; where it cannot be written the next look tries again."""
        for some in batches([*self._missed.values()], _TAKEN_IN):
            texts = self._texts(some)
            try:
                self._index(some, texts)
            except StoreUnavailable as error:
                self._failure = error
                return
            except BaseException as error:
                self._failure = StoreUnavailable(f"The word index failed: {error}")
                raise
            progress.tell(len(some))
        try:
            self.words.commit(self._position)
        except StoreUnavailable as error:
            self._failure = error
        else:
            self._missed = {}
            self._failure = None  # not before: it lacks words until they are in it

    def _try_words_again(self) -> None:
        """Open the word index again, as of its last commit, which lacks what was missed since."""
        position = self.words.position
        try:
            self.words.open()
        except StoreUnavailable as error:
            self._failure = error
            return
        if self.words.position != position:  # it could not be read, and was begun anew
            self._missed = {}
            self._go_back()
        elif self._missed:
            self._write_missed(_Progress(self._archive))
            return
        self._failure = None

    def _has_words(self, article_id: str) -> bool:
        known = self.catalogue.record(article_id)
        return known is not None and not known.purged

    def clear_residue(self) -> None:
        """Write the word index anew where words of what was purged are left in its files; searches go on meanwhile.

        What is changed meanwhile is known at once, and found by its words at the end.

        Raises:
            StoreUnavailable: as `follow` does.

        """
        if not self.words.residue:
            return
        try:
            with self._looking:
                self._anew = True
                self.words.start_over()
                records = self.catalogue.records()
            progress = _Progress(self._archive)
            for some in batches(records, _TAKEN_IN):
                sources = self._archive.records([record.article_id for record in some])
                changes = [(record, sources[record.article_id][1].title) for record in some]
                self._index(changes, self._texts(changes))
                progress.tell(len(some))
            with self._looking:
                for missed in batches([*self._missed.values()], _TAKEN_IN):
                    self._index(missed, self._texts(missed))
                self.words.commit(self._position)
                self._missed, self._anew = {}, False
            progress.end()
        except BaseException as error:
            with self._looking:
                self._anew = False
                self._failure = StoreUnavailable(f"The word index could not be written anew: {error}")
            raise

    def _texts(self, changes: Sequence[tuple[Record, str]]) -> dict[str, str]:
        return self._archive.texts([name for record, _ in changes for name in record.passage_ids()])

    def _index(self, changes: Sequence[tuple[Record, str]], texts: Mapping[str, str]) -> None:
        for record, title in changes:
            # A passage that is gone belongs to a version that was replaced meanwhile: that change comes next.
            passages = [(name, texts[name]) for name in record.passage_ids() if name in texts]
            self.words.replace(record, title, passages)

    # Being followed

    def number(self, after: int = 0) -> int:
        """Give the next change its number: the time, and higher than any that was seen whatever the clocks say."""
        self._numbered = max(self._clock() // 1000, self._numbered + 1, self._seen + 1, after + 1)
        return self._numbered

    def committed(self, changes: Mapping[str, int]) -> None:
        """See to it that nobody misses the changes of articles that were just committed, given with their numbers."""
        self._own += 1
        if not self._overlap:
            return
        ahead = self._archive.changes(min(changes.values()) + self._overlap // 2)
        if highest := max((record.change for some in ahead for record, _ in some), default=0):
            self.amend({article_id: {} for article_id in changes}, after=highest)

    def amend(self, rows: Mapping[str, Mapping[str, Any]], after: int = 0) -> None:
        """Write something into articles' records, and number it: their changes come anew.

        It is merged into the record, also into one that took its place: a higher number is never wrong.
        """
        numbered = {article_id: {**row, "change": self.number(after)} for article_id, row in rows.items()}
        self._archive.articles.update(ids=list(numbered), metadatas=list(numbered.values()))
        self.committed({article_id: row["change"] for article_id, row in numbered.items()})


class _Progress:
    """How far a look has come, told only when it takes long: building the word index from nothing does."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._begun = self._told = time.monotonic()
        self._done = 0

    def tell(self, done: int) -> None:
        """Say that so many articles more are done."""
        self._done += done
        if (now := time.monotonic()) - self._told > _TELL_EVERY:
            self._told = now
            of = self._archive.articles.count()
            _log.info("%d articles into the word index, %.0f s; the store has %d", self._done, now - self._begun, of)

    def end(self) -> None:
        """Say that it is done, if anything was said before."""
        if self._told > self._begun:
            _log.info("%d articles into the word index, %.0f s: done", self._done, time.monotonic() - self._begun)
