"""What a question asks: the kind of answer, its names and numbers, the words that must be met; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from service.evidence import Statement
from service.language import lexicon
from service.language.words import COUNTRIES, DEMONYMS, Lexeme, Word, key_of, lexemes, words


class Kind(StrEnum):
    """The kind of answer that a question asks for."""

    WHO = "who"
    IDENTITY = "who somebody is"
    WHEN = "when"
    WHERE = "where"
    COUNTRY = "country"
    COUNT = "count"
    AMOUNT = "amount"
    WHY = "why"
    HOW = "how"
    YES_NO = "yes or no"
    OVERVIEW = "overview"
    WHAT = "what"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart."""

    text: str
    kind: Kind
    names: tuple[Word, ...]
    """Names, codes, countries: each must be met."""
    numbers: tuple[Word, ...]
    """Numbers and years: each must be met."""
    terms: tuple[Word, ...]
    """The other words that say what is asked."""
    light: tuple[Word, ...]
    """Words of asking and reporting, which decide little."""
    unit: tuple[Word, ...]
    """What is counted: "MQ-9B drones"."""
    role: tuple[Word, ...]
    """The office whose holder is asked for: "defence minister"."""
    speakers: tuple[Word, ...]
    """Whose words are wanted: "What did Austin say about …"."""
    agents: tuple[Word, ...]
    """The names that the question makes do something: "When did Austin travel …"."""
    verb: Word | None
    """What the agents are asked to have done, where it decides: "Why did India *leave* …"."""
    grain: str
    """How fine a date is wanted: "year", "month", "day" or ""."""
    quoted: tuple[str, ...]
    """Phrases in quotation marks, which must be met to the letter."""


_POLITE = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok|okay|so|and|but|well|please|thanks)\b[\s,.!]*)*"
    r"(?:(?:can|could|would|will) (?:you|u) (?:please |kindly |maybe )?(?:tell|explain|show|remind|help|give|say|find)(?: (?:to )?(?:me|us))?"
    r"(?: understand| out)?|(?:please )?(?:tell|remind|explain to|show) (?:me|us)|i (?:want|wanted|would like|'d like|need|am trying|'m trying) "
    r"to (?:know|understand|find out|learn)|(?:do|does|did) (?:you|u|anyone|anybody|they|the articles?|we) (?:happen to )?(?:know|say|mention|tell(?: us)?)"
    r"|i (?:was |am |'m )?(?:just )?wonder(?:ing)?|any (?:idea|info(?:rmation)?)|(?:just )?curious|according to (?:the|these|your) (?:articles?|reports?|sources?|news|text))"
    r"[\s,:]*(?:about |on |whether |if |that )?(?:please )?",
    re.IGNORECASE,
)
_THING = r"(?:\w+[ -]){0,2}"
_KINDS: tuple[tuple[Kind, str], ...] = (
    (Kind.COUNT, r"\bhow many\b|\b(?:what|which) (?:is |was |are )?(?:the )?(?:total |exact )?(?:number|percentage|percent|proportion|share|count|score|size)\b"
                 r"|^(?:the )?number of\b|\bhow (?:often|old|long|tall|far|large|big|high|fast|heavy|deep|wide)\b|\bwhat (?:age|percentage)\b"),
    (Kind.AMOUNT, r"\bhow (?:much|expensive)\b|\b(?:what|which)\b.{0,40}\b(?:worth|cost|costs|price|value|amount|budget|salary|fee|sum)\b"),
    (Kind.WHEN, rf"\bwhen\b|\b(?:what|which|in what|in which|on what|on which) {_THING}(?:year|date|day|month|time|century|decade|season)\b|\bhow (?:recently|soon|long ago)\b"
                r"|\bsince what\b|\b(?:date|year|time) (?:of|when)\b|\b(?:date|dates)\W*$"),
    (Kind.COUNTRY, rf"\b(?:what|which) {_THING}(?:country|countries|nation|nations|state-owned country)\b|\bwhose country\b"),
    (Kind.WHERE, rf"\bwhere\b(?!.*\bstands?\b)|^(?:location|venue|place) of\b|\b(?:location|venue)\W*$|\b(?:what|which) {_THING}(?:city|cities|town|place|venue|location|capital|building|region|state|province|district|site|stadium|area)\b"),
    (Kind.WHO, r"\b(?:who|whom|whose)\b|\b(?:what|which) (?:\w+(?:-\w+)? )?(?:person|people|man|woman|boy|girl|teenager|student|victim|suspect|scientists?|researchers?|professor|doctor|expert|economists?|analysts?|policymakers?|lawmakers?|senators?|governors?|ambassador|diplomats?|general|officer|commander|spokes\w+|lawyer|actor|actress|singer|director|writer|artist|driver|pilot|captain|striker|goalkeeper|champion|winner|candidates?|executives?|owner|founder|ministers?|leaders?|officials?|politicians?|presidents?|secretary|secretaries|agency|agencies"
               r"|company|companies|firm|firms|organisation|organization|team|party|player|author|coach|judge|court|bank|university|outlet|newspaper)\b"
               r"|\bnames? of\b|\b(?:what|which) (?:\w+ )?\w{3,}(?:ists?|ians?|makers?|singers?|drivers?|owners?|architects?)\b"),
    (Kind.WHY, r"\bwhy\b|\bwhat (?:is|was|are|were) the (?:\w+ )?(?:reason|reasons|cause|causes|motive|rationale)\b|\bhow come\b|\bwhat (?:caused|led|prompted|sparked|triggered)\b|\bfor what reason\b"),
    (Kind.OVERVIEW, r"\b(?:overview|summary|summari[sz]e|sum up|recap|gist|key (?:points|takeaways)|main (?:points|topics|outcomes?|takeaways)|highlights?)\b|\bwhat (?:happened|is going on|was it about|is it about)\b"
                    r"|\bwhat (?:is|was|were|are)\b.{0,60}\babout\W*$|^(?:tell me |more )?about\b|\bwhat (?:topics|issues|subjects|themes)\b|\bwhat did (?:they|the (?:two )?\w+) (?:discuss|talk about)\b"),
    (Kind.HOW, r"\bhow\b"),
    (Kind.WHAT, r"\b(?:what|which)\b"),
    (Kind.YES_NO, r"^(?:is|are|was|were|am|do|does|did|has|have|had|will|would|can|could|should|shall|may|might|isn't|aren't|wasn't|didn't|doesn't|hasn't|haven't|won't)\b"),
)  # fmt: skip
_KIND_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_AUXILIARY = _KIND_PATTERNS[-1][1]
_EXCEPT = re.compile(
    r"\b(?i:apart from|aside from|other than|besides|except(?: for)?|in addition to)\s+(?:(?:and\s+)?(?:the\s+)?(?:[A-Z][\w.]*\s?)+)+"
)
_HOW_ADJECTIVE = re.compile(
    r"\bhow\s+(?:often|old|long|tall|far|large|big|high|fast|heavy|deep|wide|soon|recently|expensive|strong)\b",
    re.IGNORECASE,
)


def _asking(word: Word, core: str, kind: Kind) -> bool:
    """Tell whether a word only asks: the adjective of "how large", the noun of "what post does she hold"."""
    if any(found.start() < word.start < found.end() for found in _HOW_ADJECTIVE.finditer(core)):
        return True
    return kind is Kind.IDENTITY and not word.name


_WHO_SAID = re.compile(
    r"\b(?:what|how|why|where|when|which)\b.{0,30}?\b(?:did|does|do|has|have|had)\s+(?P<who>.{2,60}?)\s+"
    r"(?:\w+ly\s+)?(?P<verb>say|said|says|tell|told|think|state|claim|describe|call|announce|announced|comment|remark|explain|"
    r"emphasi[sz]e|stress|highlight|mention|note|add|promise|warn|argue|suggest|point|believe|confirm|express|put|characteri[sz]e|deny|admit|insist|"
    r"respond|react|quote|criticise|criticize|praise|urge|thank)\b",
    re.IGNORECASE,
)
_ACCORDING = re.compile(
    r"\b(?:according to|in the words of|in the view of)\s+(?P<who>[^,?]{2,60}?)(?=,|\?|$| who\b| what\b| how\b| why\b)"
    r"|\b(?:in|from) (?P<whose>[^,?]{2,40}?)['’]s? (?:view|opinion|words|eyes|telling|account|assessment)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]{3,200})[\"“”»]")
_UNIT_STOP = lexicon.FUNCTION | {"than", "plan", "plans", "planned"}


@lru_cache(maxsize=1000)
def take_apart(question: str) -> Asked:
    """Find out what a question asks."""
    core = _POLITE.sub("", question, count=1).strip() or question.strip()
    kind = _kind(core)
    speakers = _speakers(core)
    names, numbers, terms, light = [], [], [], []
    seen: set[str] = set()
    for word in words(_EXCEPT.sub(lambda found: " " * len(found.group()), core)):
        if not word.content or word.key in seen or _asking(word, core, kind):
            continue
        seen.add(word.key)
        if word.name:
            names.append(_place(word, core))
        elif word.number or word.text.lower() in lexicon.MONTHS or lexicon.ORDINAL_WORDS.get(word.text.lower(), 0) > 2:
            numbers.append(word)
        elif word.light or word.text.lower() in lexicon.NUMBER_WORDS:
            light.append(word)
        else:
            terms.append(_phrasal(word, core))
    return Asked(
        text=core,
        kind=kind,
        names=tuple(names),
        numbers=tuple(numbers),
        terms=tuple(terms),
        light=tuple(light),
        unit=_unit(core, kind),
        role=_role(core) if kind is Kind.WHO else (),
        speakers=speakers,
        agents=_agents(core),
        verb=_verb(core),
        grain=_grain(core),
        quoted=tuple(_QUOTED.findall(core)),
    )


def recased(question: str, statements: Sequence[Statement]) -> str:
    """Give a question typed without capitals the ones that its names have in the articles."""
    if any(character.isupper() for character in question[1:]):
        return question
    names: set[str] = set()
    plain: set[str] = set()
    for word in frozenset[Lexeme]().union(*(lexemes(statement.text) for statement in statements)):
        (names if word.name and word.key not in COUNTRIES else plain).add(word.lower)
    pieces: list[str] = []
    done = 0
    for typed in words(question):
        lower = typed.text.lower()
        if lower in names and lower not in plain and lower not in lexicon.FUNCTION:
            pieces += [question[done : typed.start], typed.text[0].upper() + typed.text[1:]]
            done = typed.end
    return "".join(pieces) + question[done:]


def _kind(core: str) -> Kind:
    if _IDENTITY.search(core) and any(word.name and word.key not in COUNTRIES for word in words(core)):
        return Kind.IDENTITY
    if _AUXILIARY.match(core) and not re.search(r"\bor\b", core):
        return Kind.YES_NO
    if re.match(r"(?:(?:what|which) (?:is|was|are|were) (?:the )?)?names? of\b", core, re.IGNORECASE):
        return Kind.WHO
    # "Who said when …": the question word that stands first decides.
    found = [
        (match.start(), order, kind)
        for order, (kind, pattern) in enumerate(_KIND_PATTERNS)
        if (match := pattern.search(core))
    ]
    wanted = [one for one in found if one[2] not in {Kind.YES_NO, Kind.OVERVIEW, Kind.WHAT, Kind.HOW}]
    if any(kind is Kind.OVERVIEW for _, _, kind in found) and not any(start == 0 for start, _, _ in wanted):
        return Kind.OVERVIEW
    if wanted:
        first = min(wanted)
        plain = [one for one in found if one[2] in {Kind.WHAT, Kind.HOW} and one[0] < first[0] - 12]
        return plain[0][2] if plain else first[2]
    plain = [one for one in found if one[2] is not Kind.YES_NO]
    return min(plain)[2] if plain else Kind.WHAT


def _speakers(core: str) -> tuple[Word, ...]:
    found = _WHO_SAID.search(core) or _ACCORDING.search(core)
    if not found:
        return ()
    start, end = found.span("whose") if found.groupdict().get("whose") else found.span("who")
    return tuple(word for word in words(core) if word.name and start <= word.start < end)


_AGENT = re.compile(
    r"\b(?P<auxiliary>did|does|do|is|are|was|were|has|have|had|will|would|can|could|should|may|might|must)(?:n't|n’t)?\s+(?P<who>.+)",
    re.IGNORECASE,
)
_BE = frozenset("is are was were".split())


def _agents(core: str) -> tuple[Word, ...]:
    """Give the names right behind the auxiliary verb, and those that "and" joins to them."""
    found = _AGENT.search(core)
    if not found:
        return ()
    agents: list[Word] = []
    following = [*words(core)[1:], None]
    for word, after in zip(words(core), following, strict=True):
        if word.start < found.start("who"):
            continue
        if word.key in COUNTRIES and after and after.text.lower() in lexicon.TITLES:
            continue  # "the US secretary of state"
        if word.name and not (agents and core[agents[-1].end : word.start].strip() not in {"", "and", ",", "-", "–"}):
            agents.append(word)
        elif word.text.lower() not in {
            "the",
            "and",
            "both",
            "president",
            "minister",
            "prime",
            "secretary",
            "mr",
            "mrs",
            "ms",
            "dr",
        }:
            break
    return tuple(agents)


def _verb(core: str) -> Word | None:
    """Give the word behind the agents, unless it is a light one."""
    agents = _agents(core)
    if not agents:
        return None
    behind = [word for word in words(core) if word.start > agents[-1].start and word.content and not word.name]
    if not behind or behind[0].light or behind[0].number or re.search(r"['’]s?$", agents[-1].text):
        return None
    found = _AGENT.search(core)
    if found and found["auxiliary"].lower() in _BE and not re.search(r"(?:ed|ing|en|ne|wn)$", behind[0].text):
        return None  # "What was the US reaction": a noun
    between = core[agents[-1].end : behind[0].start]
    return (
        _phrasal(behind[0], core)
        if re.fullmatch(
            r"\s+(?:(?:ever|finally|already|also|not|been|be|to|going to|planning to|decide to|want to|\w+ly)\s+)*",
            between,
        )
        else None
    )


_PLACED = re.compile(r"\b(?:in|at|near|visit(?:ed|ing|s)?)\s+$", re.IGNORECASE)


def _place(word: Word, core: str) -> Word:
    """Let a capital be a town where the question puts somebody there: "in Tokyo" is not met by "Japan"."""
    return replace(word, also=None) if word.also and _PLACED.search(core[: word.start]) else word


def _phrasal(word: Word, core: str) -> Word:
    """Let a verb with its particle also be the noun made of them: "fall out" and "fallout"."""
    found = re.match(r"\s+(out|off|up|down|over|back)\b", core[word.end :])
    return replace(word, also=key_of(word.text + found.group(1))) if found else word


def _grain(core: str) -> str:
    found = re.search(
        r"\b(?:what|which) (?:\w+ )?(?P<grain>year|month|date|day|season|decade)\b|\b(?P<date>date)\W*$",
        core,
        re.IGNORECASE,
    )
    if not found:
        return ""
    grain = (found["grain"] or found["date"]).lower()
    return {"date": "day", "season": "month", "decade": "year"}.get(grain, grain)


_ROLE = re.compile(
    r"^(?:who(?:'s|’s| is| was| are| were)|(?:what|which) (?:is|was|are|were) (?:the )?names? of|names? of|who (?:holds|held) the (?:post|office|position|job) of|who (?:has been|was|is being|will be|is|were) (?:named|appointed|elected|chosen|picked)(?: as)?)\s+"
    r"(?:currently |now )?(?P<role>[^,?]{3,80}?)(?: (?:in|at|for|on|behind|during|who|that|from|with)\b.*| (?:now|currently|these days|right now|at the moment|who .*))?\W*$",
    re.IGNORECASE,
)
_OFFICES = frozenset(
    key_of(office)
    for office in """minister secretary president ambassador chief ceo executive head leader chairman chairwoman chair director
    governor mayor coach captain spokesman spokeswoman spokesperson premier king queen author founder owner winner manager
    commander general chancellor envoy commissioner senator citizen man woman judge victim suspect referee goalkeeper striker
    economist scientist researcher editor officer counterpart predecessor successor host boss lawyer pilot astronaut""".split()
)


def _role(core: str) -> tuple[Word, ...]:
    """Give the words of the office in "Who is India's defence minister?"."""
    found = _ROLE.match(core)
    if not found:
        return ()
    role = [
        word
        for word in words(core)
        if found.start("role") <= word.start < found.end("role") and word.content and not word.name
    ] or [word for word in words(core) if word.text.lower() in DEMONYMS and found.start("role") <= word.start]
    named = re.match(
        r"(?:(?:what|which) (?:is|was|are|were) (?:the )?)?names?\b|who (?:is|was) the (?!.*\b(?:one|ones|person|people)\b)",
        core,
        re.IGNORECASE,
    )
    office = any(word.key in _OFFICES for word in role)
    singular = bool(role) and not role[-1].text.lower().endswith("s")
    return tuple(role) if role and len(role) <= 4 and (office or (named and singular)) else ()


_IDENTITY = re.compile(
    r"^[Ww]ho(?:'s|’s| is| was) (?:[A-Z][\w.'’-]*\s?){1,4}\W*$"
    r"|\b[Ww]hat (?:post|office|job|role|title|rank)\b.{0,40}\b(?:hold|held|have|has|occupy|serve)"
    r"|\b[Ww]hat (?:is|was) .{3,40}['’]s? (?:job|post|position|title|role|office|rank)\b(?! on\b)"
)


def _unit(core: str, kind: Kind) -> tuple[Word, ...]:
    """Give the words after "how many": what is counted."""
    found = re.search(r"\b(?:how many|number of)\s+(?P<rest>.*)", core, re.IGNORECASE)
    if not found or kind is not Kind.COUNT:
        return ()
    unit: list[Word] = []
    for word in words(core):
        if word.start < found.start("rest"):
            continue
        lower = word.text.lower()
        if lower in {"of", "the", "more", "new", "other", "different"} and not unit:
            continue
        if lower in _UNIT_STOP or not word.content or core[word.end - 1 : word.end + 1].strip().endswith(","):
            break
        if unit and (key_of(lower) in _VERBS or (word.name and not unit[-1].name)):
            break
        unit.append(word)
        if len(unit) == 3:
            break
    return tuple(unit)


_VERBS = frozenset(
    key_of(verb)
    for verb in "live plan study attend work die fly visit come go cost make buy get need play join sign take lead own hold use".split()
)
