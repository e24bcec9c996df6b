"""Cases drafted from articles by templates, for a person to correct: nothing here understands what it asks."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import yaml

from evals.facts import has
from retrieval.furniture import quotable_spans
from retrieval.types import Article
from service.language import lexicon
from service.language.facts import Quantity, moments, quantities
from service.language.words import Word, words
from service.sentences import leans
from service.verification.clauses import SAYING, clauses
from service.verification.speakers import named

_SHORTEST, _LONGEST = 6, 30  # words of a sentence that is asked about
_LONGEST_SPEECH = 14  # words of a quotation that a question repeats
_THINGS = 4  # words behind a number that name what it counts
_SPEECH = re.compile(r"[“\"]([^“”\"]{20,300})[”\"]")
_CLAUSE = re.compile(r"\b(?:who|whose|which|that|when|where|while|after|before|because|until|if)\b", re.IGNORECASE)
_KNOWN = re.compile(r"\b(?:the|these|those|its|their|his|her|all|both|this|that)\s$", re.IGNORECASE)
_ABOUT = re.compile(r"\b(?:about|around|some|nearly|almost|over|more than|at least|up to)\s$", re.IGNORECASE)
_WHEN = re.compile(r",?\s*\b(?:on|in|since|by|until|from|during)(?:\s(?:the|early|late|mid))?\s$", re.IGNORECASE)
_STOPS = re.compile(r"[,;:.!?()“”\"]|\s[-–—]\s")
_SMALL = frozenset(
    "a an the of in on at by for with from to and or that which who as is are was were has have had than".split()
)


@dataclass(frozen=True)
class Draft:
    """A case to be confirmed."""

    kind: str
    question: str
    fact: str
    """As YAML; empty where there is no answer."""
    article: str
    sentence: str

    @property
    def answered(self) -> bool:
        """Tell whether the article is thought to say it."""
        return bool(self.fact)


def draft(articles: Sequence[Article], limit: int) -> list[Draft]:
    """Draft up to so many cases: of each article in turn, of each kind in turn, every fourth without an answer.

    The same articles make the same drafts.
    """
    answerable = _interleaved([_of_article(one, number) for number, one in enumerate(articles)])
    unanswerable = _interleaved([_without_answer(one, articles, number) for number, one in enumerate(articles)])
    chosen: list[Draft] = []
    while len(chosen) < limit:
        source = unanswerable if len(chosen) % 4 == 3 else answerable  # noqa: PLR2004 - every fourth
        found = next(source, None) or next(answerable, None) or next(unanswerable, None)
        if found is None:
            break
        if all(found.question != one.question for one in chosen):
            chosen.append(found)
    return chosen


def _of_article(article: Article, turn: int) -> Iterator[Draft]:
    """Give an article's drafts of each kind in turn, beginning with another kind in each article."""
    sentences = list(_sentences(article))
    kinds: list[Callable[[str, Article], Draft | None]] = [_number, _name, _date, _speech]
    ordered = [*kinds[turn % len(kinds) :], *kinds[: turn % len(kinds)]]
    asked: set[str] = set()
    for some in zip_longest(*([made for one in sentences if (made := kind(one, article))] for kind in ordered)):
        for made in some:
            if made and made.sentence not in asked:
                asked.add(made.sentence)
                yield made


def _sentences(article: Article) -> Iterator[str]:
    """Give the sentences that stand by themselves."""
    text = article.text
    for start, end in quotable_spans(text):
        sentence = " ".join(text[start:end].split())
        whole = sentence[-1:] in '.!?”"' and sentence[:1] not in "-*•" and " — " not in sentence[:30]
        if whole and _SHORTEST <= len(sentence.split()) <= _LONGEST and not leans(sentence):
            yield sentence


def _number(sentence: str, article: Article) -> Draft | None:
    """Ask how many, where the number stood: "India plans to acquire how many drones?"."""
    counted = [one for one in quantities(sentence) if not one.ordinal and _things(sentence, one)]
    if len(counted) != 1 or '"' in sentence or "“" in sentence:
        return None
    [one] = counted
    before, after = sentence[: one.start], sentence[one.end :]
    if _KNOWN.search(before):  # "the two sides": nobody asks how many
        return None
    asked = {"money": "how much money", "percent": "what percentage"}.get(one.unit, "how many")
    question = f"{_ABOUT.sub('', before)}{asked}{after}"
    return Draft("amount", _asked(question), f"{{number: {one.value:.15g}}}", _name_of(article), sentence)


def _things(sentence: str, one: Quantity) -> bool:
    """Tell whether a number counts something, or is an amount: "31 drones" and "$5" and not "Article 370 of"."""
    if one.unit or sentence[one.end : one.end + 1] == "-":
        return bool(one.unit)
    following = words(_STOPS.split(sentence[one.end :])[0])[:_THINGS]
    return bool(following) and following[0].content and following[0].text.lower() not in _SMALL


def _date(sentence: str, article: Article) -> Draft | None:
    """Ask when: "When was it that the talks were held?"."""
    told = [one for one in moments(sentence) if one.year or one.day]
    if len(told) != 1 or '"' in sentence or "“" in sentence:
        return None
    [one] = told
    spelling = sentence[one.start : one.end]
    parts = [one.year, one.month, one.day] if one.month else [one.year]
    exact = None if None in parts else "-".join(f"{part:02}" for part in parts if part)
    before, after = sentence[: one.start], sentence[one.end :]
    if _CLAUSE.search(before):
        return None
    stands = _WHEN.search(before) or (re.match("(?i)(?:on|in) $", before) and before)
    if not stands:  # "the 2016 incidents"
        return None
    rest = _WHEN.sub("", before) + after if before.strip().lower() not in {"on", "in"} else after
    question = f"When was it that {_lowered(rest.lstrip(' ,'))}"
    fact = f"{{date: {exact}}}" if exact else scalar(spelling)
    return Draft("date", _asked(question), fact, _name_of(article), sentence)


def _name(sentence: str, article: Article) -> Draft | None:
    """Ask who, where a name stands at the front and does something: "Who met the minister?"."""
    first = next(iter(clauses(sentence)), None)
    names = named(first.agent) if first else []
    if first is None or not names or not _in_front(sentence, first.agent, names):
        return None
    rest = sentence[first.agent[-1].end :]
    if not rest[:1].isspace() or _CLAUSE.match(rest.strip()) or first.verb.start < first.agent[-1].end:
        return None
    titled = any(word.text.lower() in lexicon.TITLES for word in first.agent)
    country = len(names) == 1 and names[0].key.startswith("=")
    who = "Which country" if country else "Who" if titled or first.verb.key in SAYING else "Who or what"
    full = sentence[names[0].start : names[-1].end]
    spellings = dict.fromkeys([full, *([names[-1].text] if " " in full and not country else [])])
    return Draft(
        "place" if country else "people",
        _asked(who + rest),
        ", ".join(map(scalar, spellings)),
        _name_of(article),
        sentence,
    )


def _in_front(sentence: str, agent: Sequence[Word], names: Sequence[Word]) -> bool:
    """Tell whether the names stand next to one another, with no more than a title before them."""
    apart = any(sentence[one.end : other.start].strip() for one, other in pairwise(names))
    before = sentence[: names[0].start].split()
    return not apart and len(before) <= _THINGS and not _STOPS.search(sentence[: agent[-1].end])


def _speech(sentence: str, article: Article) -> Draft | None:
    """Ask who said it: "Who said that …?"."""
    spoken = _SPEECH.search(sentence)
    if spoken is None or len(spoken[1].split()) < _SHORTEST:
        return None
    around = sentence[: spoken.start()] + " . " + sentence[spoken.end() :]
    said = [one for one in clauses(around) if one.verb.key in SAYING and named(one.agent)]
    if not said:
        return None
    speaker = named(said[0].agent)[-1].text
    told = spoken[1].split()
    short = " ".join(told[:_LONGEST_SPEECH]).rstrip(".,;!?") + (" …" if len(told) > _LONGEST_SPEECH else "")
    return Draft("quote", f"Who said “{short}”?", scalar(speaker), _name_of(article), sentence)


def _without_answer(article: Article, articles: Sequence[Article], turn: int) -> Iterator[Draft]:
    """Give drafts that no article answers, as far as words tell: of another country, and of what nobody mentions."""
    texts = [f"{one.source.title}\n{one.text}" for one in articles]
    strangers = [name for name in _countries() if not any(has(text, [name]) for text in texts)]
    strange = strangers[turn * 17 % len(strangers)] if strangers else None  # another for each article
    for sentence in _sentences(article):
        made = _number(sentence, article) or _date(sentence, article)
        if made and strange and (country := _country(made.question)):
            question = re.sub(rf"\b{re.escape(country)}\b", strange, made.question)
            yield Draft("wrong-entity", question, "", made.article, sentence)
    people = dict.fromkeys(
        sentence[names[0].start : names[-1].end]
        for sentence in _sentences(article)
        if (first := next(iter(clauses(sentence)), None))
        and len(names := named(first.agent)) > 1
        and _in_front(sentence, first.agent, names)
        and first.verb.key in SAYING
    )
    for template, words_of_it in (
        ("Where was {} born?", ("born", "birthplace")),
        ("What did {} study?", ("studied", "degree")),
    ):
        if not any(has(text, [word]) for text in texts for word in words_of_it):
            for person in people:
                yield Draft("missing-detail", template.format(person), "", _name_of(article), "no article tells it")


def _countries() -> Iterator[str]:
    for line in lexicon.COUNTRIES.strip().splitlines():
        yield line.split(":")[0].strip().title()


def _country(text: str) -> str | None:
    """Give a country that stands by itself in a text: neither in "West Asia" nor in "Hamas-Israel"."""
    known = {name.lower() for name in _countries()}
    alone = (
        word.text
        for word in words(text)
        if re.search(r"(?:^|\b(?!the\b)[a-z]+,? )$", text[: word.start])
        and re.match(r"[,.?'’]|\s[a-z]|$", text[word.end :])
    )
    return next((name for name in alone if name.lower() in known), None)


def _interleaved(many: Sequence[Iterator[Draft]]) -> Iterator[Draft]:
    """Give the first of each, then the second of each, and so on."""
    return (one for some in zip_longest(*many) for one in some if one is not None)


def _lowered(sentence: str) -> str:
    """Give a sentence that follows others in a question: its first word in lower case, if that is no name."""
    first = sentence.partition(" ")[0]
    return sentence[:1].lower() + sentence[1:] if first.lower() in lexicon.FUNCTION and first != "I" else sentence


def _asked(question: str) -> str:
    plain = re.sub(r"\s+([,;])", r"\1", " ".join(question.split())).rstrip(" .!?,;:") + "?"
    return plain[:1].upper() + plain[1:]


def _name_of(article: Article) -> str:
    return article.source.article_id


def scalar(text: str) -> str:
    """Write a text as YAML on one line, in quotes."""
    written: str = yaml.safe_dump(text, default_style='"', width=float("inf"), allow_unicode=True)
    return written.strip()
