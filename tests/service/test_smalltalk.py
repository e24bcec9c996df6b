"""What is said to a chat window, and what is a question."""

import time

import pytest

from service.smalltalk import is_small_talk


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello!",
        "hello there 👋",
        "Good morning, how are you today?",
        "thanks a lot :)",
        "Thank you.",
        "What can you do?",
        "what can I ask you?",
        "How does this work?",
        "Who are you?",
        "help me please",
        "ok, cool. Thanks!",
        "test",
        "?",
        "...",
        "👍",
    ],
)
def test_greetings_and_questions_about_the_service_are_small_talk(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how many drones will India buy?",
        "Who is Antony Blinken?",
        "What can India do?",
        "What are you looking at in the 2+2 talks?",
        "Thanks to whom did the deal work?",
        "How does the engine work?",
        "2+2?",
        "drones",
        "Can you help India?",
        "कौन?",
        "日本は?",
    ],
)
def test_what_asks_about_the_world_is_a_question(text: str) -> None:
    assert not is_small_talk(text)


@pytest.mark.parametrize(
    "text", ["hi " * 600 + "x", "ok" * 900 + "x", "thanks so much " * 130 + "drones", "no test yes " * 160 + "?x"]
)
def test_long_texts_are_judged_at_once(text: str) -> None:
    began = time.monotonic()
    assert not is_small_talk(text)
    assert time.monotonic() - began < 0.5
