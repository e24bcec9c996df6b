"""Which collections are in force: a store embedded anew is made beside the one that serves, and one record switches.

The collections with vectors are those of a generation, each of one embedding model; superseded texts and notes are
those of all. A store that never was embedded anew has the generation 0 and no record that says so.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chromadb.api import ClientAPI
from chromadb.errors import NotFoundError

from retrieval.archive import Archive, superseded_id
from retrieval.catalogue import key
from retrieval.errors import StoreForeign, StoreUnavailable
from retrieval.limits import BATCH, Collection, batches
from retrieval.minilm import MiniLM

_FORMAT = 4
_BEFORE = 3  # in which articles with a long id were stored by it, and not by their key
_FEW = 1_000  # records that a distributed Chroma says that it takes in a call; one on a single machine takes 5,461
_NO_MODEL = "none"
_OF_A_GENERATION = ("groundwire_articles", "groundwire_passages")
_IN_FORCE = "in force"
_TRIES = 5  # to open what is in force, while that changes
_HNSW = {
    # recall@50 .999 on news vectors, .990 with Chroma's defaults (22,473 MiniLM vectors, 200 held-out
    # queries; taken once for the design, 2026-11, and by no script here)
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 200,
}


@dataclass(frozen=True)
class Generation:
    """The collections with the vectors of one model."""

    number: int
    embedding: str
    """The model, as `Embedder.name` tells it."""

    @property
    def setting(self) -> str:
        """Give what GROUNDWIRE_EMBEDDING is for its model."""
        return "minilm" if self.embedding == MiniLM.name else self.embedding.rpartition("@")[0] or self.embedding


class Generations:
    """The generations of the store that a Chroma holds, of which one is in force."""

    def __init__(self, client: ClientAPI) -> None:
        """Read them from a client.

        Raises:
            StoreForeign: the store has another format.

        """
        self._client = client
        self._switch = self._collection("groundwire_generations", _NO_MODEL)

    def number(self) -> int:
        """Give the number of the generation in force."""
        found = self._switch.get(ids=[_IN_FORCE], include=["metadatas"])["metadatas"]
        return int(found[0]["number"]) if found else 0

    def in_force(self) -> Generation | None:
        """Give the generation in force; None: the store is new."""
        number = self.number()
        return next((one for one in self.all() if one.number == number), None)

    def all(self) -> list[Generation]:
        """Give the generations that there are, whole or not, the first first."""
        articles, passages = _OF_A_GENERATION
        models: dict[int, str] = {}
        for collection in self._client.list_collections():
            if found := re.fullmatch(rf"(?:{articles}|{passages})(?:_(\d+))?", collection.name):
                models[int(found.group(1) or 0)] = str((collection.metadata or {}).get("embedding"))
        return [Generation(number, models[number]) for number in sorted(models)]

    def open(self, embedding: str) -> tuple[Archive, Generation]:
        """Open the collections in force, which must be of a model, and are made in a new store.

        Raises:
            StoreForeign: they are of another model, or have another format.

        """
        for _ in range(_TRIES):
            number = self.number()
            try:
                archive = self.archive(Generation(number, embedding), new=number == 0)
            except NotFoundError:
                continue  # it was in force
            if number == self.number():
                return archive, Generation(number, embedding)
        raise StoreUnavailable(
            f"The collections of generation {number}, which is in force, are not there. Was the store copied in part?"
        )

    def archive(self, of: Generation, *, new: bool = False) -> Archive:
        """Open the collections of a generation, and make them if it may be `new`.

        Raises:
            StoreForeign: as `open` does.

        """
        articles, passages = (_name(name, of.number) for name in _OF_A_GENERATION)
        parts = Collection(self._collection("groundwire_parts", _NO_MODEL))
        archive = Archive(
            articles=Collection(self._collection(articles, of.embedding, new=new), parts=parts, named=key),
            passages=Collection(self._collection(passages, of.embedding, new=new)),
            superseded=Collection(self._collection("groundwire_superseded", _NO_MODEL), parts=parts),
            parts=parts,
            pending=Collection(self._collection("groundwire_pending", _NO_MODEL)),
        )
        if self._client.get_max_batch_size() <= _FEW:
            archive.most_near = BATCH
        _rename_long(archive.articles.handle, key)
        _rename_long(archive.superseded.handle, _key_of_version)
        return archive

    def switch(self, to: Generation) -> None:
        """Put a generation in force: from this moment on, whoever opens the store has it, and no other."""
        # upsert merges metadata: every key, each time
        row = {"number": to.number, "embedding": to.embedding}
        self._switch.upsert(ids=[_IN_FORCE], embeddings=[[1.0, 0.0]], metadatas=[row])

    def former(self) -> list[Generation]:
        """Give the generations before the one in force: a kill behind the switch has left them."""
        number = self.number()
        return [one for one in self.all() if one.number < number]

    def unfinished(self) -> list[Generation]:
        """Give the generations that were begun and never put in force."""
        number = self.number()
        return [one for one in self.all() if one.number > number]

    def remove_former(self) -> None:
        """Remove the generations before the one in force."""
        for one in self.former():
            self._remove(one)

    def remove_unfinished(self, but: str | None = None) -> None:
        """Remove what was begun and never put in force, except what goes on with a model."""
        for one in self.unfinished():
            if one.embedding != but or one.number != self.number() + 1:
                self._remove(one)

    def forget(self, article_id: str, number: int) -> None:
        """Delete an article from all generations but one, and the one in force: that has a record of it."""
        for one in self.all():
            if one.number in {number, self.number()}:
                continue
            for name in _OF_A_GENERATION:
                with suppress(NotFoundError):  # as below
                    found = self._client.get_collection(_name(name, one.number), embedding_function=None)
                    collection = Collection(found)
                    collection.delete(ids=collection.get(where={"article_id": article_id}, include=[])["ids"])

    def _remove(self, generation: Generation) -> None:
        for name in _OF_A_GENERATION:
            with suppress(NotFoundError):  # half of it was removed before
                self._client.delete_collection(_name(name, generation.number))

    def _collection(self, name: str, embedding: str, *, new: bool = True) -> Any:  # noqa: ANN401 - Chroma's own
        """Open a collection, which must be of our format and of a model; or make it."""
        made_by = {"format": _FORMAT, "embedding": embedding}
        if new:
            configuration: Any = {"hnsw": {"space": "cosine"} if embedding == _NO_MODEL else _HNSW}
            collection = self._client.get_or_create_collection(
                name, configuration=configuration, metadata=made_by, embedding_function=None
            )
        else:
            collection = self._client.get_collection(name, embedding_function=None)
        found = collection.metadata or {}
        if found.get("format") not in {_FORMAT, _BEFORE}:
            theirs, ours = (f"format {one.get('format')}" for one in (found, made_by))
            raise StoreForeign(
                f"The store was made by another release ({theirs}) than this one ({ours}), and cannot be read. Use "
                "that release, or ingest the articles into another folder (GROUNDWIRE_DATA_DIR) or Chroma server."
            )
        if found.get("embedding") != embedding:
            raise foreign(Generation(0, str(found.get("embedding"))), embedding)
        return collection


def foreign(stored: Generation, embedding: str) -> StoreForeign:
    """Say that the store holds vectors of another model than the settings name."""
    ours = Generation(0, embedding)
    return StoreForeign(
        f"The store holds the vectors of {stored.embedding}, and the settings name {embedding}, by which they cannot "
        f"be searched. Set GROUNDWIRE_EMBEDDING={stored.setting}, or embed the store anew with {ours.setting}: "
        "groundwire reembed"
    )


def replaced(by: Generation | None) -> StoreForeign:
    """Say that the store was embedded anew while this process had it open."""
    with_model, setting = (by.embedding, by.setting) if by else ("another model", "that model")
    return StoreForeign(
        f"The store was embedded anew with {with_model}, and the vectors that this service searches are gone. Restart "
        f"it with GROUNDWIRE_EMBEDDING={setting}."
    )


def _rename_long(collection: Any, named: Callable[[str], str]) -> None:  # noqa: ANN401 - Chroma's
    """Store by their keys what the release before stored by long ids; interrupted, the next start does it again."""
    metadata = collection.metadata or {}
    if metadata.get("format") != _BEFORE:
        return
    offset = 0
    names: list[str] = []
    while found := collection.get(limit=BATCH, offset=offset, include=[])["ids"]:
        names += found
        offset += BATCH
    for some in batches([name for name in names if named(name) != name]):
        rows = collection.get(ids=[*some], include=["embeddings", "documents", "metadatas"])
        collection.upsert(
            ids=[*map(named, rows["ids"])],
            embeddings=rows["embeddings"],
            documents=rows["documents"],
            metadatas=rows["metadatas"],
        )
        collection.delete(ids=[*some])
    collection.modify(metadata={**metadata, "format": _FORMAT})


def _key_of_version(name: str) -> str:
    article_id, _, version = name.rpartition("@")
    return superseded_id(article_id, version)


def _name(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
