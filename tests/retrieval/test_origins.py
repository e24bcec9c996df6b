"""Which articles are copies or rewrites of one report, and which are reporters' own."""

import time
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from retrieval import readers
from retrieval.origins import LONGEST, fingerprint, likeness, same_report
from retrieval.readers import Document
from retrieval.types import Article, make_article

ROOT = Path(__file__).parents[2]
DATA = ROOT / "benchmarks" / "origins"
FERRY = DATA / "fitted" / "ferry-grounding"

WIRE = """\
Three rail bridges on the northern line will be closed for eleven weeks from June, the network operator said on Tuesday.

Engineers found cracks in the piers of the Ander bridge during an inspection last month, and faults of the same kind \
in two smaller bridges near Kolby.

Around 4,200 commuters a day will have to take buses, which need 50 minutes longer. The work is expected to cost 38 \
million crowns, most of it paid by the state.

"We would rather close a bridge than read about it," the operator's head of safety, Marit Sund, told reporters.

Freight trains with timber for the paper mill at Hov will be sent round by the coast.
"""
OTHER = """\
Olga Brandt has taken the 6.40 to the capital for nineteen years. From June she will stand at a bus stop instead.

"We would rather close a bridge than read about it," says Marit Sund, who is in charge of safety on the railway. \
Behind her, men in orange hang from ropes and tap at the pillars of the Ander bridge.

Kolby's mayor learned of the closure from the radio. He wants to know why nobody looked at the piers after the flood \
of 2021, and who pays for the extra hour that children will spend on the road to school.

The mill in Hov burns its own bark and can wait. The dairy cannot, and has hired lorries.
"""


def article(text: str) -> Article:
    return make_article(article_id="a", title="T", text=text)


def read(path: Path) -> Article:
    return readers.read(Document(path, path.stem))


def same(one: Article | str, other: Article | str) -> bool:
    ours, theirs = (fingerprint(article(this) if isinstance(this, str) else this) for this in (one, other))
    told = same_report(ours, theirs)
    assert same_report(theirs, ours) == told
    return told


def test_a_wire_story_in_three_outlets_is_one_report() -> None:
    outlets = [read(FERRY / f"{name}.md") for name in ("agency", "verbatim", "light")]
    assert all(same(one, other) for one, other in combinations(outlets, 2))


@pytest.mark.parametrize("name", ["verbatim", "trimmed", "added", "light", "takeaways"])
def test_what_was_made_from_a_report_is_that_report(name: str) -> None:
    assert same(read(FERRY / "agency.md"), read(FERRY / f"{name}.md"))


@pytest.mark.parametrize("name", ["rival", "independent"])
def test_two_reporters_own_words_about_one_event_are_two(name: str) -> None:
    assert not same(read(FERRY / "agency.md"), read(FERRY / f"{name}.md"))


def test_a_follow_up_that_repeats_the_background_is_a_report_of_its_own() -> None:
    earlier, later = read(FERRY / "agency.md"), read(FERRY / "follow-up.md")
    repeated = "although the harbour authority advises a limit of six knots in fog."
    assert repeated in earlier.text
    assert repeated in later.text
    assert not same(earlier, later)


def test_a_borrowed_paragraph_is_not_enough() -> None:
    folder = DATA / "fitted" / "library-closures"
    assert not same(read(folder / "agency.md"), read(folder / "borrowed.md"))


def test_the_same_pattern_with_other_numbers_is_another_report() -> None:
    pattern = (
        "The central bank raised its benchmark rate by a quarter of a point to {} percent, as {} economists expected.\n"
        "Inflation slowed to {} percent in the last month, but remains more than double the bank's target.\n"
        "The lira gained ground after the announcement and stood at {} to the dollar when the stock exchange closed.\n"
        "Unemployment fell to {} percent, the statistics office reported in the morning, and wages rose by {}.\n"
    )
    assert not same(pattern.format(5.25, 19, 6.1, 18.62, 4.4, 9.2), pattern.format(5, 22, 7.3, 18.97, 4.6, 8.8))
    assert same(pattern.format(5.25, 19, 6.1, 18.62, 4.4, 9.2), pattern.format(5.25, 20, 6.1, 18.6, 4.4, 9.3))


def test_a_shared_credit_and_headline_are_not_enough() -> None:
    published = datetime(2025, 5, 1, tzinfo=UTC)
    one, other = (
        make_article(article_id=name, title="Bridges closed", text=text, credits=["AFP"], published=published)
        for name, text in (("a", WIRE), ("b", OTHER))
    )
    assert not same(one, other)


def test_a_shared_quotation_is_not_enough_however_long() -> None:
    speech = '"' + " ".join(f"We shall rebuild pier {number} before the ice comes." for number in range(9)) + '"'
    assert not same(f"{WIRE}\n{speech}, she said.\n", f"{OTHER}\n{speech}, said Sund.\n")


def test_speech_is_left_out_whatever_its_marks() -> None:
    said = "nobody had looked at the piers since the great flood of that winter four years ago and more"
    spans = [f"“{said}”", f'"{said}"', f"„{said}“", f"«{said}»", f"‘{said}’", f"'{said}'"]
    for span in spans:
        found = fingerprint(article(f"{span}, the engineer told them."))
        assert found.sentences == (frozenset({"the", "engineer", "told", "them"}),), span


def test_an_apostrophe_opens_no_speech() -> None:
    (sentence,) = fingerprint(article("The operator's men and the unions' leaders met at the mill's gate.")).sentences
    assert {"men", "leaders", "met", "gate"} <= sentence


def test_the_order_of_the_paragraphs_does_not_matter() -> None:
    assert same(WIRE, "\n\n".join(reversed(WIRE.split("\n\n"))))


def test_another_spelling_of_quotes_numbers_and_spaces_does_not_matter() -> None:
    respelt = WIRE.replace('"', "”").replace("'", "’").replace("4,200", "4200").replace("50", "５０").upper()
    assert likeness(fingerprint(article(WIRE)), fingerprint(article(respelt.replace(" ", "\u00a0", 9)))) == 1


def test_the_pages_furniture_does_not_matter() -> None:
    furnished = "ADVERTISEMENT\n\nAlso Read: Ten bridges\n\n" + WIRE.replace("\n\n", "\n\nAlso Read: The mill\n\n")
    assert likeness(fingerprint(article(WIRE)), fingerprint(article(furnished))) == 1


def test_a_brief_is_no_report_of_its_own_and_joins_none() -> None:
    assert not same(read(FERRY / "agency.md"), read(FERRY / "brief.md"))


def test_a_digest_that_prints_several_reports_is_none_of_them() -> None:
    reports = [read(BASE).text for BASE in sorted(FERRY.parent.glob("*/agency.md"))[:8]]
    digest = "\n\n".join(reports)
    assert len(reports) == 8
    assert not any(same(digest, report) for report in reports)


def test_a_text_of_a_few_words_is_too_short_to_tell_unless_all_are_the_same() -> None:
    few = "Three rail bridges on the northern line will be closed."
    assert not same(WIRE, few)
    assert same(few, "Three rail bridges on the northern line WILL be closed")


@pytest.mark.parametrize("nothing", ["", " \n\n ", "ADVERTISEMENT", "…"])
def test_a_text_without_words_is_the_report_of_nobody(nothing: str) -> None:
    assert not same(nothing, nothing)
    assert not same(nothing, WIRE)


def test_a_text_of_nothing_but_speech_is_one_only_with_its_copy() -> None:
    speech = '"We would rather close a bridge than read about it in the papers of the following day."\n'
    assert same(speech, speech)
    assert not same(speech, speech.replace("bridge", "tunnel"))


@pytest.mark.parametrize(
    "text",
    [
        "भारत और अमेरिका ने शुक्रवार को अपनी रणनीतिक साझेदारी को मजबूत करने का संकल्प लिया। रक्षा मंत्री राजनाथ सिंह ने कहा कि दोनों "
        "देशों के बीच विश्वास बढ़ा है और आने वाले वर्षों में सहयोग नए क्षेत्रों तक पहुंचेगा।",
        "Die Notenbank hat den Leitzins am Donnerstag zum neunten Mal in Folge erhöht, um einen Viertelpunkt auf 5,25 "
        "Prozent. "
        "Die Präsidentin deutete an, dass die Währungshüter nun abwarten könnten, wie weit die Teuerung zurückgeht.",
        "中央银行周四将基准利率上调至5.25%，这是连续第九次加息，但暗示可能暂停。通货膨胀率从7月的6.8%降至8月的6.1%，仍高于目标。",
    ],
)
def test_a_copy_is_found_in_other_scripts(text: str) -> None:
    assert same(text, f"{text}\n\nADVERTISEMENT\n")
    assert not same(text, WIRE)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared_and_in_any_order(one: str, other: str) -> None:
    ours, theirs = fingerprint(article(one)), fingerprint(article(other))
    assert likeness(ours, theirs) == likeness(theirs, ours)
    assert 0 <= likeness(ours, theirs) <= 1
    assert likeness(ours, ours) == (1 if ours.words else 0)


@pytest.mark.parametrize(
    "text",
    [
        "".join(
            f"Bridge {number} of {number % 97} was closed by the county on day {number % 31}.\n"
            for number in range(20_000)
        ),
        "a b. " * 200_000,
        "Ox.\n" * 250_000,
        " 'a" * 300_000,
        "“a " * 300_000,
        "a" * 1_000_000,
        " ".join(f"w{number}" for number in range(150_000)),
    ],
    ids=["sentences", "one sentence", "one line", "apostrophes", "openings", "one word", "words"],
)
def test_a_text_of_a_megabyte_takes_a_moment(text: str) -> None:
    start = time.process_time()
    ours, theirs = fingerprint(article(text)), fingerprint(article(f"Other words.\n{text}"))
    same_report(ours, theirs)
    assert time.process_time() - start < 5  # 0.7 for the slowest


def test_of_a_book_the_beginning_is_compared() -> None:
    book = "".join(
        f"Chapter {number} tells how bridge {number * 7} fell into river {number * 3}.\n" for number in range(9000)
    )
    assert len(book) > 5 * LONGEST
    assert same(book, book[: len(book) // 2])


def test_the_sample_articles_are_reports_of_their_own() -> None:
    found = {path.stem: read(path) for path in sorted((ROOT / "seeds" / "articles").glob("*.md"))}
    merged = [pair for pair in combinations(found, 2) if same(found[pair[0]], found[pair[1]])]
    assert merged == []


def test_every_article_of_the_benchmark_is_labelled_once() -> None:
    labels = yaml.safe_load((DATA / "reports.yaml").read_text(encoding="utf-8"))
    labelled = sorted(
        f"{part}/{story}/{name}.md"
        for part in ("fitted", "held-out")
        for story, reports in labels[part].items()
        for names in reports
        for name in names
    )
    assert labelled == sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*.md"))
