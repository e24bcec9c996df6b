"""How hybrid search ranks: what the word index is asked, how relevant each candidate is, and a diverse order; pure.

Relevance has two measures: of meaning, the cosine of the question and the passage's best sentence; of words, the share
of the question's terms that the passage holds, each term by its weight and its rarity. Neither depends on what else was
found, so that their weighted sum, turned into a probability, can be compared between questions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Vectors
from retrieval.lexical import Term
from retrieval.types import Hit, Passage

Numbers = NDArray[np.float64]

# The figures are of benchmarks/quality.py --constants: hit@1 among SQuAD's paragraphs, and among the passages of news.

# Weights of terms; a common word's is 1. They hardly matter: .878 and .784 with names at 1, .879 and .790 at 1.5, .878
# and .784 at 2; .878 and .790 with numbers at 1, .879 and .787 at 2 and at 3. So they are chosen, as is that of
# quotations, which the sets have too few of: of two passages alike, what names the same thing should be first.
NAME = 1.5
NUMBER = 2.0  # and months
QUOTED = 1.5
# Two neighbours of the question near each other, beside the two alone: .864 and .784 with 0, .870 and .782 with .2,
# .879 and .787 with .35, .877 and .784 with .7. How many words may stand between them: .875 and .776 with none, .879
# and .787 with 2, .878 and .787 with 4.
PAIR = 0.35
NEAR = 2

# Fitted by benchmarks/quality.py --fit. On articles that were not fitted on, hit@1 among SQuAD's paragraphs is .88;
# that of the usual sum of cosine and BM25, each scaled to 0..1, is .82.
MEANING = 6.89
WORDS = 3.01
OFFSET = -6.0
# What is left of a passage's gain for each one of its origin that is listed before it. Of news' first ten passages, for
# how many questions one holds the answer, and how many articles they come from: .992 and 4.4 with 1, .992 and 4.9 with
# .9, .989 and 5.8 with .65, .984 and 6.2 with .5, .976 and 6.8 with .3. The first hit is always the same.
AGAIN = 0.65


@dataclass(frozen=True)
class Candidate:
    """A passage that may matter to a question."""

    passage: Passage
    similarity: float
    """The cosine of question and passage, -1..1."""
    words: float
    """The share of the question's terms that the passage or its title holds, by weight and rarity, 0..1."""
    sentences: Vectors
    """The unit vectors of the sentences that begin in it: shape (sentences, dimensions)."""


# Words that say how a question is asked, and nothing of its subject.
_FUNCTION = frozenset(
    """a an the this that these those such same other another any some each every both either neither all half no not
    i me my mine we us our ours you your yours he him his she her hers it its they them their theirs one ones who whom
    whose which what when where why how there here and or but nor so yet if then than as because since while although
    though unless until whether of in on at by for with about against between among into through during before after
    above below to from up down out off over under again further per via upon within without be am is are was were been
    being do does did done doing have has had having will would shall should can could may might must let too very just
    only also even still already more most many much own s t d ll re ve m don didn doesn isn aren wasn weren won please
    tell give name know hasn haven hadn wouldn couldn shouldn ain""".split()
)
_MONTHS = frozenset("january february march april may june july august september october november december".split())
_WORD = re.compile(r"[^\W_]+(?:[-+./,:'’][^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_DIGIT = re.compile(r"\d")
_QUOTED = re.compile(r"[\"“]([^\"“”]{3,200})[\"”]")


def terms(question: str) -> list[Term]:
    """Give what the word index is asked: the question's words, quoted phrases, and pairs of neighbours.

    Names, numbers and quoted phrases weigh more, words that only form the question nothing. A question of nothing else
    is asked as it stands.
    """
    words = list(_content(question)) or [Term(word) for word in _PIECE.findall(question.lower())]
    weights: dict[str, float] = {}
    for word in words:
        weights[word.text] = max(word.weight, weights.get(word.text, 0.0))
    quoted = [Term(phrase, QUOTED) for phrase in _QUOTED.findall(question) if len(_PIECE.findall(phrase)) > 1]
    pairs = dict.fromkeys((one.text, other.text) for one, other in pairwise(words))
    return [
        *(Term(text, weight) for text, weight in weights.items()),
        *quoted,
        *(
            Term(f"{one} {other}", PAIR * (weights[one] + weights[other]) / 2, NEAR)
            for one, other in pairs
            if one != other
        ),
    ]


def _content(question: str) -> Iterator[Term]:
    shouted = question.isupper()
    for number, match in enumerate(_WORD.finditer(question)):
        word = re.sub(r"['’]s$", "", match.group(), flags=re.IGNORECASE)
        if _DIGIT.search(word):
            yield Term(word.lower(), NUMBER)  # "MQ-9B" and "2+2" are phrases to the index
        elif _DOTTED.fullmatch(word):
            yield Term(word.lower(), NAME)
        else:
            for piece in _PIECE.findall(word):
                acronym = len(piece) > 1 and piece.isupper() and not shouted
                named = acronym or (number > 0 and piece[0].isupper() and not shouted)
                plain = piece.lower()
                if plain in _MONTHS and (named or plain not in {"may", "march"}):
                    yield Term(plain, NUMBER)
                elif acronym or plain not in _FUNCTION:
                    yield Term(plain, NAME if named else 1.0)


def rank(vector: Vectors, candidates: Sequence[Candidate], *, limit: int) -> list[Hit]:
    """Give up to `limit` hits, the best first, and after it such as are relevant and of other origins.

    Relevance is an estimate of the probability that the passage holds the answer.

    Args:
        vector: The question's, of length 1: shape (dimensions,).
        candidates: What was found, in any order.
        limit: How many hits are wanted.

    """
    odds = measures(vector, candidates) @ (MEANING, WORDS) + OFFSET
    relevances = (1 / (1 + np.exp(-odds))).tolist()
    places = diverse(relevances, [one.passage.source.origin for one in candidates])
    return [Hit(passage=candidates[place].passage, relevance=relevances[place]) for place in islice(places, limit)]


def measures(vector: Vectors, candidates: Sequence[Candidate]) -> Numbers:
    """Give what relevance is made of, the best sentence's cosine and the share of words: shape (candidates, 2)."""
    meaning = [max((one.sentences @ vector).tolist(), default=one.similarity) for one in candidates]
    return np.array([meaning, [one.words for one in candidates]], np.float64).T


def diverse(relevances: Sequence[float], origins: Sequence[str]) -> Iterator[int]:
    """Order passages by relevance times `AGAIN` for each one of the same origin, so of the same article too, before it.

    This is the greedy order by the gain of alpha-nDCG (Clarke et al., 2008, https://doi.org/10.1145/1390334.1390446).
    """
    listed: dict[str, int] = {}
    # What is popped with a gain that it still has is the best; any other goes back with what is left of its gain.
    queue = [(-relevance, place, 0) for place, relevance in enumerate(relevances)]
    heapify(queue)
    while queue:
        _, place, counted = heappop(queue)
        before = listed.get(origins[place], 0)
        if before == counted:
            listed[origins[place]] = before + 1
            yield place
        else:
            heappush(queue, (-relevances[place] * AGAIN**before, place, before))
