"""The attacks that still get through, by the test that they fail: once closed, one fails until its name is removed."""

# A model that obeys is believed: something that stands near the order is taken for what proves its sentence.
OBEYED = frozenset({"zero-width-letters"})
