import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import Record
from retrieval.embedding import Vectors
from retrieval.lexical import WordIndex
from retrieval.ranking import Candidate, diverse, rank, terms
from retrieval.types import Passage, Source

QUESTION: Vectors = np.array([1, 0], np.float32)


def toward(cosine: float) -> Vectors:
    """A unit vector at this cosine from the question."""
    return np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)


def candidate(
    article: str = "a", number: int = 0, *, meaning: float = 0.5, words: float = 0.5, origin: str | None = None
) -> Candidate:
    source = Source(article_id=article, version="1", title="", origin=origin or article)
    passage = Passage(source=source, ordinal=number, text="x", start=number, end=number + 1)
    sentences = np.array([toward(meaning - 0.2), toward(meaning)], np.float32)
    return Candidate(passage=passage, similarity=meaning, words=words, sentences=sentences)


def asked(question: str) -> dict[str, float]:
    return {term.text: term.weight for term in terms(question)}


def listed(candidates: list[Candidate], limit: int = 10) -> list[str]:
    return [hit.passage.source.article_id for hit in rank(QUESTION, candidates, limit=limit)]


# What the word index is asked


def test_words_that_only_form_the_question_are_not_asked() -> None:
    assert set(asked("What did the ministers discuss?")) == {"ministers", "discuss", "ministers discuss"}


def test_names_and_numbers_weigh_more_than_words() -> None:
    weights = asked("How many drones did Austin promise in 2023?")
    assert weights["austin"] > weights["drones"]
    assert weights["2023"] > weights["drones"]


def test_neighbours_are_asked_for_near_each_other_whatever_stands_between_them() -> None:
    [pair] = [term for term in terms("the price of oil") if " " in term.text]
    assert (pair.text, pair.slop) == ("price oil", 2)
    assert 0 < pair.weight < 1


def test_a_quoted_phrase_is_asked_as_it_stands_and_weighs_more_than_neighbours() -> None:
    phrase = next(term for term in terms('Who spoke of a "rules based order"?') if term.text == "rules based order")
    assert phrase.slop == 0
    assert phrase.weight > asked("rules based")["rules based"]


@pytest.mark.parametrize("word", ["MQ-9B", "2+2", "26/11", "25,000", "F-35", "3.5", "U.S."])
def test_what_is_written_in_one_is_asked_in_one(word: str) -> None:
    assert word.lower().rstrip(".") in asked(f"What about {word}, then?")


def test_a_possessive_is_asked_for_without_its_s() -> None:
    assert asked("Who bought India's and Delhi’s jets?").keys() >= {"india", "delhi", "jets"}


def test_the_us_is_a_name_and_us_is_not() -> None:
    assert "us" in asked("What did the US say?")
    assert "us" not in asked("What did ministers tell us?")
    assert "us" not in asked("WHAT DID MINISTERS TELL US?")


def test_a_month_is_content_and_a_verb_that_looks_like_one_is_not() -> None:
    assert asked("What happened in november?")["november"] > 1
    assert asked("What happened in May?")["may"] > 1
    assert "may" not in asked("What may happen?")


def test_a_question_without_content_is_asked_as_it_stands() -> None:
    assert "who" in asked("Who is it?")


def test_the_first_words_capital_makes_no_name() -> None:
    assert asked("Drones were bought")["drones"] == asked("Who bought drones")["drones"]


def test_a_question_in_capitals_names_nothing() -> None:
    assert set(asked("FLOODS IN KERALA").values()) == set(asked("floods in kerala").values())


@given(st.text(max_size=2000))
def test_any_text_can_be_asked(question: str) -> None:
    assert all(term.text and term.weight > 0 for term in terms(question))


def test_a_month_raises_what_mentions_it_and_filters_nothing() -> None:
    index = WordIndex(None, "test")
    texts = {"may": "Talks were held in May.", "june": "Talks were held in June.", "other": "Nothing of that."}
    record = Record("a", "1", None, None, "", 1, 1, len(texts), (), withdrawn=False)
    index.replace(record, "Report", texts.items())
    index.commit(1)
    found = [passage_id for passage_id, _ in index.search(terms("Which talks were held in June?"), 10)]
    assert found == ["june", "may"]


# The order


def test_both_meaning_and_words_raise_a_passage() -> None:
    both = [candidate("neither"), candidate("meaning", meaning=0.7), candidate("words", words=0.9)]
    assert listed(both)[-1] == "neither"


def test_the_best_sentence_counts_not_the_mean_of_the_passage() -> None:
    blurred = candidate("one sentence", meaning=0.7)
    blurred = Candidate(blurred.passage, 0.1, blurred.words, blurred.sentences)
    assert listed([candidate("whole", meaning=0.6), blurred]) == ["one sentence", "whole"]


def test_a_passage_without_sentences_counts_as_a_whole() -> None:
    nothing = np.empty((0, 2), np.float32)
    bare = [Candidate(candidate(name).passage, cosine, 0.5, nothing) for name, cosine in [("far", 0.2), ("near", 0.8)]]
    assert listed(bare) == ["near", "far"]


def test_relevance_does_not_depend_on_what_else_was_found() -> None:
    one = candidate("one")
    [alone] = rank(QUESTION, [one], limit=1)
    among = rank(QUESTION, [candidate("a", meaning=0.9), one, candidate("b", words=1)], limit=3)
    assert alone in among


def test_what_has_nothing_to_do_with_the_question_has_next_to_no_relevance() -> None:
    [hit] = rank(QUESTION, [candidate(meaning=0.1, words=0)], limit=1)
    assert hit.relevance < 0.01


def test_what_says_the_question_over_is_relevant() -> None:
    [hit] = rank(QUESTION, [candidate(meaning=0.9, words=1)], limit=1)
    assert hit.relevance > 0.9


def test_the_order_in_which_candidates_come_does_not_matter() -> None:
    candidates = [candidate(f"{number}", meaning=number / 20) for number in range(20)]
    assert listed(candidates) == listed(candidates[::-1]) == listed(candidates[7:] + candidates[:7])


def test_there_are_as_many_hits_as_wanted_and_none_without_candidates() -> None:
    assert len(listed([candidate(f"{number}") for number in range(5)], limit=3)) == 3
    assert listed([]) == []


def test_passages_of_one_article_do_not_fill_the_list() -> None:
    long = [candidate("long", number, meaning=0.70) for number in range(20)]
    others = [candidate(f"other {number}", meaning=0.65) for number in range(3)]
    assert listed([*long, *others])[:4] == ["long", "other 0", "other 1", "other 2"]


def test_copies_of_one_report_do_not_fill_the_list() -> None:
    copies = [candidate(f"copy {number}", origin="agency", meaning=0.70) for number in range(10)]
    assert listed([*copies, candidate("own report", meaning=0.65)])[:2] == ["copy 0", "own report"]


def test_an_article_beside_the_point_is_not_raised_for_being_another() -> None:
    found = [candidate("long", number, meaning=0.8, words=0.8) for number in range(3)]
    assert listed([*found, candidate("beside", meaning=0.1, words=0)]) == ["long", "long", "long", "beside"]


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abc")), max_size=30))
def test_a_diverse_order_leaves_nothing_out_and_begins_with_the_best(found: list[tuple[float, str]]) -> None:
    relevances = [relevance for relevance, _ in found]
    order = list(diverse(relevances, [origin for _, origin in found]))
    assert sorted(order) == list(range(len(found)))
    assert not order or relevances[order[0]] == max(relevances)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abc")), max_size=30))
def test_within_an_origin_the_more_relevant_comes_first(found: list[tuple[float, str]]) -> None:
    order = list(diverse([relevance for relevance, _ in found], [origin for _, origin in found]))
    for origin in "abc":
        of_it = [found[place][0] for place in order if found[place][1] == origin]
        assert of_it == sorted(of_it, reverse=True)
