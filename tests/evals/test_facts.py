"""Facts are found in any of their spellings, and not in what is like them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases import Day, Number, Spelling
from evals.facts import has, says


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("They agreed on JET ENGINES.", "jet engine"),
        ("The minister’s “plan”", 'minister\'s "plan"'),
        ("the   joint\nstatement", "joint statement"),
        ("India–US talks", "India-US talks"),
        ("President Erdoğan spoke in São Paulo.", "Erdogan spoke in Sao Paulo"),
        ("President Erdogan spoke.", "Erdoğan"),
        ("worth US$200 billion", "$200 billion"),
        ("It cost 31.", "31"),
        ("It cost—31 million", "31 million"),
        ("It bought 31, then sold them.", "31"),
        ("from 10-31 of them", "31"),
        ("preventing terror", "prevent"),
        ("they planned two classes", "plan"),
        ("they planned two classes", "class"),
        ("it was produced", "produce"),
        ("ﬁfth edition", "fifth"),
        ("会议在北京举行", "北京"),
        ("the STRASSE", "straße"),
    ],
)
def test_words_are_found_in_any_form(text: str, words: str) -> None:
    assert says(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("They start today.", "art"),
        ("An article of the treaty", "art"),
        ("Nigeria won.", "Niger"),
        ("Bangladesh won.", "ban"),
        ("nobody knows", "no"),
        ("It bought 310.", "31"),
        ("It bought 131.", "31"),
        ("It cost 31.5 million.", "31"),
        ("It cost 31,000.", "31"),
        ("It cost 2.31.", "31"),
        ("It bought the F-31 jet.", "31"),
        ("the joint communiqué statement", "joint statement"),
        ("", "31"),
        ("anything", ""),
        ("anything", "  "),
    ],
)
def test_words_are_not_found_in_what_is_like_them(text: str, words: str) -> None:
    assert not says(text, words)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("31 drones", 31),
        ("thirty-one drones", 31),
        ("thirty one drones", 31),
        ("31.0 points", 31),
        ("$200 billion of trade", 200e9),
        ("200 bn dollars", 200e9),
        ("US$200bn", 200e9),
        ("270,000 students", 270_000),
        ("2,70,000 students", 270_000),  # as India groups digits
        ("a range of 10-15 people", 15),
        ("a range of 10–15 people", 10),
        ("between 10 and 15", 15),
        ("it fell to -3.5 degrees", -3.5),
        ("it fell to −3.5 degrees", -3.5),
        ("minus 3.5 degrees", -3.5),
        ("a loss of -$5 million", -5e6),
        ("1950 people came", 1950),
        ("the fifth edition", 5),
        ("31% of them", 31),
        ("it cost—31 million", 31e6),
    ],
)
def test_numbers_are_found_in_any_spelling(text: str, number: float) -> None:
    assert has(text, [Number(number=number)])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("310 drones", 31),
        ("31 million drones", 31),
        ("31.5 drones", 31),
        ("the MQ-31 drone", 31),
        ("on 31 December 2020", 31),
        ("on 2020-12-31", 31),
        ("on 31/12/2020", 12),
        ("on the tenth of November", 10),
        ("it fell to -3.5 degrees", 3.5),
        ("- 5 drones, as a list has it", -5),
        ("no number at all", 0),
        ("", 31),
    ],
)
def test_numbers_are_not_found_in_what_is_like_them(text: str, number: float) -> None:
    assert not has(text, [Number(number=number)])


def test_a_number_may_be_off_by_its_tolerance_and_no_more() -> None:
    about = Number(number=200e9, tolerance=5e9)
    assert has("some $195 billion", [about])
    assert has("some $205 billion", [about])
    assert not has("some $206 billion", [about])
    assert not has("some $194.9 billion", [about])


@pytest.mark.parametrize(
    "text",
    [
        "on 10 November",
        "on 10 November 2023",
        "on 10th November, 2023",
        "on November 10",
        "on November 10, 2023",
        "on Nov. 10",
        "on Nov 10th",
        "on the 10th of November",
        "on the tenth of November",
        "on the tenth day of November, 2023",
        "on November the tenth",
        "on November tenth, 2023",
        "2023-11-10",
        "2023/11/10",
        "on 10.11.2023.",
        "on 10/11/2023",  # in most of the world
        "on 11/10/2023",  # in the United States
        "on 10-Nov-2023",
        "from 10-12 November 2023",
        "from 10 to 12 November",
        "from November 8 to 10, 2023",
        "from November 8–10",
        "at 2023-11-10T08:00",
    ],
)
def test_a_day_is_found_in_any_form(text: str) -> None:
    assert has(text, [Day(date="2023-11-10")])


@pytest.mark.parametrize(
    "text",
    [
        "on 10 November 2022",
        "on 11 November 2023",
        "on 10 October 2023",
        "in November 2023",
        "in 2023",
        "on November 100",
        "on the eleventh of November",
        "on the tenth of October",
        "2022-11-10",
        "on 12/11/2023",
        "version 10.11.2023.4",
        "the 10 members met in November",
        "last Friday",
        "",
    ],
)
def test_a_day_is_not_found_in_another(text: str) -> None:
    assert not has(text, [Day(date="2023-11-10")])


def test_a_year_or_a_month_is_met_by_any_day_of_it() -> None:
    assert has("on 10 November 2023", [Day(date="2023")])
    assert has("on the tenth of November, 2023", [Day(date="2023-11")])
    assert has("in November", [Day(date="2023-11")])
    assert not has("on 10 November", [Day(date="2023")])
    assert not has("in 2023", [Day(date="2023-11")])


def test_a_verb_is_no_month() -> None:
    assert not has("You may first want to march third.", [Day(date="2023-05-01"), Day(date="2023-03-03")])
    assert has("on May first", [Day(date="2023-05-01")])


def test_any_one_spelling_is_enough() -> None:
    fact: list[Spelling] = ["fifth", Number(number=5), Day(date="2018")]
    assert has("in 2018", fact)
    assert has("5 of them", fact)
    assert not has("in 2019, 6 of them", fact)


@given(st.integers(0, 10**12))
def test_any_whole_number_is_found_as_figures_and_as_grouped_figures(number: int) -> None:
    asked = [Number(number=number)]
    assert has(f"They counted {number} of them.", asked)
    assert has(f"They counted {number:,} of them.", asked)
    assert not has(f"They counted {number:,} of them.", [Number(number=number + 1)])
    assert says(f"They counted {number} of them.", str(number))
    assert not says(f"They counted {number}7 of them.", str(number))


@given(st.dates(date(1500, 1, 1), date(2099, 12, 31)))
def test_any_day_is_found_in_every_form(day: date) -> None:
    asked = [Day(date=day.isoformat())]
    for form in (
        f"{day.day} {day:%B} {day.year}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day:%b}. {day.day}, {day.year}",
        f"{day.isoformat()}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day.day:02}.{day.month:02}.{day.year}",
    ):
        assert has(f"It was on {form}, they say.", asked), form
        assert not has(f"It was on {form}, they say.", [Day(date=f"{day.year + 1}")]), form


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_text_is_too_odd_to_be_looked_through(text: str, words: str) -> None:
    has(text, [words, Number(number=1), Day(date="2020-01-01")])
    assert says(f"{text} ", text) or not text.strip() or text[-1].isdigit()
