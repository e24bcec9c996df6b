"""Different states of one matter: planned, in talks, agreed, signed; approved or rejected; done or not done; pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.disagreement.counting import counts
from service.disagreement.likening import SAME_WORD, Span, has, likeness, past, subject
from service.evidence import Statement
from service.language.words import Word, same, words

_A = r"(?:(?:an?|the|its|their|his|her|this|that|\w+['’]s)\s+)?(?:\w+\s+){0,2}?"
_DEAL = (
    r"(?:agreements?|deals?|accords?|pacts?|treat(?:y|ies)|contracts?|arrangements?|truce|ceasefire|terms|settlement"
    r"|merger|takeover)"
)
_A_DEAL = re.compile(rf"\b{_DEAL}\b", re.IGNORECASE)
# The ladder that a deal climbs.
_LADDER: tuple[tuple[str, str], ...] = (
    ("off", r"call(?:ed|s) off|scrap(?:ped|s)|cancell?(?:ed|s)|abandon(?:ed|s)|walked away from|pulled out of"),
    (
        "finalising",
        rf"(?:in the process of\s+)?finali[sz]ing|about to sign"
        rf"|(?:close to|near(?:ing)?|on the verge of)\s+(?:signing|agreeing|sealing|{_A}{_DEAL})",
    ),
    (
        "talks",
        rf"negotiat(?:es?|ing|ions?)|(?:is|are|was|were|been|still)\s+in (?:\w+ )?(?:talks|discussions)"
        rf"|talks (?:on|over|about)|discuss(?:es|ed|ing)? {_A}{_DEAL}",
    ),
    ("done", r"completed|finali[sz]ed|(?:came|entered) into force|took effect"),
    ("signed", rf"signed|inked(?: {_A}{_DEAL})?"),
    (
        "agreed",
        rf"(?:reached|struck|clinched|sealed|secured|concluded)\s+{_A}{_DEAL}|agreed\s+(?:on|upon|{_A}{_DEAL})"
        rf"|{_DEAL}\s+(?:has been |was |been )?(?:reached|struck|sealed)",
    ),
    ("agreed to", r"agreed to"),
    (
        "planned",
        r"plans?|planned|planning|intends?|(?:unveiled )?intentions?|propos(?:es?|ed|als?)|considering|weighing"
        r"|expressed (?:\w+ )?interest|initial offer",
    ),
)
_STAGES = tuple((stage, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for stage, pattern in _LADDER)
_ANY_STAGE = re.compile(rf"\b(?:{'|'.join(pattern for _, pattern in _LADDER)})\b", re.IGNORECASE)
_DONE = frozenset({"agreed", "agreed to", "signed", "done"})
# Stages that say little without what they are of, and how many words of that are given.
_NAMES_LITTLE, _FURTHER = frozenset({"planned", "talks", "finalising", "agreed to"}), 4
_RANKS = {"planned": 1, "talks": 2, "finalising": 3, "agreed to": 4, "agreed": 4, "signed": 5, "done": 6, "off": 7}
# Stages that cannot both be where a matter stands. An agreement rules out no plan, and a signature no agreement.
_APART: Mapping[str, frozenset[str]] = {
    "off": _DONE | {"finalising", "talks"},
    "finalising": _DONE,
    "talks": _DONE,
    "planned": frozenset({"signed", "done"}),
    "agreed to": frozenset({"signed"}),
}
_NONE: frozenset[str] = frozenset()
# Ends that rule each other out; of the first four the second may come after the first.
_ENDS: tuple[tuple[str, str], ...] = (
    (r"alive|survived", r"dead|died|killed"),
    (r"at large|on the run", r"arrest(?:ed|s)|detain(?:ed|s)|in custody|captured|caught"),
    (
        r"still (?:being )?held|(?:remain(?:s|ed)?|still) (?:in captivity|captive|hostages?|in custody)",
        r"released|freed|set free",
    ),
    (r"(?:remain(?:s|ed)?|still|stay(?:s|ed)?) (?:closed|shut)", r"re-?opened|open again"),
    (
        r"approve[ds]?|pass(?:ed|es)|adopt(?:ed|s)|accept(?:ed|s)|agreed to",
        r"reject(?:ed|s)|vot(?:ed|es) down|turn(?:ed|s) down|thr(?:ew|ows) out",
    ),
    (r"confirm(?:ed|s)?", r"den(?:ied|ies)"),
    (r"tested positive", r"tested negative"),
    (r"guilty|convicted", r"acquitted|not guilty|cleared"),
)
_IN_TURN = 4
_OPPOSED = tuple(tuple(re.compile(rf"\b(?:{side})\b", re.IGNORECASE) for side in pair) for pair in _ENDS)
_ANY_END = re.compile(rf"\b(?:{'|'.join(side for pair in _ENDS for side in pair)})\b", re.IGNORECASE)
# What did not happen or will not, by a verb: "is not" and "does not" deny what is so in general.
_DENIAL = re.compile(
    r"\b(?P<auxiliary>will|has|have|had|was|were|did)\s*(?:not|never|n['’]t)\s+"
    r"(?:yet\s+|\w+ly\s+|be\s+|been\s+)?(?P<verb>\w+)"
    r"|\b(?P<refused>refused|declined|failed)\s+to\s+(?:be\s+)?(?P<what>\w+)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"\b(?:who|that|which|what|why|how)\s+$", re.IGNORECASE)
_DENIED = re.compile(
    r"(?:\b(?:not|never|no|without|yet to|refus\w+ to|declin\w+ to|fail\w* to)|n['’]t)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_AUXILIARY = re.compile(r"\b(?:will|has|have|had|is|are|was|were|does|do|did|been|be)\s+$", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:to|will|shall|before|until|once|when|after)\s+(?:(?:be|have|get|\w+ly)\s+){0,2}$", re.IGNORECASE
)
# What is only wished, asked for or imagined stands nowhere.
_UNREAL = re.compile(
    r"\b(?:if|unless|would|could|might|may|whether|hop(?:es?|ed|ing)|urg(?:es?|ed|ing)|call(?:s|ed|ing)? (?:for|on)"
    r"|ask(?:s|ed)|wants?|demand(?:s|ed))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a matter stands, in the words of a statement."""

    stage: str
    span: Span
    """The words that say so."""
    said: str
    """They, and what they are of."""
    rank: int
    """What comes later has the greater."""
    denied: bool = False


def different_standings(one: Statement, other: Statement) -> Iterator[tuple[float, Standing, Standing]]:
    """Give what two statements say differently of where the same matter stands, and how alike the rest is."""
    if _unreal(one.text) or _unreal(other.text):
        return
    for apart in (_stages_apart, _ends_apart, _denials):
        for mine, theirs in apart(one.text, other.text):
            alike = likeness(one, (mine.span, *deals(one.text)), other, (theirs.span, *deals(other.text)))
            if alike and not _count_apart(one.text, other.text):
                yield alike, mine, theirs


def _count_apart(one: str, other: str) -> bool:
    """Tell whether two texts count things and no number is the same: "six submarines", "four frigates"."""
    here, there = ({each.value for each in counts(text)} for text in (one, other))
    return bool(here and there) and not here & there


@lru_cache(maxsize=20_000)
def _unreal(text: str) -> bool:
    return bool(_UNREAL.search(text))


def _stages_apart(one: str, other: str) -> Iterator[tuple[Standing, Standing]]:
    mine, theirs = stage(one), stage(other)
    if not mine or not theirs:
        return
    if mine.denied != theirs.denied:
        denied, stated = (mine, theirs) if mine.denied else (theirs, mine)
        if stated.stage == denied.stage or (
            denied.stage in {"agreed", "signed"} and stated.stage in {"signed", "done"}
        ):
            yield mine, theirs
    elif not mine.denied and (
        theirs.stage in _APART.get(mine.stage, _NONE) or mine.stage in _APART.get(theirs.stage, _NONE)
    ):
        plans = [(mine, one, other), (theirs, other, one)]
        if all(_same_plan(*each) for each in plans if each[0].stage == "planned"):
            yield mine, theirs


@lru_cache(maxsize=20_000)
def stage(text: str) -> Standing | None:
    """Give the stage of a deal that a text tells of; None where it tells of two: "signed, ending the negotiations"."""
    if not _ANY_STAGE.search(text):
        return None  # of most, by one look
    found = [_standing(text, name, match) for name, pattern in _STAGES if (match := pattern.search(text))]
    reached = {one.stage for one in found}
    return None if any(reached & _APART.get(one, _NONE) for one in reached) or not found else found[0]


def _standing(text: str, name: str, match: re.Match[str]) -> Standing:
    before = text[: match.start()]
    denied = _DENIED.search(before)
    start, end = denied.start() if denied else match.start(), match.end()
    reached = "planned" if name in _DONE and not denied and _AHEAD.search(before) else name
    said = text[start : end + (_further(text[end:]) if name in _NAMES_LITTLE else 0)]
    return Standing(reached, (start, end), said, 0 if denied else _RANKS[reached], denied=bool(denied))


def _further(behind: str) -> int:
    """Give the length of what follows a stage and tells what it is of: "negotiations *for a commercial agreement*"."""
    clause = re.split(r"[,;:.()“”\"—]", behind)[0]
    content = [word for word in words(clause)[:_FURTHER] if word.content]
    return content[-1].end if content else 0


@lru_cache(maxsize=20_000)
def deals(text: str) -> tuple[Span, ...]:
    """Give where a text names an agreement."""
    return tuple(match.span() for match in _A_DEAL.finditer(text))


def _same_plan(planned: Standing, one: str, other: str) -> bool:
    """Tell whether what is planned is what the other text tells of: "plans to vote on the treaty" is not."""
    ahead = next((word for word in words(one) if word.start >= planned.span[1] and word.content), None)
    return ahead is None or bool(_A_DEAL.fullmatch(ahead.text)) or has(other, ahead)


def _ends_apart(one: str, other: str) -> Iterator[tuple[Standing, Standing]]:
    """Look for two ends that rule each other out."""
    here, there = ends(one), ends(other)
    for number, side in here.keys() & {(number, 1 - side) for number, side in there}:
        if (number, 1 - side) not in here and (number, side) not in there:
            yield here[number, side], there[number, 1 - side]


@lru_cache(maxsize=20_000)
def ends(text: str) -> dict[tuple[int, int], Standing]:
    """Give the ends that a text tells of, by their pair and side."""
    found: dict[tuple[int, int], Standing] = {}
    if not _ANY_END.search(text):
        return found  # of most, by one look
    for number, pair in enumerate(_OPPOSED):
        for side, pattern in enumerate(pair):
            match = pattern.search(text)
            before = text[: match.start()] if match else ""
            if match and not _AHEAD.search(before) and not _DENIED.search(before):
                found[number, side] = Standing("end", match.span(), match.group(), side if number < _IN_TURN else 0)
    return found


def _denials(one: str, other: str) -> Iterator[tuple[Standing, Standing]]:
    """Look for what one text says did not happen, or will not, and the other says did, or will."""
    here, there = denied(one), denied(other)
    if bool(here) == bool(there):
        return
    denying, stating = (one, other) if here else (other, one)
    for word, span, coming in here or there:
        stated = next((each for each in words(stating) if _states(stating, each, word, coming=coming)), None)
        if stated and _one_subject(denying, word, stating, stated):
            start = _with_auxiliary(stating, stated.start)
            sides = (
                Standing("denied", span, denying[slice(*span)], 0, denied=True),
                Standing("stated", (start, stated.end), stating[start : stated.end], 1),
            )
            yield sides if here else sides[::-1]


@lru_cache(maxsize=20_000)
def denied(text: str) -> tuple[tuple[Word, Span, bool], ...]:
    """Give the verbs that a text denies, each with the span of its denial, and whether it is still to come."""
    found = []
    for match in _DENIAL.finditer(text):
        at = match.start("verb" if match["verb"] else "what")
        word = next((each for each in words(text) if each.start == at), None)
        if word and word.content and not (word.light or word.name) and not _RELATIVE.search(text[: match.start()]):
            found.append((word, match.span(), (match["auxiliary"] or "").lower() == "will"))
    return tuple(found)


def _states(text: str, word: Word, denied_: Word, *, coming: bool) -> bool:
    """Tell whether a word of a text says that what is denied happened, or will."""
    if same(denied_, word) < SAME_WORD or word.name:
        return False
    open_ = bool(_AHEAD.search(text[: word.start]))
    return open_ if coming else not open_ and past(word)


def _one_subject(one: str, verb: Word, other: str, another: Word) -> bool:
    """Tell whether two verbs are said of the same: most of what stands before each is in the other text."""
    return all(
        2 * sum(has(against, word) for word in subject(text, found)) > len(subject(text, found))
        for text, found, against in ((one, verb, other), (other, another, one))
    )


def _with_auxiliary(text: str, start: int) -> int:
    found = _AUXILIARY.search(text[:start])
    return found.start() if found else start
