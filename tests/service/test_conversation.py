"""A follow-up is understood by the turns before; what stands alone is left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation import searchable, stands_alone
from service.types import Turn


def turns(*texts: str) -> list[Turn]:
    """Turns of a user and an assistant, in turn."""
    return [Turn(role=("user", "assistant")[number % 2], text=text) for number, text in enumerate(texts)]


DRONES = turns(
    "How many MQ-9B drones does India plan to acquire?",
    "The Indian side also plans to acquire 31 MQ-9B Reaper drones from the US. [1]",
)
LED = turns(
    "Who led the US delegation?",
    "The delegation was led by U.S. Secretary of State Antony Blinken and U.S. Defence Secretary Lloyd Austin. [1]",
)
STARTED = turns(
    "When did the annual 2+2 dialogues start?",
    "These annual meetings, which started in 2018, aim to align policy objectives. [1]",
)
SAID = turns("What did Blinken say about Canada?", "“These are two of our closest friends,” Blinken said. [1]")
SIGNED = turns("Did India sign the jet engine deal?", "General Electric has reached an agreement with HAL. [1]")


@pytest.mark.parametrize(
    ("before", "question", "understood"),
    [
        (DRONES, "Who makes them?", "Who makes MQ-9B drones?"),
        (
            turns("What is the 2+2 dialogue about?", "It is about defence. [1]"),
            "When did it start?",
            "When did the 2+2 dialogue start?",
        ),
        (DRONES, "What will they cost?", "What will MQ-9B drones cost?"),
        (DRONES, "What is the price of it?", "What is the price of MQ-9B drones?"),
        (DRONES, "What about Canada?", "How many MQ-9B drones does Canada plan to acquire?"),
        (DRONES, "And the US?", "How many MQ-9B drones does the US plan to acquire?"),
        (DRONES, "From which country?", "From which country (MQ-9B drones, India)?"),
        (LED, "What did he say about China?", "What did Antony Blinken say about China?"),
        (LED, "What is his role?", "What is Antony Blinken’s role?"),
        (LED, "Did Austin meet him?", "Did Austin meet Antony Blinken?"),
        (LED, "And the Indian one?", "Who led the Indian delegation?"),
        (LED, "Where did they meet?", "Where did the US delegation meet?"),
        (STARTED, "And where?", "Where did the annual 2+2 dialogues start?"),
        (STARTED, "Why do they take place?", "Why do the annual 2+2 dialogues take place?"),
        (STARTED, "What is their aim?", "What is the annual 2+2 dialogues’ aim?"),
        (STARTED, "What are these meetings about?", "What are the meetings about (the annual 2+2 dialogues)?"),
        (SAID, "And about China?", "What did Blinken say about China?"),
        (SAID, "What about Austin?", "What did Austin say about Canada?"),
        (SAID, "Who was murdered there?", "Who was murdered in Canada?"),
        (SIGNED, "When was it signed?", "When was the jet engine deal signed (India)?"),
        (SIGNED, "When was the deal signed?", "When was the deal signed (the jet engine deal, India)?"),
        (
            turns("Which engine will be made in India?", "GE414"),
            "Who will make it?",
            "Who will make the engine (India)?",
        ),
        (turns("How many students are in the US?", "9"), "How many in Canada?", "How many students are in Canada?"),
        (turns("What did the two sides ask of Hamas?", "x"), "Why?", "Why did the two sides ask of Hamas?"),
        (turns("Does Washington like it?", "x"), "Why?", "Why does Washington like it?"),
        (SIGNED, "thanks, and in 2024?", "Did India sign the jet engine deal, in 2024?"),
    ],
)
def test_a_follow_up_gets_the_names_and_subjects_of_the_turns_before(
    before: list[Turn], question: str, understood: str
) -> None:
    assert searchable(question, before) == understood


@pytest.mark.parametrize(
    "question",
    [
        "How many Indian students are in the US?",
        "Is it true that Russia is the main supplier?",
        "Did Modi say that he would visit the US?",
        "How does India protect its students?",
        "What did the US say it would do?",
        "Which country that borders India is in the Quad?",
        "What happened in Gaza this week?",
        "Are there talks between India and Canada?",
        "What is the weather in Paris?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    for before in (DRONES, LED, SAID):
        assert stands_alone(question, before)
        assert searchable(question, before) == question


def test_without_turns_every_question_stands_alone() -> None:
    assert searchable("And what did he say about it?", []) == "And what did he say about it?"
    assert searchable("And what did he say?", turns("", "Welcome!")[1:]) == "And what did he say?"


def test_a_follow_up_of_a_follow_up_goes_back_to_what_was_meant() -> None:
    before = [*LED, *turns("What did he say about China?", "He said nothing. [1]")]
    assert searchable("And about Canada?", before) == "What did Antony Blinken say about Canada?"


@pytest.mark.parametrize(
    ("asked", "understood"),
    [
        (
            ["Who is Antony Blinken?", "What did he say about Gaza?", "and Austin?"],
            "What did Antony Blinken say about Austin?",
        ),
        (["Tell me about the 2+2 dialogue", "who attended?", "where was it held"], "where was the 2+2 dialogue held"),
        (
            ["What is the GE414 deal?", "How much is it worth?", "and the infantry vehicle?"],
            "How much is the infantry vehicle worth?",
        ),
        (["What happened in Halden?", "How many were evacuated there?"], "How many were evacuated in Halden?"),
        (
            ["How old is Ingrid Sorley?", "When did she die?", "What was her most famous house?"],
            "What was Ingrid Sorley’s most famous house?",
        ),
        (["Thanks", "What is India buying?", "From whom?", "At what price?"], "At what price is India buying?"),
        (["Is the mayor going to resign?", "What does she say?"], "What does she say (the mayor)?"),
    ],
)
def test_a_conversation_is_understood_turn_by_turn(asked: list[str], understood: str) -> None:
    before = [turn for question in asked[:-1] for turn in turns(question, "The articles do not answer this question.")]
    assert searchable(asked[-1], before) == understood


@pytest.mark.parametrize("question", ["¿Y Canadá?", "¿Qué dijo él a la prensa?", "Is the mayor going to resign?"])
def test_what_the_rules_cannot_judge_does_not_stand_alone(question: str) -> None:
    assert not stands_alone(question, DRONES)


def test_what_is_meant_may_have_been_named_long_before() -> None:
    before = [*DRONES, *turns("Who makes them?", "Nobody says. [1]", "From which country?", "The US. [1]")]
    assert searchable("And when will they be delivered?", before) == "when will MQ-9B drones be delivered?"
    before = [*LED, *turns("What did he say about China?", "Nothing. [1]", "What about Austin?", "Nothing. [1]")]
    assert searchable("Where did they meet?", before) == "Where did the US delegation meet?"


def test_forty_turns_of_follow_ups_are_read_at_once() -> None:
    assert searchable("And him?", turns(*["What about it?"] * 40))


def test_markers_of_an_answer_are_no_part_of_it() -> None:
    assert "[1]" not in searchable("What did he say?", LED)


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=5))
def test_whatever_was_said_there_is_a_question(question: str, before: list[str]) -> None:
    assert isinstance(searchable(question, turns(*before)), str)
