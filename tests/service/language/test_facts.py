"""Numbers and dates in their spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language.facts import moments, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("31 drones", 31, ""),
        ("thirty-one drones", 31, ""),
        ("Thirty one drones", 31, ""),
        ("a hundred and five people", 105, ""),
        ("two hundred people", 200, ""),
        ("270,000 students", 270_000, ""),
        ("2,70,000 students", 270_000, ""),
        ("4.4 million people", 4_400_000, ""),
        ("five million people", 5_000_000, ""),
        ("$200 billion", 2e11, "money"),
        ("US$200bn", 2e11, "money"),
        ("200 bn dollars", 2e11, "money"),
        ("200 billion dollars", 2e11, "money"),
        ("$2.5 bn", 2.5e9, "money"),
        ("₹25,000 crore", 2.5e11, "money"),
        ("Rs 500", 500, "money"),
        ("€3m", 3e6, "money"),
        ("5%", 5, "percent"),
        ("five per cent", 5, "percent"),
        ("5.5 percent", 5.5, "percent"),
        ("three dozen ships", 36, ""),
        ("the 5th dialogue", 5, ""),
        ("the fifth dialogue", 5, ""),
    ],
)
def test_a_number_is_the_same_in_every_spelling(text: str, value: float, unit: str) -> None:
    [found] = quantities(text)
    assert found.value == pytest.approx(value)
    assert found.unit == unit


@pytest.mark.parametrize(
    "text", ["the MQ-9B", "GE414", "the 2+2 talks", "26/11", "November 10, 2023", "in 2018", "the F-35", "v1.2.3-rc"]
)
def test_codes_and_dates_are_no_numbers(text: str) -> None:
    assert quantities(text) == ()


def test_a_word_that_ends_like_a_currency_is_none() -> None:
    [found] = quantities("The diaspora numbers 4.4 million.")
    assert (found.value, found.unit) == (4_400_000, "")


@pytest.mark.parametrize(
    "text",
    [
        "November 10, 2023",
        "Nov. 10, 2023",
        "Nov 10 2023",
        "10 November 2023",
        "10th of November 2023",
        "10 Nov. 2023",
        "November 10th, 2023",
        "2023-11-10",
    ],
)
def test_a_date_is_the_same_in_every_spelling(text: str) -> None:
    [found] = moments(f"They met on {text}.")
    assert (found.year, found.month, found.day) == (2023, 11, 10)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("in November 2023", (2023, 11, None)),
        ("in June", (None, 6, None)),
        ("on June 5", (None, 6, 5)),
        ("in 2018", (2018, None, None)),
        ("in the 1990s", (1990, None, None)),
        ("last Friday", (None, None, None)),
        ("early next year", (None, None, None)),
        ("three years ago", (None, None, None)),
        ("yesterday", (None, None, None)),
        ("at 12:13 pm", (None, None, None)),
        ("in May", (None, 5, None)),
    ],
)
def test_a_date_has_what_the_text_says_of_it(text: str, date: tuple[int | None, int | None, int | None]) -> None:
    [found] = moments(f"They met {text}.")
    assert (found.year, found.month, found.day) == date


@pytest.mark.parametrize("text", ["They may march.", "1,267 people", "2,000 people", "the august body"])
def test_plain_words_and_counts_are_no_dates(text: str) -> None:
    assert moments(text) == ()


@given(st.text(alphabet="0123456789 ,.$%-NovRs billion thirty10th\n", max_size=40))
def test_every_number_and_date_stands_where_it_says(text: str) -> None:
    spans = [(one.start, one.end) for one in quantities(text)] + [(one.start, one.end) for one in moments(text)]
    for start, end in spans:
        assert 0 <= start < end <= len(text)
