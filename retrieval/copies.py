"""Which articles a new one is a copy or a rewrite of: it is compared with its neighbours, nearest by mean vector."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from retrieval import origins
from retrieval.archive import Archive
from retrieval.catalogue import Copy
from retrieval.embedding import Vectors
from retrieval.rows import article_of_row
from retrieval.types import Article

# Neighbours that an article is compared with. Chosen: a report in more outlets than that is one group all the same, as
# each copy is linked to the nearest others, and holds together when one of them goes.
_COMPARED = 8
# Some 50 kB each: the articles of one day come together, and are neighbours.
_fingerprint = lru_cache(maxsize=200)(origins.fingerprint)


def copied(archive: Archive, batch: Sequence[tuple[Article, Vectors]]) -> list[tuple[Copy, ...]]:
    """Name for each article, given with its vector, the neighbours that tell the same report.

    Those before it in the batch are neighbours as well; what the batch replaces is none.
    """
    return [
        tuple(
            (other.source.article_id, other.source.version)
            for other in near
            if origins.same_report(_fingerprint(article), _fingerprint(other))
        )
        for (article, _), near in zip(batch, _neighbours(archive, batch), strict=True)
    ]


def _neighbours(archive: Archive, batch: Sequence[tuple[Article, Vectors]]) -> Iterator[list[Article]]:
    """Give for each article its neighbours, the nearest first."""
    vectors = np.asarray([vector for _, vector in batch], dtype=np.float32)
    found = archive.near_articles(vectors, _COMPARED + len(batch))
    replaced = {article.source.article_id for article, _ in batch}
    among = vectors @ vectors.T
    for place, rows in enumerate(zip(found["metadatas"], found["documents"], found["distances"], strict=True)):
        near = [(float(among[place, other]), batch[other][0]) for other in range(place)]
        for row, text, distance in zip(*rows, strict=True):
            if row and text and row["article_id"] not in replaced:  # a withdrawn article has no text
                near.append((1.0 - float(distance), article_of_row(row, text)))
        near = [one for one in near if one[0] >= origins.LEAST_COSINE]
        yield [article for _, article in sorted(near, key=lambda one: -one[0])[:_COMPARED]]
