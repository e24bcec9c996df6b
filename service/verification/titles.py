"""Whether a sentence gives somebody the office that the article gives another, or none: "Finance Minister Rao"; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from retrieval.sentences import sentence_spans
from service.language import lexicon
from service.language.words import Word, key_of, same
from service.verification.clauses import BE
from service.verification.phrases import words

# Words that make an office with a title behind them: "finance minister", "police chief".
_FIELDS = frozenset(
    """finance interior justice health education transport energy environment agriculture trade labour labor defence defense
    foreign external affairs home culture housing economy economic treasury security police army navy fire football state
    managing financial operating technical general""".split()
)
_OFFICES = lexicon.TITLES | frozenset(
    """coach captain manager editor founder owner spokesman analyst economist lawyer attorney sheriff councillor
    councilwoman councilman congressman congresswoman bishop cardinal archbishop imam rabbi general colonel major admiral
    chairperson chairwoman treasurer minister envoy prosecutor dean rector headteacher curator conductor""".split()
)
_KEYS = frozenset(key_of(word) for word in _OFFICES | _FIELDS)
_HEADS = frozenset(key_of(word) for word in _OFFICES - _FIELDS - {"former", "vice", "deputy", "head", "lead", "state"})
_OWN = "'s"
_RANKS = frozenset("former vice deputy acting chief senior".split())


def wrong_title(sentence: str, quote: str, whole: str) -> list[str]:
    """Say which office of a sentence is not that of the one who has it there, by the quote and the rest of its article."""
    reasons = []
    for name, title in _titled(sentence):
        known = [other for text in (quote, whole) for one, other in _titled(text) if same(name, one) >= 0.9]
        if not any(_meets(title, other) for other in known or [words(quote), *_lists(whole)]):
            reasons.append(
                f"the quote calls {name.text} {' '.join(word.text for word in known[0])}"
                if known
                else f"the quote does not call {name.text} {' '.join(word.text for word in title)}"
            )
        country = _country_before(sentence, title[0])
        if country and not any(_together(country, name, text) for text in (quote, whole)):
            reasons.append(f"the quote does not say {title[-1].text} of {country.text.removesuffix(_OWN)}")
    return reasons


def _lists(whole: str) -> list[tuple[Word, ...]]:
    """Give the sentences of an article."""
    return [words(whole[start:end]) for start, end in sentence_spans(whole)]


def _country_before(text: str, title: Word) -> Word | None:
    """Give the country whose office a title is: "Japan's Defence Minister"."""
    found = words(text)
    at = found.index(title) - 1
    return (
        found[at]
        if at >= 0 and found[at].key.startswith("=") and not text[found[at].end : title.start].strip()
        else None
    )


def _together(country: Word, name: Word, text: str) -> bool:
    """Tell whether a sentence of a text has both a country and somebody's name."""
    if not any(same(name, one) >= 0.9 for one in words(text)):
        return False
    return any(
        any(same(country, one) >= 0.9 for one in found) and any(same(name, one) >= 0.9 for one in found)
        for start, end in sentence_spans(text)
        for found in (words(text[start:end]),)
    )


def _meets(title: Sequence[Word], other: Sequence[Word]) -> bool:
    return all(any(same(word, one) >= 0.9 for one in other) for word in title if word.text.lower() not in _RANKS)


@lru_cache(maxsize=5_000)
def _titled(text: str) -> tuple[tuple[Word, tuple[Word, ...]], ...]:
    """Give each last name that has a title beside it: "Finance Minister Ann Rao", "Rao is the finance minister", "Rao, the minister"."""
    found = words(text)
    titled: list[tuple[Word, tuple[Word, ...]]] = []
    at = 0
    while at < len(found):
        end = _title_end(text, found, at)
        if end == at:
            at += 1
            continue
        title = tuple(word for word in found[at:end] if word.key in _KEYS)
        if any(word.key in _HEADS for word in title):
            name = _name_behind(text, found, end) or _name_before(text, found, at)
            if name:
                titled.append((name, title))
        at = end
    return tuple(titled)


def _title_end(text: str, found: Sequence[Word], at: int) -> int:
    end = at
    while end < len(found) and (
        end == at or not re.search(r"[,.;:!?()\"“”\n]", text[found[end - 1].end : found[end].start])
    ):
        lower = found[end].text.lower()
        if found[end].key in _KEYS or (
            end > at and lower in {"of", "and", "for"} and end + 1 < len(found) and found[end + 1].key in _KEYS
        ):
            end += 1
        else:
            break
    return end


def _name_behind(text: str, found: Sequence[Word], at: int) -> Word | None:
    """Give the last word of the name that follows a title, across a comma too: "the minister, Ann Rao,"."""
    end = at
    while end < len(found) and found[end].text[0].isupper() and found[end].content and found[end].key not in _KEYS:
        gap = text[found[end - 1].end : found[end].start]
        if not re.fullmatch(r"\s+|\.\s*|,\s+" if end == at else r"\s+|\.\s*", gap) or found[end].key.startswith("="):
            break
        end += 1
    return found[end - 1] if end > at else None


def _name_before(text: str, found: Sequence[Word], at: int) -> Word | None:
    """Give the name in "Rao is India's finance minister" and "Rao, the finance minister"."""
    back = at - 1
    while back >= 0 and (
        found[back].text.lower() in {"the", "a", "an", "its", "their", "former"} or found[back].key.startswith("=")
    ):
        back -= 1
    if back < 0:
        return None
    if found[back].text.lower() in BE:
        back -= 1
    elif text[found[back].end : found[min(back + 1, len(found) - 1)].start].strip() != ",":
        return None
    name = found[back] if back >= 0 else None
    return (
        name
        if name and (name.name or name.text[0].isupper()) and name.content and not name.key.startswith("=")
        else None
    )
