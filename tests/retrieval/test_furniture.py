"""What of an article is never quoted, and that nothing else is lost."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval import readers
from retrieval.furniture import quotable_spans, without_furniture
from retrieval.readers import Document

SEEDS = Path(__file__).parents[2] / "seeds" / "articles"

ALSO_READ = [
    "‘India-China relationship has never been easy’",
    "China’s loss as India’s gain?",
    "'ISIS terrorist' Wajihuddin from UP arrested in Chhattisgarh after 24-hour long search",
    "Jaishankar says 'we are big victims of terrorism' following India's refusal in UN to not condemn Hamas attack",
    "India to acquire 31 US drones for armed forces; deal worth ₹25,000 crore",
    "US Secretary of State Anthony Blinken in India: China, Israel, 2+2 Ministerial Dialogue…",
    '‘Enormous interest in IMEC’, says Foreign Minister Jaishankar; West Asia conflict an “unexpected problem"',
    "India-US relations: Set for a strategic upgrade",
    "Why India didn’t attack Pakistan after 26/11 Mumbai attacks",
    "26/11 Mumbai terror attack accused Tahawwur Rana extradition to India soon - here's how",
    "The end of Al Qaeda?",
]
FURNITURE = {
    "blinken-talks-china-israel": ["November 10, 2023", "ss/ab (AFP, AP, Reuters)"],
    "defence-alliance-joint-statement": [
        *(f"Also Read: {title}" for title in ALSO_READ),
        "(With inputs from PTI)",
        "HINDUSTAN AERONAUTICS More Information",
        "Milestone Alert!Livemint tops charts as the fastest growing news website in the world 🌏 "
        "Click here to know more.",
    ],
    "hold-2-plus-2-dialogue": [
        "ADVERTISEMENT",
        "November 10, 2023 12:13 pm | Updated 12:13 pm IST - New Delhi",
        "PTI",
        "| Photo Credit: PTI",
        "| Photo Credit: Reuters",
    ],
    "key-takeaways": [f"{number}." for number in range(1, 20)],
    "ramp-up-partnership": ["(X / @DrSJaishankar)"],
}


def quotable(text: str) -> list[str]:
    return [text[start:end] for start, end in quotable_spans(text)]


def left_out(text: str) -> list[str]:
    """Give the lines that no span holds, in order."""
    spans = [(0, 0), *quotable_spans(text), (len(text), len(text))]
    gaps = [text[before[1] : after[0]] for before, after in pairwise(spans)]
    return [line.strip() for gap in gaps for line in gap.splitlines() if line.strip()]


def seed(name: str) -> str:
    return readers.read(Document(SEEDS / f"{name}.md", name)).text


def test_every_seed_is_listed() -> None:
    assert {path.stem for path in SEEDS.glob("*.md")} == FURNITURE.keys()


@pytest.mark.parametrize("name", FURNITURE)
def test_exactly_the_furniture_of_a_real_article_is_left_out(name: str) -> None:
    assert left_out(seed(name)) == FURNITURE[name]


def test_the_own_words_of_a_caption_may_be_quoted() -> None:
    assert any(
        sentence.startswith("Defence Minister Rajnath Singh and") and sentence.endswith("Friday, Nov. 10, 2023.")
        for sentence in quotable(seed("hold-2-plus-2-dialogue"))
    )
    assert any(
        sentence == "US Secretary of State Antony Blinken and India’s external affairs minister S Jaishankar."
        for sentence in quotable(seed("ramp-up-partnership"))
    )


@pytest.mark.parametrize(
    "line",
    [
        "ADVERTISEMENT",
        "![The ferry Aurora in port](https://news.example/ferry.jpg)",
        "[click](javascript:alert(1)) {{ 7 * 7 }} ${7 * 7} &lt;b&gt; &amp;",
        '<a href="https://news.example/x">More</a>',
        "Advertisement - Scroll to continue",
        "**ADVERTISEMENT**",
        "### Advertisement",
        "Also Read: Two words. And a second sentence.",
        "**Also Read:** India buys drones. And more.",
        "***Also Read : India buys drones***",
        "*Also Read | India buys drones*",
        "_Also read:_ India buys drones",
        "__Also Read__: India buys drones",
        "**[Also Read: India buys drones. Why?](https://news.example/a)**",
        "[Also Read: India buys drones](https://news.example/a)",
        "- Also Read: India buys drones. More soon.",
        "> **Also Read:** India buys drones",
        "#### ALSO READ | India buys drones",
        "Also Read - India buys drones",
        "Read more: India buys drones",
        "Milestone Alert! Livemint tops charts. It is so.",
        "*Milestone Alert!* Livemint tops charts",
        "Click here to read the full story.",
        "(With inputs from PTI)",
        "*(With inputs from PTI and AFP)*",
        "With additional reporting by Reuters.",
        "ss/ab (AFP, AP, Reuters)",
        "PTI",
        "(Reuters, AFP)",
        "Updated: November 10, 2023 12:13 pm IST",
        "Published on 10 November 2023",
        "November 10, 2023 | 12:13 pm",
        "Nov. 10, 2023, 10:30 a.m.",
        "2023-11-10",
        "Published 3 hours ago",
        "Last updated at 12:13 IST",
        "Photo Credit: PTI",
        "Image: Reuters",
        "Subscribe to our newsletter",
        "Sign up for our daily newsletter!",
        "Download the app",
        "Follow us on Twitter",
        "Share",
        "Comments",
        "© 2023 The Desk",
        "Copyright 2023 The Desk. All rights reserved.",
        "All rights reserved.",
        "https://news.example/a",
        "* * *",
        "-----",
    ],
)
def test_furniture_is_left_out_and_its_neighbours_are_not(line: str) -> None:
    assert quotable(line) == []
    assert quotable(f"India plans to buy drones.\n\n{line}\n\nThe price is open.") == [
        "India plans to buy drones.",
        "The price is open.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Advertisement spending rose by a tenth.",
        "![A map](https://news.example/map.png) The ferry leaves on Monday.",
        "[The ferry leaves on Monday](https://news.example/a-very-long-address-of-an-article-on-ferries).",
        "The <b>ferry</b> sinks &amp; burns.",
        "从周一起渡轮<b>停航</b>两天。",
        "Also read by the minister was a statement on Gaza.",
        "Share prices fell sharply.",
        "Print sales rose.",
        "Comments were made by both sides.",
        "Register of voters closes today.",
        "Download speeds doubled.",
        "Get the vote out, he said.",
        "Related-party deals were banned.",
        "Watch-makers in Switzerland reported a fall.",
        "Published in 2019, the report named 31 firms.",
        "Updated guidance from 2024 makes masks optional.",
        "Posted a profit of 20 crore.",
        "Copyright law is changing in India.",
        "November 10, 2023: 10.25 million people voted.",
        "May 5, 2023 was a Friday.",
        "On November 10, 2023 the ministers met.",
        "US seeks more information",
        "Reuters reported the deal.",
        "PTI has more than 400 journalists.",
        "The picture shows two ministers.",
        "Trade between Karnataka-AP",
    ],
)
def test_a_statement_that_begins_like_furniture_is_kept(line: str) -> None:
    assert quotable(line) == [line]
    assert quotable(f"They met. {line}") == ["They met.", line]


def test_a_line_that_ends_in_an_advertisement_loses_that_alone() -> None:
    assert quotable("The talks ended on Friday. Click here to read more.") == ["The talks ended on Friday."]


@pytest.mark.parametrize(
    "suffix",
    [
        " | Photo Credit: PTI",
        " | Photo Credit: S. Rao / The Desk",
        " | Image: Reuters",
        " (File photo) | Photo Credit: PTI",
        " (Photo: AFP)",
        " (X / @DrSJaishankar)",
        " (PTI)",
        " - PTI",
        " (With inputs from AFP)",
    ],
)
def test_a_credit_is_cut_off_its_caption(suffix: str) -> None:
    assert quotable(f"The ministers met on Friday.{suffix}") == ["The ministers met on Friday."]


@pytest.mark.parametrize("marker", ["1. ", "10. ", "19. ", "(3) ", "2) ", "- ", "* ", "• ", "## ", "> ", "> - "])
def test_a_list_marker_is_cut_off_its_item(marker: str) -> None:
    assert quotable(f"{marker}India and the US pledged more.") == ["India and the US pledged more."]


def test_a_number_that_begins_a_sentence_is_kept() -> None:
    assert quotable("31 drones were sold. 2.5 million came.") == ["31 drones were sold.", "2.5 million came."]


def test_what_is_embedded_is_the_quotable_sentences() -> None:
    assert without_furniture("ADVERTISEMENT\n\n1. One.  Two.\n\nAlso Read: No.\n") == "One. Two."
    assert without_furniture("ADVERTISEMENT\n") == ""


@given(
    st.lists(st.sampled_from(["a", "B. ", "PTI", "Also Read: ", "\n", "\r\n", " ", "**", "10. ", "🙂", "(", "|"])).map(
        "".join
    )
)
def test_quotable_spans_are_ordered_disjoint_and_trimmed(text: str) -> None:
    spans = quotable_spans(text)

    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 200_000 + "b",
        "a |" + " " * 100_000 + "x",
        "(photo " * 20_000,
        "[" * 100_000,
        "- " * 100_000,
        "*" * 100_000,
    ],
    ids=["spaces", "pipe", "brackets", "links", "dashes", "stars"],
)
def test_time_grows_with_the_length_alone(text: str) -> None:
    begun = time.process_time()

    quotable_spans(text)

    assert time.process_time() - begun < 5  # a tenth of a second when linear, minutes when not
