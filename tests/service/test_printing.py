"""Answers, passages and articles as plain text."""

from datetime import UTC, datetime

from retrieval.types import Corpus, Hit, Passage, Source
from service.printing import answer_text, hits_text, sources_text
from service.types import Abstention, Answer, Citation, CitedSource, Notice, Sentence

CORPUS = Corpus(articles=1, fingerprint="f")
SOURCE = Source(
    article_id="a",
    version="v",
    title="India and the US pledge to strengthen their strategic alliance and plan an armoured infantry vehicle",
    outlet="Livemint",
    published=datetime(2023, 11, 1, 23, 30, tzinfo=UTC),
    credits=("PTI", "AFP"),
    origin="a",
)


def citation(source: int, quote: str) -> Citation:
    return Citation(
        source=source, passage_id="p", quote=quote, start=0, end=len(quote), answer_start=0, answer_end=1, support=1
    )


def answer(*, citations: tuple[Citation, ...], text: str = "India buys 31 drones. [1][2]") -> Answer:
    sentence = Sentence(
        text=text,
        start=0,
        end=len(text),
        verdict="supported",
        citations=tuple(range(len(citations))),
        independent_sources=1,
    )
    return Answer(
        id="1",
        question="q",
        answered=True,
        text=text,
        abstained=None,
        sentences=(sentence,),
        citations=citations,
        sources=tuple(
            CitedSource(**SOURCE.model_dump(), number=number) for number in sorted({one.source for one in citations})
        ),
        notices=(Notice(kind="left_out", message="1 sentence was left out."),),
        writer="extractive",
        corpus=CORPUS,
        timings_ms={},
    )


def test_each_source_stands_below_the_answer_with_its_quotes() -> None:
    text = answer_text(
        answer(citations=(citation(1, "31 drones"), citation(2, "thirty-one"), citation(1, "31 drones"))), 80
    )
    assert text.splitlines() == [
        "India buys 31 drones. [1][2]",
        "",
        "[1] India and the US pledge to strengthen their strategic alliance and plan an",
        "    armoured infantry vehicle",
        "    Livemint · 1 November 2023 · PTI, AFP",
        "    “31 drones”",
        "",
        "[2] India and the US pledge to strengthen their strategic alliance and plan an",
        "    armoured infantry vehicle",
        "    Livemint · 1 November 2023 · PTI, AFP",
        "    “thirty-one”",
        "",
        "1 sentence was left out.",
    ]


def test_no_line_is_wider_than_it_may_be_and_no_word_is_lost() -> None:
    long = "word " * 60 + "x" * 200
    text = answer_text(answer(citations=(citation(1, long),), text=f"{long} [1]"), 40)
    assert max(map(len, text.splitlines())) <= 40
    assert text.count("word") == 120
    assert text.count("x") == 400


def test_what_controls_a_terminal_is_left_out() -> None:
    text = answer_text(answer(citations=(citation(1, "31\x1b[31m red\a\x9b2J\r\nnext\x7f"),)), 80)
    assert "\x1b" not in text
    assert text.isprintable() or set(text) & set(map(chr, range(32))) == {"\n"}
    assert "next" in text


def test_an_abstention_is_its_message() -> None:
    nothing = Abstention(reason="not_answered", message="The articles do not answer this question.")
    abstained = Answer(
        id="1", question="q", answered=False, text=None, abstained=nothing, writer="w", corpus=CORPUS, timings_ms={}
    )
    assert answer_text(abstained, 80) == nothing.message


def test_a_source_without_particulars_has_no_empty_line() -> None:
    bare = Source(article_id="a", version="v", title="T", origin="a")
    assert sources_text([bare, SOURCE], 100).splitlines()[:3] == ["a", "    T", "a"]


def test_hits_are_ranked_with_their_relevance() -> None:
    passage = Passage(source=SOURCE, ordinal=0, text="\nOne.\n\nTwo.\n", start=0, end=12)
    lines = hits_text([Hit(passage=passage, relevance=0.876)], 100).splitlines()
    assert lines[0].startswith("1. India")
    assert "relevance 0.88" in "".join(lines)
    assert lines[-2:] == ["   One.", "   Two."]
    assert hits_text([], 80) == "No passage was found."
