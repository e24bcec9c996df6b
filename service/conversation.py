"""A follow-up becomes a question that stands alone, by the names and subjects of the turns before; pure."""

import re
from collections.abc import Sequence

from service.extractive.asking import Kind, take_apart
from service.language import lexicon
from service.language.words import COUNTRIES, Word, words
from service.sentences import without_markers
from service.types import Turn

_PERSON = re.compile(r"\b(?:(?P<subject>he|she)|(?P<object>him)|(?P<whose>his)|(?P<her>her))\b", re.IGNORECASE)
# "that" only where it stands for something: "about that?", not "the country that …"; "it" not in "is it true that".
_THING = re.compile(
    r"""\b(?:(?P<whose>its|their)
    |(?P<it>it|they|them)(?!\s+(?:true|likely|possible|rain\w*)\b)
    |(?P<these>these|those|this|that|the\ same)
     (?=\W*$|\s+(?:is|was|are|were|has|have|had|will|did|does|do|come|say|held|\w{3,}ed|happen\w*|mean\w*|start\w*|end\w*)\b)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SUBJECT = re.compile(
    r"\s+(?:will|would|is|are|was|were|has|have|had|can|could|should|may|might|did|do|does|\w{3,}s|\w{2,}ed)\b"
)
_POINTED = re.compile(
    r"(?:\b(?:this|these|those|the same)|(?:^|\b(?:of|in|on|at|about|by|for|from|with|to) )that)\s+(?P<thing>[a-z-]+)"
)
_NO_THING = frozenset(
    """is was are were has have had will did does do come say held one year month week day morning afternoon evening
    summer winter spring autumn fall time decade""".split()
)
_PLACE = re.compile(
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?!\s+(?:is|are|was|were|be)\b)", re.IGNORECASE
)
# "And in 2019?", "What about Canada?", "Canada too?"
_ELLIPSIS = re.compile(
    r"""^\W*(?:(?:and|but|so|ok(?:ay)?|thanks|thank\ you)\b[\s,]*)*(?:(?:what|how)\ about|and|or)\s+
    (?P<rest>(?!(?:what|when|where|who|why|which|how|did|does|do|is|are|was|were|has|have|will)\b).+?)\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_BARE = re.compile(
    r"""^\W*(?:(?:and|but|so)\s+)?(?P<asks>why(?:\ not)?|when|where|who|how|how\ (?:many|much|come|so|long|often)
    |since\ when|by\ whom|with\ whom|which\ ones?|what\ for)\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_HEAD = re.compile(
    r"""^\W*(?:how\ (?:many|much|long|often|old|far)
    |(?:what|which)(?:\ \w+(?=\ (?:is|are|was|were|did|does|do|will|has|have|had|can|could)\b))?
    |who(?:m|se)?|when|where|why|how)\b\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_CONNECTIVE = re.compile(r"^\W*(?:and|but|so|then|also)\b[\s,]*", re.IGNORECASE)
_DEFINITE = re.compile(
    r"""\b(?:the|its|his|her|their)\s+(?P<noun>(?:[\w+&-]+\s+){0,3}?[\w+&-]+)
    (?=\s+(?:of|in|on|at|to|for|from|with|by|between|and|is|are|was|were|will|did|has|have|had)\b|\W*$)""",
    re.IGNORECASE | re.VERBOSE,
)
_DO = re.compile(r"\b(?:do|does|did|will|would|can|could|should|has|have|had|is|are|was|were)\b", re.IGNORECASE)


def stands_alone(question: str, history: Sequence[Turn]) -> bool:
    """Tell whether a question can be understood without the turns before it."""
    if not any(turn.role == "user" for turn in history):
        return True
    if _ELLIPSIS.match(question) or _BARE.match(question) or _CONNECTIVE.match(question):
        return False
    if any(_points_back(match, question) for pattern in (_PERSON, _THING) for match in pattern.finditer(question)):
        return False
    if _PLACE.search(question) or _pointed(question):
        return False
    asked = take_apart(question)
    if asked.names or asked.numbers or asked.quoted:
        return True
    # "When was the deal signed?": a deal that the turns before have told of.
    before = {word.key for turn in history for word in words(turn.text)}
    nouns = [match["noun"] for match in _DEFINITE.finditer(question)]
    return len(asked.terms) > 1 and not any(word.key in before for noun in nouns for word in words(noun)[-1:])


def searchable(question: str, history: Sequence[Turn]) -> str:
    """Put into a follow-up the names and subjects of the turns before; a question that stands alone stays as it is."""
    if stands_alone(question, history):
        return question
    last = max(index for index, turn in enumerate(history) if turn.role == "user")
    before = searchable(history[last].text, history[:last])
    answers = " ".join(without_markers(turn.text) for turn in history[last:] if turn.role == "assistant")
    if bare := _BARE.match(question):
        rest = _HEAD.sub("", before).rstrip("?!. ")
        return f"{bare['asks'][:1].upper()}{bare['asks'][1:]} {rest}?"
    if ellipsis := _ELLIPSIS.match(question):
        return _instead(question, ellipsis.start("rest"), before)
    return _resolved(_CONNECTIVE.sub("", question), before, answers)


def _points_back(match: re.Match[str], question: str) -> bool:
    """Tell whether a pronoun means something of the turns before: no name stands in front of it that it may mean."""
    found = match.groupdict()
    named = any(word.name and word.end <= match.start() for word in words(question))
    own = found["whose"] or found.get("subject") or found.get("her") or _SUBJECT.match(question[match.end() :])
    return not (named and own and not found.get("these"))


def _instead(question: str, start: int, before: str) -> str:
    """Ask the question before of something else: "And in 2019?", "What about Canada?"."""
    new = [word for word in words(question) if word.start >= start and word.content]
    old = words(before)
    for alike in (_a_country, _a_number, _another_name):
        fresh = [word for word in new if alike(word)]
        known = [word for word in old if alike(word) and word.key not in {one.key for one in new}]
        if fresh and known:
            first, end = _run(known[-1], known, before)
            return before[:first] + question[fresh[0].start : fresh[-1].end] + before[end:]
    return f"{before.rstrip('?!. ')}, {question[start:].rstrip('?!. ')}?"


def _resolved(question: str, before: str, answers: str) -> str:
    """Put the person, the thing or the place that is meant in the place of each pronoun."""
    person, thing = _person(before) or _person(answers), _subject(before)

    def instead_of(match: re.Match[str]) -> str:
        if not _points_back(match, question):
            return match[0]
        meant = person if match.re is _PERSON else thing
        if not meant:
            return match[0]
        following = question[match.end() :].split()
        whose = match["whose"] or (
            match.re is _PERSON and match["her"] and following and following[0].lower() not in lexicon.FUNCTION
        )
        return _of(meant) if whose else meant

    resolved = _PERSON.sub(instead_of, question) if person else question
    question = resolved
    resolved = _THING.sub(instead_of, resolved)
    resolved = _POINTED.sub(lambda m: m[0] if m["thing"] in _NO_THING else f"the {m['thing']}", resolved)
    if place := next((w.text for w in reversed(words(f"{before} {answers}")) if _a_country(w) or w.also), ""):
        resolved = _PLACE.sub(f"in {place}", resolved)
    # What it is about, where its own words name nobody and nothing.
    named = any(word.name or word.number for word in words(resolved))
    missing = dict.fromkeys(word.text for word in words(before) if word.name or word.number)
    unresolved = any(_points_back(match, resolved) for match in _THING.finditer(resolved))
    if missing and (unresolved or not named):
        return f"{resolved.rstrip('?!. ')} ({', '.join(missing)})?"
    return resolved


def _of(name: str) -> str:
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def _person(text: str) -> str:
    """Give the first name that can be a person's: no country, no code, no abbreviation."""
    names = [word for word in words(text) if _another_name(word) and not word.text.isupper() and word.text[0].isupper()]
    if not names:
        return ""
    told = [word for word in names if _told(word, text)]
    start, end = _run((told or names)[0], names, text)
    return text[start:end].removesuffix("'s").removesuffix("’s")


def _told(word: Word, text: str) -> bool:
    """Tell whether a name stands where a person's does: behind a title, before "said", as one of two names."""
    before = re.search(r"([\w.]+)\s+$", text[: word.start])
    after = re.match(r"\s+([\w'’]+)", text[word.end :])
    titled = before is not None and before[1].lower().rstrip(".") in lexicon.TITLES
    says = after is not None and after[1].lower() in lexicon.SAYING
    return titled or says or bool(after and after[1][:1].isupper() and after[1].lower() not in lexicon.TITLES)


def _subject(question: str) -> str:
    """Give what a question is about: what it counts, "the …", else its words without those that ask and do."""
    asked = take_apart(question)
    if asked.kind is Kind.COUNT and asked.unit:
        return " ".join(word.text for word in asked.unit)
    definite = [match for match in _DEFINITE.finditer(question) if words(match["noun"])[-1].text.islower()]
    if definite:
        noun = _without_last_verb(definite[-1]["noun"], question)
        return f"the {noun}"
    rest = [word for word in words(question) if word.content and (word.name or word.number or not word.light)]
    texts = [word.text for word in rest if not asked.verb or word.key != asked.verb.key]
    if all(word.name for word in rest):
        return ""  # "What did Blinken say of Canada?": what he said has no name
    return _without_last_verb(" ".join(texts), question)


def _without_last_verb(noun: str, question: str) -> str:
    """Take off a verb that ends a question and has none before it: "did the annual dialogues *start*?"."""
    *rest, last = noun.split()
    verb = take_apart(question).verb
    ends = (verb is None or verb.text == last) and question.rstrip("?!. ").endswith(f" {last}") and last.islower()
    done = _DO.search(question.partition(noun.partition(" ")[0])[0])
    return " ".join(rest) if rest and ends and done else noun


def _run(word: Word, names: Sequence[Word], text: str) -> tuple[int, int]:
    """Give where the names begin and end that stand together with a name: "Antony Blinken"."""
    start, end = word.start, word.end
    for other in names:
        if other.start > end and not text[end : other.start].strip():
            end = other.end
    for other in reversed(names):
        if other.end < start and not text[other.end : start].strip():
            start = other.start
    return start, end


def _pointed(question: str) -> bool:
    return any(match["thing"].lower() not in _NO_THING for match in _POINTED.finditer(question))


def _a_country(word: Word) -> bool:
    return word.key in COUNTRIES


def _a_number(word: Word) -> bool:
    return word.number or word.text.lower() in lexicon.MONTHS


def _another_name(word: Word) -> bool:
    return word.name and word.key not in COUNTRIES and not any(c.isdigit() for c in word.text) and not word.also
