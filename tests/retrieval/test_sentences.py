"""Where sentences end, in the news."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "The U.S. Secretary of State met the U.N. envoy.",
        "External Affairs Minister S. Jaishankar met J. F. Kennedy and A.P.J. Abdul Kalam.",
        "The 5th India-U.S. 2+2 Ministerial Dialogue was held in New Delhi.",
        "The U.S.-India partnership grows.",
        "Lt. Gen. Anil Chauhan and Gov. Sen. Rao met Mr. Singh, Mrs. Rao, Ms. Das and Dr. Roy.",
        "The deal is worth $2.5 bn, or 3.07 per cent.",
        "It rose 0.5% to Rs. 25,000 crore at 10.30 a.m. IST on Nov. 10, 2023.",
        "See example.com or U.S.A.F. manuals.",
        "Acme Inc. Chairman Rao and Tata Ltd. Director Sen agreed.",
        "No. 10 Downing Street said so.",
        "India vs. Pakistan is on at St. James' Park.",
        "He waited … and waited.",
        "What? asked nobody in particular.",
        "It works, i.e. it runs, e.g. every day.",
        "Is it true (really?) that they met?",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert sentences(sentence) == [sentence]
    assert sentences(f"{sentence} They left early.")[-1] == "They left early."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left the U.S. The talks went on.", ["He left the U.S.", "The talks went on."]),
        ("They met at 5 p.m. The talks went on.", ["They met at 5 p.m.", "The talks went on."]),
        ("It was World War I. The end came.", ["It was World War I.", "The end came."]),
        ("It sold 31. Nobody said no. Others left.", ["It sold 31.", "Nobody said no.", "Others left."]),
        ("Really? Yes! He left.", ["Really?", "Yes!", "He left."]),
        ("It ended… The rest is history.", ["It ended…", "The rest is history."]),
        ("One.Two", ["One.Two"]),
        ("He asked why?The minister left.", ["He asked why?", "The minister left."]),
        ("A line\nanother line\r\nthe third\u2028the fourth", ["A line", "another line", "the third", "the fourth"]),
        ("It rose (by 5%). It fell.", ["It rose (by 5%).", "It fell."]),
    ],
)
def test_a_sentence_ends_where_the_next_begins(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "“The scope of our cooperation is vast. It stretches from the sea bed to space,” he said.",
        '"It is vast. It stretches from the sea bed to space," he said.',
        '“We agreed. We also discussed steps. All is well," he said.',  # opened curly, closed straight
        'He said: "Why? I do not know." to nobody.',
    ],
)
def test_a_quotation_stays_whole(text: str) -> None:
    assert sentences(text) == [text]
    assert sentences(f"It began. {text} It ended.") == ["It began.", text, "It ended."]


def test_a_quotation_that_is_never_closed_is_split_like_any_other_text() -> None:
    assert sentences("“We agreed. We left. They stayed.") == ["“We agreed.", "We left.", "They stayed."]


def test_a_quotation_longer_than_a_speech_is_split_like_any_other_text() -> None:
    text = "“" + "We will go on. " * 60 + "This is the end,” he said."

    assert len(sentences(text)) == 61


def test_two_quotations_of_one_line_each_stay_whole() -> None:
    text = '"One. Two," he said. "Three. Four," she said.'

    assert sentences(text) == ['"One. Two," he said.', '"Three. Four," she said.']


@pytest.mark.parametrize("marker", ["1. ", "10. ", "- ", "* ", "(a) ", "2) "])
def test_a_list_marker_is_no_sentence(marker: str) -> None:
    item = f"{marker}India and the US pledged to firm up ties."

    assert sentences(f"{item}\n\n{item}") == [item, item]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("会議が開かれた。次は来月だ。", ["会議が開かれた。", "次は来月だ。"]),
        ("谁来了？没有人！", ["谁来了？", "没有人！"]),
        ("भारत ने कहा। बैठक हुई॥ अंत", ["भारत ने कहा।", "बैठक हुई॥", "अंत"]),
        ("هل حضر الوزير؟ نعم حضر. انتهى", ["هل حضر الوزير؟", "نعم حضر.", "انتهى"]),
        ("اجلاس ہوا۔ سب آئے۔", ["اجلاس ہوا۔", "سب آئے۔"]),
        ("「会議は終わった。」次は来月だ。", ["「会議は終わった。」", "次は来月だ。"]),
    ],
    ids=["japanese", "chinese", "hindi", "arabic", "urdu", "quoted"],
)
def test_the_full_stops_of_other_scripts_end_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_nothing_and_white_space_hold_no_sentence() -> None:
    assert sentence_spans("") == sentence_spans(" \r\n\t\u2028\u00a0") == []


PIECES = st.sampled_from(
    [*"aAéИ1.!?…\"“”'’()。।؟\n\r\t \u00a0\u2028🙂\u0301\u200dא", "\r\n", "Mr.", "U.S.", "S. Rao", "2.5", "“A. B”", "  "]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join)))
@example("\x1c\x85 a")
def test_spans_are_ordered_disjoint_and_trimmed_and_cover_all_but_white_space(text: str) -> None:
    spans = sentence_spans(text)

    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    gaps = [text[before[1] : after[0]] for before, after in pairwise([(0, 0), *spans, (len(text), len(text))])]
    assert not "".join(gaps).strip()


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 200_000 + "b",
        "Mr. " * 50_000,
        '"A b." C. ' * 20_000,
        "a" * 200_000 + ". B",
        "“" * 200_000,
        "1. " * 70_000,
    ],
    ids=["spaces", "abbreviations", "quotations", "one-word", "never-closed", "markers"],
)
def test_time_grows_with_the_length_alone(text: str) -> None:
    begun = time.process_time()

    sentence_spans(text)

    assert time.process_time() - begun < 5  # a twentieth of a second when linear, minutes when not
