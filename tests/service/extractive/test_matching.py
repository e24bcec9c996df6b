"""What of a question a text has."""

import pytest

from service.extractive.matching import number_met
from service.language.words import words


@pytest.mark.parametrize("number", ["²", "¹⁰", "²³", "②", "٣"])
def test_a_digit_that_is_no_decimal_one_is_no_value(number: str) -> None:
    """`"²".isdigit()`, and it is no number that can be read."""
    [word] = words(number)

    assert number_met(word, f"It holds {number} more.") == 1.0
    assert number_met(word, "It holds 12 more.") == 0.0
