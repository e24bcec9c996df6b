"""A follow-up becomes a question that stands alone, by the names and subjects of the turns before; pure."""

import re
from collections.abc import Sequence

from service.extractive.asking import Kind, take_apart
from service.language import lexicon
from service.language.words import COUNTRIES, DEMONYMS, Word, words
from service.sentences import without_markers
from service.smalltalk import is_small_talk
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
    r"""^\W*(?:(?:and|but|so|ok(?:ay)?|thanks|thank\ you)\b[\s,]*)*
    (?:(?:what|how)\ about|and|or|how\ (?:many|much)(?=\ (?:in|of|from|for|by|at|on)\ ))\s+
    (?P<rest>(?!(?:what|when|where|who|why|which|how|did|does|do|is|are|was|were|has|have|will)\b)\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_BARE = re.compile(
    r"""^\W*(?:(?:and|but|so)\s+)?(?P<asks>why(?:\ not)?|when|where|who|how|how\ (?:many|much|come|so|long|often)
    |since\ when|(?:by|with|from|to|for|against)\ whom|from\ where|at\ what\ price|which\ ones?|what\ for)\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_HEAD = re.compile(
    r"""^\W*(?:how\ (?:many|much|long|often|old|far)
    |(?:what|which)(?:\ \w+(?=\ (?:is|are|was|were|did|does|do|will|has|have|had|can|could)\b))?
    |(?:by|with|from|to|for|against)\ whom|from\ where|at\ what\ price|since\ when
    |who(?:m|se)?|when|where|why|how)\b\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_CONNECTIVE = re.compile(r"^\W*(?:and|but|so|then|also)\b[\s,]*", re.IGNORECASE)
_DEFINITE = re.compile(
    r"""(?:\b(?P<do>do|does|did|will|would|can|could|should)\ |\b(?P<be>has|have|had|is|are|was|were)\ |\b)
    (?:the|its|his|her|their)\s+(?P<noun>(?:[\w+&-]+\s+){0,3}?[\w+&-]+)
    (?=\s+(?:of|in|on|at|to|for|from|with|by|between|and|be|been|being|to|not|worth|going
        |is|are|was|were|will|did|has|have|had)\b|\W*$)""",
    re.IGNORECASE | re.VERBOSE,
)
_WHERE = re.compile(r"\b(?:in|at|near|from|to|for|about)\s+$")
_PARTICIPLE = re.compile(r"(?:ed|en|ne|ung|[eo]ld|ade|uilt|aid|ent)$")
_PUT_IN = re.compile(r"\s*\((?P<about>[^()]+)\)(?=\?$)")  # by us, into a question before
_BEHIND_HER = frozenset(
    "and or in at on to for with about when that as if this yesterday today again before after".split()
)
_LONGEST_TURN = 500  # characters of a turn that are read; what somebody meant stands at its beginning
# The share of little words by which a question is taken for English; chosen: "¿Qué dijo él a la prensa?" has a sixth.
_ENGLISH = 0.2
_DOES = re.compile(r"\b(?:do|does|did|will|would|can|could|should)\b", re.IGNORECASE)


def stands_alone(question: str, history: Sequence[Turn]) -> bool:
    """Tell whether a question can be understood without the turns before it."""
    if not any(turn.role == "user" for turn in history):
        return True
    spoken = [word.text.lower() for word in words(question)]
    if sum(word in lexicon.FUNCTION for word in spoken) < _ENGLISH * len(spoken):
        return False  # which these rules cannot judge
    asked = take_apart(question)
    named = asked.names or asked.numbers or asked.quoted
    # "Is the mayor going to resign?": of which town, the turns before may tell.
    return bool(named or not _DEFINITE.search(question)) and _stands_alone(
        question, " ".join(turn.text[:_LONGEST_TURN] for turn in history)
    )


def searchable(question: str, history: Sequence[Turn]) -> str:
    """Put into a follow-up the names and subjects of the turns before; a question that stands alone stays as it is."""
    before: list[str] = []  # what the user asked, each question understood by those before it
    answer = ""
    for turn in history:
        if turn.role == "user" and not is_small_talk(turn.text):
            before.append(_understood(turn.text[:_LONGEST_TURN], before, answer)[:_LONGEST_TURN])
            answer = ""
        elif turn.role == "assistant":
            answer = without_markers(turn.text[:_LONGEST_TURN])
    return _understood(question, before, answer)


def _understood(question: str, before: Sequence[str], answer: str) -> str:
    if not before or _stands_alone(question, f"{before[-1]} {answer}"):
        return question
    last = before[-1]
    if bare := _BARE.match(question):
        asks, rest = bare["asks"], _HEAD.sub("", last).rstrip("?!. ")
        yes_or_no = rest[:1].lower() + rest[1:] if take_apart(last).kind is Kind.YES_NO else rest
        return f"{asks[:1].upper()}{asks[1:]} {yes_or_no}?"
    if ellipsis := _ELLIPSIS.match(question):
        return _instead(question, ellipsis.start("rest"), last)
    return _resolved(_CONNECTIVE.sub("", question), before, answer)


def _stands_alone(question: str, said: str) -> bool:
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
    known = {word.key for word in words(said)}
    nouns = [words(match["noun"])[-1:] for match in _DEFINITE.finditer(question)]
    return len(asked.terms) > 1 and not any(word.key in known for noun in nouns for word in noun)


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
            the = "the " if question[: fresh[0].start].endswith("the ") else ""  # its own: "the US", but "Canada"
            return before[:first].removesuffix("the ") + the + question[fresh[0].start : fresh[-1].end] + before[end:]
    part, thing = question[start:].rstrip("?!. "), _subject(before, counted=False)
    if thing in before and thing.startswith("the ") and part.lower().startswith("the "):
        return before.replace(thing, part)
    return f"{before.rstrip('?!. ')}, {part}?"


def _resolved(question: str, before: Sequence[str], answer: str) -> str:
    """Put the person, the thing or the place that is meant in the place of each pronoun."""
    newest = [_PUT_IN.sub("", one) for one in reversed(before)]
    person = next(filter(None, map(_person, [newest[0], answer, *newest[1:]])), "")
    # "They" are the drones that were counted; "it" is not.
    thing, things = (
        next(filter(None, (_subject(one, counted=counted) for one in reversed(before))), "")
        for counted in (False, True)
    )

    def meant(match: re.Match[str]) -> str:
        plural = match[0].lower() in {"they", "them", "their", "these", "those"}
        it = match[0].lower() in {"it", "its"}
        name = person if match.re is _PERSON else things if plural else thing or (things if it else "")
        if not name or not _points_back(match, question):
            return match[0]
        following = question[match.end() :].split()[:1]
        hers = match.re is _PERSON and match["her"] and following and following[0].lower() not in _BEHIND_HER
        return _of(name) if match["whose"] or hers else name

    question = _PERSON.sub(meant, question)
    question = _THING.sub(meant, question)
    question = _POINTED.sub(lambda m: m[0] if m["thing"] in _NO_THING else f"the {m['thing']}", question)
    told = f"{before[-1]} {newest[-1]} {answer}"
    places = [word.text for word in words(told) if _place(word) and (word.also or _a_country(word))]
    places = places or [
        word.text for word in words(told) if word.name and re.search(r"\b(?:in|at) $", told[: word.start])
    ]
    if places:
        question = _PLACE.sub(f"in {places[-1]}", question)
    # What it is about, where its own words name nobody and nothing.
    named = any(word.name or word.number for word in words(question))
    unresolved = any(_points_back(match, question) for match in _THING.finditer(question))
    if named and not unresolved:
        return question
    about = dict.fromkeys(word.text for word in words(newest[0]) if word.name or word.number)
    subject = thing or things
    if subject and not named and subject not in question:
        about = {subject: None, **{name: None for name in about if name not in subject}}
    return f"{question.rstrip('?!. ')} ({', '.join(about)})?" if about else question


def _of(name: str) -> str:
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def _person(text: str) -> str:
    """Give the first name that can be a person's: no country, no code, no abbreviation."""
    names = [
        word
        for word in words(text)
        if _another_name(word)
        and not word.text.isupper()
        and word.text[0].isupper()
        and not _WHERE.search(text[: word.start])
    ]
    told = [word for word in names if _told(word, text)]
    if not told:
        return ""
    start, end = _run(told[0], names, text)
    return text[start:end].removesuffix("'s").removesuffix("’s")


def _told(word: Word, text: str) -> bool:
    """Tell whether a name stands where a person's does: behind a title, before "said", as one of two names."""
    before = re.search(r"([\w.]+)\s+$", text[: word.start])
    after = re.match(r"\s+([\w'’]+)", text[word.end :])
    titled = before is not None and before[1].lower().rstrip(".") in lexicon.TITLES
    says = after is not None and after[1].lower() in lexicon.SAYING
    return titled or says or bool(after and after[1][:1].isupper() and after[1].lower() not in lexicon.TITLES)


def _subject(question: str, *, counted: bool) -> str:
    """Give what a question is about: what was put in, "the …", the first of its nouns with what stands before it.

    Where it counts something, that is it or nothing is.
    """
    if put_in := _PUT_IN.search(question):
        return put_in["about"].partition(",")[0]
    asked = take_apart(question)
    if asked.kind is Kind.COUNT and asked.unit:
        return " ".join(word.text for word in asked.unit) if counted else ""
    for match in reversed(list(_DEFINITE.finditer(question))):
        noun = match["noun"].split()
        while noun[1:] and noun[-1].lower() in lexicon.FUNCTION:
            noun.pop()  # "What is the dialogue *about*?"
        # "did the annual dialogues *start*?", "was the deal *signed* …?"
        if noun[1:] and noun[-1].islower() and (match["do"] or (match["be"] and _PARTICIPLE.search(noun[-1]))):
            noun = noun[:-1]
        if noun[-1].islower():
            return f"the {' '.join(noun)}"
    does = _DOES.search(question)
    for run in _runs(question, asked.verb):
        ends = question.rstrip("?!. ").endswith(run[-1].text) and run[1:] and does and does.end() <= run[0].start
        nouns = run[:-1] if ends and not run[-1].name else run
        if any(not word.name and not word.light for word in nouns):
            text = question[nouns[0].start : nouns[-1].end]
            return text if nouns[0].name else f"the {text}"
    return ""


def _runs(question: str, verb: Word | None) -> list[list[Word]]:
    """Give the content words of a question that stand together, those that ask and the verb left out."""
    runs: list[list[Word]] = [[]]
    for word in words(question):
        plain = word.text.lower()
        if not word.content or (verb and word.key == verb.key) or plain in lexicon.IRREGULAR or _HEAD.match(plain):
            runs.append([])
        else:
            runs[-1].append(word)
    whole = [run for run in runs if run]
    if re.match(r"\W*who\b", question, re.IGNORECASE) and whole and whole[0][1:]:
        whole[0] = whole[0][1:]  # "Who *makes* …"
    return whole


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


def _place(word: Word) -> bool:
    return word.text.lower() not in DEMONYMS


def _a_country(word: Word) -> bool:
    return word.key in COUNTRIES


def _a_number(word: Word) -> bool:
    return word.number or word.text.lower() in lexicon.MONTHS


def _another_name(word: Word) -> bool:
    return word.name and word.key not in COUNTRIES and not any(c.isdigit() for c in word.text) and not word.also
