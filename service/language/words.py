"""The words of a text, each with a key that is equal for words that mean the same; pure."""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakValueDictionary

import snowballstemmer

from service.language import lexicon


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Lexeme:
    """What is known of a word wherever it stands: the fields of `Word` that have no place; equal ones are one."""

    text: str
    lower: str
    key: str
    also: str | None
    name: bool
    number: bool
    content: bool
    light: bool


# Not frozen, though nothing changes one: a frozen one takes three times as long to make, and an answer reads thousands.
@dataclass(slots=True, unsafe_hash=True)
class Word:
    """One word as written, and what it is compared by."""

    text: str
    start: int
    end: int
    key: str
    """A stem, or one name for all spellings: `=india` also for "Indian", `mq9b` for "MQ-9B"."""
    also: str | None
    """A second key: `=india` for "New Delhi", by which news calls the government."""
    name: bool
    """Written as a name: a capital inside a sentence, a country, or a code with digits."""
    number: bool
    content: bool = field(compare=False, repr=False)
    """It says something of a subject."""
    light: bool = field(compare=False, repr=False)
    """It is one of reporting or asking, which decides little."""
    lexeme: Lexeme = field(compare=False, repr=False)
    """What it was made from."""


class _Stemmers(threading.local):
    """A stemmer for each thread: it keeps the word in itself, and sentences are proved in several at once."""

    def __init__(self) -> None:
        self.stem = snowballstemmer.stemmer("english").stemWord


_STEMMERS = _Stemmers()
_AMBIGUOUS = frozenset(
    "us turkey chad jordan georgia polish pole dane finn male guinea mali niger un kiwi lima".split()
)


_OTHER_NAMES = frozenset(
    "usa us u.s. u.s.a. america uk u.k. britain holland burma czechia bharat uae un u.n. eu e.u. dprk turkiye".split()
)


def _country_keys() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    names: dict[str, str] = {}
    capitals: dict[str, str] = {}
    demonyms: set[str] = set()
    for line in lexicon.COUNTRIES.strip().splitlines():
        country, others, capital = (part.strip() for part in line.split(":"))
        names[country] = f"={country}"
        # "new zealander", "sri lankan": a demonym of two words follows a country's name of two
        words = others.split()
        several = " " in country and any(country.split()[0] == word for word in words)
        for other in [others] if several else words:
            names[other] = f"={country}"
            if other not in _OTHER_NAMES:
                demonyms |= {other, f"{other}s"}
            names.setdefault(f"{other}s", f"={country}")
        for city in filter(None, capital.split(", ")):
            capitals[city] = f"={country}"
    return names, capitals, frozenset(demonyms)


COUNTRY_KEYS, CAPITALS, DEMONYMS = _country_keys()
COUNTRIES = frozenset(COUNTRY_KEYS.values())
_PHRASES = sorted((name for name in [*COUNTRY_KEYS, *CAPITALS] if " " in name), key=len, reverse=True)
_FIRST = frozenset(phrase.split()[0] for phrase in [*_PHRASES, "the united"])
_PHRASE = rf"(?:(?:the\s+)?united states(?: of america)?|{'|'.join(map(re.escape, _PHRASES))})\b"
_SINGLE_WORD = (
    r"[^\W\d_]{2,}+(?:['’][^\W\d_]+)*+(?![\w.-])"  # most, which the next cannot be
    r"|(?:(?<![\w.])[A-Za-z]\.){2,}(?![A-Za-z])|\b(?:[A-Za-z]\.){2,}"  # U.S., a.m.
    r"|\d+(?:\+\d+)+"  # 2+2
    r"|\d{1,2}/\d{1,2}(?:/\d{2,4})?"  # 26/11
    r"|[A-Z]{1,5}-?\d+[A-Z]*(?:-\d+)?\b"  # MQ-9B, F-35, GE414, G20
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th)?"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*"
    r"|\w+"
)
_SINGLE = re.compile(_SINGLE_WORD, re.IGNORECASE)
_SEVERAL = re.compile(rf"\b{_PHRASE}", re.IGNORECASE)
# Tried only where one of their first words stands: most words are none.
_WORD = re.compile(rf"\b(?=(?:{'|'.join(sorted(_FIRST))})\s){_PHRASE}|{_SINGLE_WORD}", re.IGNORECASE)
_BREAK = re.compile(r"[.!?:;“\"(\n•|]")
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z]{1,5}-?\d+[a-z]*(?:-\d+)?", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LOWER_US_AFTER = frozenset("the and between from by for to in with of does did will".split())


def key_of(word: str) -> str:
    """Give the key of an ordinary word: British spelling made American, then its stem."""
    lower = word.lower().replace("’", "'")
    lower = re.sub(r"'s?$|n't$", "", lower) or lower
    lower = lexicon.IRREGULAR.get(lower, lower)
    return _key(lower)


@lru_cache(maxsize=50_000)
def _key(lower: str) -> str:
    if len(lower) > 4:
        if len(lower) > 7:
            lower = re.sub(r"ll(ed|ing|er)$", r"l\1", lower)
        lower = re.sub(r"(def|off|lic|pret)ence", r"\1ense", lower)
        lower = re.sub(r"(?<=[a-z]{2})is(e[sdr]?|ing|ation|ations)$", r"iz\1", lower)  # not "rising"
        lower = re.sub(r"(?<=[a-z]{2}[lmnbv])our(?=(?:s|ed|ing|able|al)?$)", "or", lower)
        lower = re.sub(r"(cent|theat|met|lit)re(?=s?$)", r"\1er", lower)
        lower = re.sub(r"ogramme", "ogram", lower)
    return str(_STEMMERS.stem(lower))


_LIGHT_KEYS = frozenset(_key(word) for word in lexicon.LIGHT)


# Whose words are known, some 60 MB. To read one takes 55 µs, and an answer reads 200. Sets of these words are made in a
# microsecond, and are known of fewer: of all they would be 80 MB more.
SENTENCES_KEPT = 50_000
SETS_KEPT = 5_000


@lru_cache(maxsize=5_000)
def words(text: str) -> tuple[Word, ...]:
    """Give the words of a text in order; `text[w.start:w.end] == w.text`."""
    ordered, starts = _read(text)
    return tuple(
        Word(
            one.text, start, start + len(one.text), one.key, one.also, one.name, one.number, one.content, one.light, one
        )
        for one, start in zip(ordered, starts, strict=True)
    )


def word_of(raw: str, start: int, end: int, key: str) -> Word:
    """Give a word that is not read from a text, with a key of its own."""
    one = _lexeme_of(raw, key)
    return Word(raw, start, end, key, None, one.name, one.number, one.content, one.light, one)


def lexemes_in_order(text: str) -> tuple[Lexeme, ...]:
    """Give what the words of a text are, without their places: far less to make, and to keep, than `words`."""
    return _read(text)[0]


@lru_cache(maxsize=SETS_KEPT)
def lexemes(text: str) -> frozenset[Lexeme]:
    """Give what the words of a text are, each once."""
    return frozenset(_read(text)[0])


@lru_cache(maxsize=SENTENCES_KEPT)
def _read(text: str) -> tuple[tuple[Lexeme, ...], tuple[int, ...]]:
    """Give what the words of a text are, and where each begins."""
    cased = any(c.islower() for c in text) and any(c.isupper() for c in text)
    matches = _matches(text)
    found: list[Lexeme] = []
    starts: list[int] = []
    before, stop = "", 0
    for index, match in enumerate(matches, 1):
        raw = match[0]
        start = match.start()
        between = text[stop:start]
        first = index == 1 or (between != " " and bool(_BREAK.search(between)))
        named_next = first and index < len(matches) and matches[index][0][:1].isupper()
        told = not cased and before.lower() in _LOWER_US_AFTER
        found.append(_lexeme(raw, cased, first, named_next, told))
        starts.append(start)
        before, stop = raw, start + len(raw)
    return tuple(found), tuple(starts)


def words_in(texts: Iterable[str]) -> list[Word]:
    """Give the words of several texts, one after another; their offsets are those in their own text."""
    return [word for text in texts for word in words(text)]


def _matches(text: str) -> list[re.Match[str]]:
    """Find the words of a text; countries of several words are looked for only where one of their first words stands."""
    matches = list(_SINGLE.finditer(text))
    several = [one for one in matches if one[0].lower() in _FIRST and _SEVERAL.match(text, one.start())]
    return list(_WORD.finditer(text)) if several else matches


# What a word is hangs on little beside its letters, so that few of a text's are new.
@lru_cache(maxsize=100_000)
def _lexeme(raw: str, cased: bool, first: bool, named_next: bool, told: bool) -> Lexeme:  # noqa: FBT001
    """Tell what a word is.

    Args:
        raw: the word as written.
        cased: the text has letters of both cases.
        first: nothing stands before it in its sentence.
        named_next: it is first, and the word behind it has a capital.
        told: the text has letters of one case, and before this one stands a word that "us" the country may follow.

    """
    lower = re.sub(r"['’]s?$", "", raw.lower()).removeprefix("the ")
    if lower.startswith("united states"):
        return _lexeme_of(raw, "=united states", name=True)
    plain = lower if lower in COUNTRY_KEYS or lower in CAPITALS else lower.replace(".", "")
    if plain in COUNTRY_KEYS and (plain not in _AMBIGUOUS or _is_country(raw, told=told)):
        return _lexeme_of(raw, COUNTRY_KEYS[plain], name=True)
    if plain in CAPITALS and (raw[0].isupper() or not cased or " " in plain):
        return _lexeme_of(raw, plain, also=CAPITALS[plain], name=True)
    if _CODE.fullmatch(raw):
        return _lexeme_of(raw, lower.replace("-", ""), name=True)
    if raw[0].isdigit():
        return _lexeme_of(raw, re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", lower.replace(",", "")), number=True)
    capital = cased and raw[0].isupper()
    if first:
        capital = capital and (named_next or raw.isupper()) and lower not in lexicon.FUNCTION
    name = capital and lower not in _NEVER_NAMES and (len(raw) > 1 or lower not in {"i", "a"})
    return _lexeme_of(raw, key_of(raw), name=name)


def _lexeme_of(raw: str, key: str, also: str | None = None, *, name: bool = False, number: bool = False) -> Lexeme:
    lower = raw.lower()
    plain = lower.replace("’", "'").partition("'")[0]
    functional = plain.removesuffix("n") in lexicon.FUNCTION or plain in lexicon.FUNCTION or len(key) < 2
    light = not name and (lower in lexicon.LIGHT or key in _LIGHT_KEYS)
    made = Lexeme(raw, lower, key, also, name, number, content=name or number or not functional, light=light)
    with _MADE_HELD:
        return _MADE.setdefault((raw, key, also, name, number), made)


# They are compared by what they are, not by what they say, which takes longer. The caches alone would have two of one
# word: where two threads read it at once, and where it was read again beside what is kept of a text.
_MADE: WeakValueDictionary[tuple[str, str, str | None, bool, bool], Lexeme] = WeakValueDictionary()
_MADE_HELD = threading.Lock()


_NEVER_NAMES = lexicon.TITLES | frozenset("i ok mr mrs ms dr".split()) | set(lexicon.MONTHS) | lexicon.WEEKDAYS


def _is_country(raw: str, *, told: bool) -> bool:
    if raw.lower().replace(".", "") == "us":
        return raw.isupper() or told
    return raw[0].isupper() or "." in raw


def _synonym_groups() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(lexicon.SYNONYMS.strip().splitlines()):
        for word in line.replace("co-", "co").split():
            groups.setdefault(key_of(word), set()).add(number)
    return {key: frozenset(numbers) for key, numbers in groups.items()}


def _opposites() -> frozenset[frozenset[str]]:
    pairs = (pair.split() for pair in lexicon.ANTONYMS.replace("\n", " ").split(";") if pair.strip())
    return frozenset(frozenset((key_of(one), key_of(other))) for one, other in pairs)


SYNONYM_GROUPS = _synonym_groups()
_OPPOSITES = _opposites()
OPPOSITES_OF = {
    key: frozenset().union(*(pair - {key} for pair in _OPPOSITES if key in pair))
    for key in frozenset().union(*_OPPOSITES)
}
_NONE: frozenset[int] = frozenset()


def opposite(one: str, other: str) -> bool:
    """Tell whether two keys say the opposite of one another."""
    return frozenset((one, other)) in _OPPOSITES


def synonymous(one: str, other: str) -> bool:
    """Tell whether news uses the two keys for one another."""
    return bool(SYNONYM_GROUPS.get(one, _NONE) & SYNONYM_GROUPS.get(other, _NONE))


def kindred(one: str, other: str) -> bool:
    """Tell whether two stems come from one word: `produc` and `product`, `acquir` and `acquisit`."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    shorter, longer = sorted((len(one), len(other)))
    if shared == shorter == longer - 1 and shorter >= 4 and "n" in (one[-1:], other[-1:]):
        return True  # Asia, Asian
    return shared >= 5 and shared >= shorter - 1 and longer - shared <= 4


def misspelt(one: str, other: str) -> bool:
    """Tell whether two names differ by one letter changed, missing, added or swapped: "Antony", "Anthony"."""
    if min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    if any(c.isdigit() for c in one + other) or one.startswith("=") or other.startswith("="):
        return False
    if len(one) == len(other):
        differing = [index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = (
            len(differing) == 2
            and differing[1] == differing[0] + 1
            and one[differing[0]] == other[differing[1]]
            and one[differing[1]] == other[differing[0]]
        )
        return len(differing) == 1 or swapped
    shorter, longer = sorted((one, other), key=len)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))


def same(asked: Word | Lexeme, found: Word | Lexeme) -> float:
    """Tell how surely the found word says the asked one: 1 the same, .9 another form, .8 another word, 0 not."""
    if asked.key == found.key or (asked.also and asked.also == found.key) or (found.also and asked.key == found.also):
        return 1.0
    if asked.number or found.number:
        return 0.0
    return related(asked.key, found.key, asked.name, found.name)


def best(asked: Word | Lexeme, found: Iterable[Word | Lexeme]) -> float:
    """Tell how surely one of the words says the asked one; only content words are another word for one."""
    key, also, surest = asked.key, asked.also, 0.0
    for word in found:
        if word.key == key or (also and also == word.key) or (word.also and word.also == key):
            return 1.0
        if word.content and not word.number and not asked.number:
            sure = related(key, word.key, asked.name, word.name)
            surest = max(sure, surest) if sure else surest
    return surest


def related(asked: str, found: str, asked_name: bool, found_name: bool) -> float:  # noqa: FBT001
    """Tell how surely one key, of a name or not, is another form of or another word for an asked one; see `same`."""
    # Most pairs have nothing of what is asked for: to see that is as fast as to look it up, and they need not be kept.
    perhaps = (
        asked[:1] == found[:1] or (asked_name and found_name) or (asked in SYNONYM_GROUPS and found in SYNONYM_GROUPS)
    )
    return _related(asked, found, asked_name, found_name) if perhaps else 0.0


@lru_cache(maxsize=200_000)
def _related(asked: str, found: str, asked_name: bool, found_name: bool) -> float:  # noqa: FBT001
    if asked.startswith("=") or found.startswith("="):
        return 0.0
    if asked_name and found_name and _DIGIT.search(asked) and _DIGIT.search(found):
        return 0.9 if _same_code(asked, found) else 0.0
    if (asked_name or found_name) and misspelt(asked, found):
        return 0.9
    if opposite(asked, found):
        return 0.0
    if kindred(asked, found):
        return 0.9
    return 0.8 if synonymous(asked, found) else 0.0


def _same_code(one: str, other: str) -> bool:
    """Tell whether two codes name one thing: "GE414" and "F-414" share a long number, "MQ-9B" begins with "MQ-9"."""
    digits, others = re.sub(r"\D", "", one), re.sub(r"\D", "", other)
    if digits != others:
        return False
    return len(digits) >= 3 or one.startswith(other) or other.startswith(one)
