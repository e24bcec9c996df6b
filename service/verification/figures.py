"""Whether the numbers and dates of a sentence are those of a quote, in whatever spelling and of the same things; pure."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

from retrieval.sentences import sentence_spans
from service.language.facts import Moment, Quantity, moments, quantities
from service.language.words import Word, key_of, same
from service.verification.clauses import VERB_KEYS, clauses
from service.verification.meaning import likest
from service.verification.phrases import words

_REFERENCE = re.compile(r"\b(?:the|these|those|their|its|our|his|her|both)\s+$", re.IGNORECASE)
_THE_TWO = re.compile(r"\b(?:the|these|those)\s+$", re.IGNORECASE)
_UP = re.compile(
    r"\b(?:more than|over|above|exceed(?:s|ed|ing)?|at least|upwards? of|surpass\w*|topp(?:s|ed|ing)|no (?:fewer|less) than)\s+$",
    re.IGNORECASE,
)
_OVER = re.compile(r"\bover\s+(?:the\s+(?:past|last)\s+)?$", re.IGNORECASE)
_LASTING = re.compile(r"[\s-](?:years?|months?|weeks?|days?|hours?|minutes?|decades?)\b", re.IGNORECASE)
_DOWN = re.compile(
    r"\b(?:(?:less|fewer) than|under|below|up to|at most|nearly|almost|as (?:many|much) as|no more than)\s+$",
    re.IGNORECASE,
)
_NEAR_BY = re.compile(r"\b(?:about|around|approximately|roughly|some|estimated|close to)\s+$", re.IGNORECASE)
_CURRENCIES = {
    "points": r"percentage points?",
    "percent": r"%|per\s?cent",
    "aud": r"a\$",
    "cad": r"c\$",
    "usd": r"\$|usd|dollar",
    "eur": r"€|eur",
    "gbp": r"£|gbp|pound",
    "jpy": r"¥",
    "inr": r"₹|rs|inr|rupee",
}
_APART = frozenset("for to by from against with than versus at".split())
_OF = re.compile(r"\bof\s+$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s+[^;]{1,30}?\s+and\s+$", re.IGNORECASE)
_MONEY = frozenset(
    "yen yuan won franc francs krone kroner krona kronor peso pesos real reais rand ruble rubles rouble roubles lira dirham dirhams riyal".split()
)
_RATIO = re.compile(
    r"(?:one|1)\s+(?:[a-z]+\s+)?(?:in|out of)\s+(?:every\s+)?(?:\d|two|three|four|five|six|seven|eight|nine|ten|hundred)",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"\b(?:initial|original|earliest|inaugural|maiden)\w*\b", re.IGNORECASE)
_SUBJECT = re.compile(r"(.+?)\b(?:is|are|was|were|has|have|had)\b")
_AGED = key_of("aged")  # of another number: "10,400 volunteers aged 2 to 17"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_NEAR = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}  # days
_SHIFTS = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1, "coming": 1, "following": 1}

_Date = tuple[int | None, int | None, int | None]


def wrong_numbers(sentence: str, quote: str) -> list[str]:
    """Say which numbers of a sentence its quote does not have, or has of something else."""
    known = quantities(quote)
    days = {moment.day for moment in moments(quote)}
    reasons = []
    for one in quantities(sentence):
        said = sentence[one.start : one.end].strip()
        before = sentence[: one.start]
        if one.value == 2 and _THE_TWO.search(before) and not _after(one, sentence):
            continue  # "trade between the two" counts nothing
        if said.lower() == "one" or (one.value <= 3 and not one.ordinal and _REFERENCE.search(before)):
            # "one of the …", "the two sides": no count, unless the quote counts the same things
            if wrong := _counted_otherwise(one, sentence, known, quote):
                reasons.append(f"the quote does not say {said} of {wrong}")
            continue
        matching = [other for other in known if _equal(one, sentence, other, quote)]
        if not matching and one.ordinal and one.value == 1 and _INITIAL.search(quote):
            continue
        if not matching and not (one.ordinal and one.value in days):
            reasons.append(f"{said} is not in the quote")
            continue
        if wrong := _used_otherwise(one, sentence, matching, quote):
            reasons.append(wrong)
    return reasons


def _used_otherwise(one: Quantity, sentence: str, matching: Sequence[Quantity], quote: str) -> str:
    """Say how a quote, which has a number, means it: as a bound, about, or of something else."""
    said, before = sentence[one.start : one.end].strip(), sentence[: one.start]
    bound = _bound(before, sentence[one.end :])
    if bound and not any(_bound(quote[: other.start], quote[other.end :]) == bound for other in matching):
        return f"the quote does not say {before[-20:].split()[-1]} {said}"
    if not bound and not _NEAR_BY.search(before) and all(_loose(other, quote) for other in matching):
        return f"the quote does not say {said} exactly"
    if not one.ordinal and _of_what_follows(one, sentence, matching, quote):
        return f"the quote says {said} of something else"
    if _in_another_sentence(one, sentence, matching, quote):
        return f"the quote says {said} of something else"
    if wrong := _counts_others(one, sentence, matching, quote):
        return f"the quote says {said} {wrong}"
    wrong = _counted_otherwise(one, sentence, quantities(quote), quote)
    return f"the quote does not say {said} of {wrong}" if wrong else ""


def _in_another_sentence(one: Quantity, sentence: str, matching: Sequence[Quantity], quote: str) -> bool:
    """Tell whether what a number counts stands, of a quote's two sentences, in the one that does not have the number."""
    things = _after(one, sentence)
    spans = sentence_spans(quote) if things else []
    counting = [span for span in spans if any(span[0] <= other.start < span[1] for other in matching)]
    if not counting or len(spans) == len(counting):
        return False
    having = [
        (start, end)
        for start, end in spans
        if any(same(thing, word) >= 0.9 for thing in things for word in words(quote) if start <= word.start < end)
    ]
    return bool(having) and not set(having) & set(counting)


def wrong_dates(sentence: str, quote: str, published: date | None) -> list[str]:
    """Say which dates of a sentence are neither in its quote nor, where that has none, its article's own date."""
    said = moments(quote)
    dates = [known for moment in said for known in _dates(moment, quote, published)]
    if not said and published:  # news is of these weeks; of which day, only its words can tell
        dates.append((published.year, published.month, None))
    phrases = [set(quote[one.start : one.end].lower().split()) for one in said if _relative(one)]
    reasons = []
    for one in moments(sentence):
        phrase = sentence[one.start : one.end]
        if _relative(one):
            own = set(phrase.lower().split())
            met = any(own <= other for other in phrases) or any(_falls_on(known, own) for known in dates)
            # What the article says without a date is of its own year; one of another year must be told as that.
            met = met or (own == {"this", "year"} and bool(published) and _all_told(said, sentence, quote))
        else:
            met = any(_meets(one, known) for known in dates)
            if one.month is None and one.day is None:
                met = met or any(other.value == one.year for other in quantities(quote))
        if not met:
            reasons.append(f"{phrase.rstrip('.')} is not in the quote")
    return reasons or _days_of_another(sentence, quote, published)


def _days_of_another(sentence: str, quote: str, published: date | None) -> list[str]:
    """Look for a day that one sentence of a quote gives, and that is not the one of the deed in the other: "on Monday"."""
    texts = [quote[start:end] for start, end in sentence_spans(quote)]
    reasons: list[str] = []
    for one in moments(sentence) if len(texts) > 1 else ():
        verbs = [clause.verb for clause in clauses(sentence) if clause.start <= one.start < clause.end]
        phrase = sentence[one.start : one.end]
        if not verbs or verbs[-1].light or not _of_a_day(one, phrase):
            continue
        told = [text for text in texts if likest(verbs[-1], words(text))]
        if len(told) == 1 and any(_of_a_day(day, told[0][day.start : day.end]) for day in moments(told[0])):
            reasons += [reason for reason in wrong_dates(phrase, told[0], published) if reason not in reasons]
    return reasons


def _of_a_day(moment: Moment, phrase: str) -> bool:
    return bool(moment.day) or any(day in phrase.lower() for day in _WEEKDAYS)


def _all_told(said: Sequence[Moment], sentence: str, quote: str) -> bool:
    """Tell whether a sentence gives every date of its quote."""
    mine = {sentence[one.start : one.end].lower() for one in moments(sentence)}
    return all(quote[one.start : one.end].lower() in mine for one in said)


@lru_cache(maxsize=20_000)
def figure_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Give where the numbers and dates of a text stand."""
    return (*((one.start, one.end) for one in quantities(text)), *((one.start, one.end) for one in moments(text)))


def _equal(one: Quantity, sentence: str, other: Quantity, quote: str) -> bool:
    if one.value != other.value or one.ordinal != other.ordinal:
        return False
    mine, theirs = _unit(sentence[one.start : one.end]), _unit(quote[other.start : other.end])
    if {"percent", "points"} & {mine, theirs}:
        return mine == theirs
    if mine and not theirs and _large(other):  # "86 million euros, down from 103 million": the unit is said once
        return mine in {_unit(quote[each.start : each.end]) for each in quantities(quote)}
    return not mine or mine == theirs


def _large(quantity: Quantity) -> bool:
    return quantity.value >= 1e5


def _unit(figure: str) -> str:
    lower = figure.lower()
    return next((name for name, pattern in _CURRENCIES.items() if re.search(pattern, lower)), "")


def _bound(before: str, after: str) -> str:
    if _OVER.search(before) and _LASTING.match(after):
        return ""  # "rose over five years"
    return "up" if _UP.search(before) else "down" if _DOWN.search(before) else ""


def _loose(quantity: Quantity, text: str) -> bool:
    """Tell whether a text gives a number as a bound or as about right."""
    before, after = text[: quantity.start], text[quantity.end :]
    if _BETWEEN.search(before) or (re.search(r"\bbetween\s+$", before, re.IGNORECASE) and re.match(r"\s+and\b", after)):
        return True
    return bool(_bound(before, after) or _NEAR_BY.search(before) or re.match(r"\s+or (?:more|less|fewer)\b", after))


def _of_what_follows(one: Quantity, sentence: str, matching: Sequence[Quantity], quote: str) -> bool:
    """Tell whether the subject of a number is, in the quote, that of a later clause only."""
    subject = _SUBJECT.match(sentence[: one.start])
    nouns = [word for word in words(subject[1]) if word.content and not word.name] if subject else []
    if not nouns:
        return False
    for other in matching:
        stop = re.compile(r"[,;:](?!\d)").search(quote, other.end)
        clause, later = quote[: stop.start() if stop else None], quote[stop.end() :] if stop else ""
        if any(same(noun, word) >= 0.8 for noun in nouns for word in words(clause)):
            return False
        if not all(any(same(noun, word) >= 0.9 for word in words(later)) for noun in nouns):
            return False
    return bool(matching)


def _counts_others(one: Quantity, sentence: str, matching: Sequence[Quantity], quote: str) -> str:
    """Name what a quote counts by a number, where it is nothing that the sentence counts by it, though it has that too."""
    mine = [word for word in _after(one, sentence) if not word.light]
    found = {word.text.lower() for word in words(quote)}
    if not mine or one.unit or one.ordinal or not all(word.text.lower() in found for word in mine):
        return ""
    theirs = [[word for word in _after(other, quote) if not word.light] for other in matching]
    if not theirs or not all(theirs) or any(likest(word, other) for other in theirs for word in mine):
        return ""
    return " ".join(word.text for word in theirs[0])


def _counted_otherwise(one: Quantity, sentence: str, known: Sequence[Quantity], quote: str) -> str:
    """Name the thing that a sentence counts with this number, and its quote with another one only."""
    counts = [other for other in known if other is not one and not other.ordinal and not _compound(other, quote)]
    if (
        one.ordinal
        or (one.unit == "money" and not _after(one, sentence))
        or _compound(one, sentence)
        or _RATIO.match(sentence[one.start :])
        or all(other.value == one.value for other in counts)
    ):
        return ""
    if any(other.value == one.value and _understood(other, quote) for other in counts):
        return ""  # "Another 5,200 received it", "31 of the 40": what it counts is understood
    found = words(quote)
    if one.value == 1:
        counts = [*counts, *(_single(word) for word in found if word.text.lower() in {"a", "an", "single", "sole"})]
    places = [(other.value, index) for other in counts for index in [_place(other, found)]]
    for thing in _things(one, sentence):
        spots = [index for index, word in enumerate(found) if same(thing, word) >= 0.8]
        nearest = [min(places, key=lambda place: abs(place[1] - spot)) for spot in spots]
        close = [value for (value, index), spot in zip(nearest, spots, strict=True) if abs(index - spot) <= 6]
        if close and one.value not in close:
            return thing.text
    return ""


def _understood(quantity: Quantity, text: str) -> bool:
    """Tell whether what a number counts is left out: no noun stands behind it, and none before it with "of"."""
    return not (quantity.unit or _after(quantity, text) or _OF.search(text[: quantity.start]))


def _single(word: Word) -> Quantity:
    return Quantity(1.0, "", word.start, word.end)


def _place(quantity: Quantity, found: Sequence[Word]) -> int:
    return next((index for index, word in enumerate(found) if word.end > quantity.start), len(found))


def _compound(quantity: Quantity, text: str) -> bool:
    """Tell whether a number is part of a word that counts nothing: "two-way"."""
    return bool(re.match(r"-[^\W\d]", text[quantity.end :]))


def _things(quantity: Quantity, text: str) -> list[Word]:
    """Give what a number counts: the words right behind it, else the nearest one before."""
    if after := _after(quantity, text):
        return after
    before = [word for word in words(text) if word.end <= quantity.start][-3:]
    apart = [at for at, word in enumerate(before) if word.number or word.text.lower() in _APART]
    if apart:
        before = before[apart[-1] + 1 :]  # "in prison for stealing £3.2 million", "by 164 to 121"
    things = [word for word in before if word.content and (word.name or word.key not in VERB_KEYS)]
    return [word for word in things[-1:] if not word.light]


def _after(quantity: Quantity, text: str) -> list[Word]:
    after: list[Word] = []
    at = quantity.end
    for word in words(text):
        if word.start < at:
            continue
        if word.text.lower() in _MONEY and not after:
            at = word.end
            continue
        if not word.content or text[at : word.start].strip() or len(after) == 3 or word.key == _AGED:
            break
        after.append(word)
        at = word.end
    return after


def _relative(moment: Moment) -> bool:
    return moment.year is None and moment.month is None and moment.day is None


def _dates(moment: Moment, quote: str, published: date | None) -> list[_Date]:
    """Complete a date of a quote by that of its article."""
    if not _relative(moment):
        year = moment.year or (published.year if published else None)
        return [(year if moment.month else moment.year, moment.month, moment.day)]
    if not published:
        return []
    phrase = quote[moment.start : moment.end].lower().split()
    near = [shift for word, shift in _NEAR.items() if word in phrase]
    near += [shift for shift in range(-6, 7) if _WEEKDAYS[(published + timedelta(shift)).weekday()] in phrase]
    dates: list[_Date] = [(day.year, day.month, day.day) for day in (published + timedelta(shift) for shift in near)]
    for word, unit in pairwise(phrase):
        if word in _SHIFTS and unit == "year":
            dates.append((published.year + _SHIFTS[word], None, None))
        elif word in _SHIFTS and unit == "month":
            months = published.year * 12 + published.month - 1 + _SHIFTS[word]
            dates.append((months // 12, months % 12 + 1, None))
    return dates


def _meets(one: Moment, known: _Date) -> bool:
    return all(said is None or said == other for said, other in zip((one.year, one.month, one.day), known, strict=True))


def _falls_on(known: _Date, phrase: set[str]) -> bool:
    year, month, day = known
    if not (year and month and day):
        return False
    try:
        return phrase == {_WEEKDAYS[date(year, month, day).weekday()]}
    except ValueError:  # "31 June"
        return False
