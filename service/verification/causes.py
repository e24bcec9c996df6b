"""Whether a sentence gives a cause that its quote does not give; pure."""

import re
from collections.abc import Sequence

from service.language.words import Word
from service.verification.meaning import alike
from service.verification.phrases import words

_CAUSE = (
    r"because(?: of)?|(?<!is )(?<!are )(?<!be )(?<!was )(?<!were )due to(?!\s+be\b)|owing to|thanks to|on account of|as a result of|as a consequence of|in response to|in retaliation for"
    r"|in protest (?:at|against)|in reaction to|since\s+(?!\d|then|the\s+(?:start|beginning)|last|\w+day|(?:January|February|March"
    r"|April|May|June|July|August|September|October|November|December))(?=\w+\s+\w+(?:ed|s)\b)"
)
_EFFECT = (
    r"led to|leading to|caused|causing|prompt(?:ed|s|ing)|trigger(?:ed|s|ing)|spark(?:ed|s|ing)|resulted in|resulting in|provok(?:ed|es|ing)"
    r"|forced|forcing|therefore|consequently|as a result|which is why|that is why|which meant"
)
# What may stand in a quote where its cause is: weaker words too, as a sentence in other words may say them more plainly.
_LINK = re.compile(
    rf"\b(?:{_CAUSE}|due to|{_EFFECT}|after|following|followed|as|amid|since(?!\s+(?:\d|then|last|the\s))|over|blam\w+|driv\w+|drove|fuel\w+|help\w+|reason\w*|why"
    r"|contribut\w+|attribut\w+|stem\w*|cited|citing|mean\w*|ma[dk]\w+|when|in order to|result\w*|caus\w+|weigh\w*|push\w*|so)\b",
    re.IGNORECASE,
)
_BY = re.compile(r"\b(?:with|through|for|by)\b", re.IGNORECASE)
_BACKWARD = re.compile(rf"\b(?:{_CAUSE})", re.IGNORECASE)
_FORWARD = re.compile(rf"\b(?:{_EFFECT})\b", re.IGNORECASE)
_LEAST = 0.5  # the share of a side's words that the same side of the quote's link must have


def invented_cause(sentence: str, quote: str) -> list[str]:
    """Say that a sentence links by "because" what its quote does not link."""
    for pattern in (_BACKWARD, _FORWARD):
        for match in pattern.finditer(sentence):
            one = _content(sentence, 0, match.start())
            other = _content(sentence, match.end(), len(sentence))
            if pattern is _BACKWARD and not one:  # "Because of the storm, schools closed"
                comma = sentence.find(", ", match.end())
                one = _content(sentence, comma, len(sentence)) if comma > 0 else ()
                other = _content(sentence, match.end(), comma) if comma > 0 else other
            if one and other and not _linked(one, other, quote):
                return [f"the quote does not say {match.group().strip().lower()}"]
    return []


def _content(text: str, start: int, end: int) -> tuple[Word, ...]:
    return tuple(word for word in words(text) if word.content and not word.light and start <= word.start < end)


def _linked(one: Sequence[Word], other: Sequence[Word], quote: str) -> bool:
    """Tell whether a link of the quote has the words of the one on its one side, and those of the other on its other."""
    found = [word for word in words(quote) if word.content]
    for match in _LINK.finditer(quote):
        before = [word for word in found if word.start < match.start()]
        behind = [word for word in found if word.end > match.start()]
        if min(_share(one, before), _share(other, behind)) >= _LEAST:
            return True
        if min(_share(one, behind), _share(other, before)) >= _LEAST:
            return True
    for match in _BY.finditer(quote):  # "miss the match with a knee injury"
        following = [word for word in found if word.start > match.start()][:3]
        if (
            _share(other, following) == 1.0
            and _share(one, [word for word in found if word.start < match.start()]) >= _LEAST
        ):
            return True
    return False


def _share(asked: Sequence[Word], found: Sequence[Word]) -> float:
    return sum(any(alike(word, one) for one in found) for word in asked) / len(asked)
