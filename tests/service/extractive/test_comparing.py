"""A question's words are found among a text's, as comparing each with each would find them."""

from pathlib import Path

import pytest
import yaml

from retrieval import readers
from retrieval.furniture import quotable_spans
from service.extractive.asking import take_apart
from service.extractive.comparing import ANOTHER_WORD, Comparison
from service.language.words import best, opposite, same, words

ROOT = Path(__file__).parents[3]
ARTICLES = [readers.read(file).text for file in readers.document_files([ROOT / "seeds" / "articles"])]
SENTENCES = [text[start:end] for text in ARTICLES for start, end in quotable_spans(text)]
QUESTIONS = [
    case["question"]
    for case in yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8"))["cases"]
]


class Happiness:
    """A likeness of two words."""

    def near(self, word: str, least: float) -> list[str]:
        return ["happy"] if word == "welcome" and least <= ANOTHER_WORD else []


@pytest.mark.parametrize("question", QUESTIONS[::3])
def test_words_are_graded_as_pair_by_pair(question: str) -> None:
    asked = take_apart(question)
    compared = Comparison(asked)

    for text in SENTENCES:
        found = words(text)
        for word in (*asked.names, *asked.numbers, *asked.terms, *asked.light, *words(asked.text)):
            assert compared.best(word, text) == best(word, found), (word.text, text)
            assert compared.said(word, text) == any(same(word, one) for one in found)
            turned = any(opposite(word.key, one.key) for one in found) and not any(same(word, one) for one in found)
            assert compared.opposed(word, text) == turned
        for one in found:
            assert compared.known(one.lexeme) == any(same(one, each) for each in words(asked.text))


def test_another_word_by_its_meaning_counts_for_less_and_never_for_a_name() -> None:
    asked = take_apart("Why did Austin welcome the agreement?")
    compared = Comparison(asked, Happiness())
    term = next(one for one in asked.terms if one.text == "welcome")

    assert compared.met(term, "Everybody was happy.") == 0.7
    assert compared.near(term, "Everybody was happy.")
    assert compared.met(term, "They welcomed it.") == 1.0
    assert compared.met(term, "Nobody was glad.") == 0.0
    assert compared.met(asked.names[0], "Everybody was happy.") == 0.0


def test_neighbours_of_the_question_are_near_each_other_in_a_text_or_not() -> None:
    compared = Comparison(take_apart("Which defence minister signed?"))

    assert compared.pairs("The defence minister signed it.") == 1.0
    assert compared.pairs("A minister said in the evening of that long and rainy day that defence is dear.") == 0.0
