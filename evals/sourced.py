"""A text with [n] markers, annotations or a list of its sources becomes sentences and what each of them cites; pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.addresses import Named
from evals.replies import Cited, Said
from prompts.answer import refuses, says_not
from service.answering import MESSAGES
from service.sentences import cut, without_markers

_OWN = 900_000  # from here on the numbers that annotations get while the text is cut; no list is as long
_HEADING = re.compile(r"[\W_]*(?:sources?|references|citations|works cited)[\W_]*", re.IGNORECASE)
_ENTRY = re.compile(r"\s*(?:[-*•]\s+)?(?:\\?\[\^?(?P<marker>\d{1,3})\\?\]:?|(?P<place>\d{1,3})[.):])?\s*(?P<rest>\S.*)")
_LINK = re.compile(r"\[(?P<title>(?:\\.|[^\[\]\\]){0,500})\]\(\s*<?(?P<url>(?:[^\s()<>]|\([^\s()]*\))+)")
_ADDRESS = re.compile(r"\w+://[^\s<>\"]+")
_MARKER = re.compile(r"[\[【][^\[\]【】\n]{1,60}[\]】]")

# What pipelines say for themselves where they found nothing; what models say is known to prompts/answer.py.
_NOTHING = re.compile(
    r"""\W*(?:empty\ response\W*$
    |(?:i|we)\ (?:do\ not|don[’']t)\ (?:know|have\ (?:any|enough|sufficient|the)\ (?:\w+\ )?information)\b
    |not\ (?:mentioned|stated|specified|found)\ in\ (?:the|any)\b
    |(?:(?:based\ on|according\ to|from|in)\ (?:the|these)\ (?:\w+\ ){1,2}?\W*)?
     there\ is\ (?:no|not\ enough|insufficient)\ (?:information|mention)\b
    |none\ of\ the\ (?:\w+\ )?(?:sources|documents|results|excerpts)\b
    |no\ (?:relevant\ )?(?:information|answer|sources?|documents?|results?)\ (?:was|were|is|are|can|could)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
# What is said beside that is no answer either: of the sources as such, and to the reader.
_BESIDE = re.compile(
    r"""\W*(?:(?:instead|however|rather)\W+)?
    (?:(?:the|these)\ (?:\w+\ )?(?:articles|passages|sources|documents|texts?|context|excerpts|results)\b
    |(?:they|it)\ (?:(?:do|does|only|just|mainly)\ )*
     (?:not|(?:mention|discuss|cover|describe|focus|concern|contain)(?:e?s)?)\b
    |if\ you\b|you\ (?:can|could|may|might)\b|please\b|let\ me\b|thank\b
    |i\ (?:can|could)\ (?:only|help|search)\b|i\ (?:recommend|suggest)\b)""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Annotation:
    """A source, and the characters of the text that it stands at, if it says so."""

    source: Named
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Sourced:
    """A text without its list of sources, and what its sentences cite."""

    text: str
    sentences: tuple[Said, ...]
    citations: tuple[Cited, ...]
    """Those of the sentences; where none cites anything, all sources that the text came with."""
    cites: bool
    """Some sentence does."""


def sourced(
    text: str, annotations: Sequence[Annotation], sources: Sequence[Named], cited: Callable[[Named], Cited]
) -> Sourced:
    """Tell what each sentence of a text cites.

    A source's number is that of the marker which its annotation stands at, else its place among the sources. A quote
    belongs to the sentence where its annotation stands; where it stands nowhere, to all that cite its source.

    Args:
        text: with its markers, and perhaps a list of the sources at its end.
        annotations: what the text is annotated with; they win over other sources.
        sources: what came beside the text, in the order of their numbers; they win over the text's list.
        cited: tells what a source is.

    """
    body, listed = cut_list(text)
    annotations = [one for one in annotations if one.source.url or one.source.title]
    marked = _marked(body, annotations)
    numbered = _numbered(body, annotations) or dict(enumerate(sources, 1)) or listed
    own = {_key(source): number for number, source in reversed(numbered.items())}
    placed = {_key(one.source) for one in annotations if _place(body, one)}
    known: dict[Named, Cited] = {}

    def resolved(number: int) -> Cited | None:
        at = number - _OWN
        source = annotations[at].source if 0 <= at < len(annotations) else numbered.get(number)
        if source is None:
            return None  # it names nothing
        found = known.setdefault(source, cited(source))
        elsewhere = at < 0 and _key(source) in placed
        return found.model_copy(update={"quote": None, "start": None, "end": None}) if elsewhere else found

    citations: list[Cited] = []
    sentences: list[Said] = []
    for written in cut(marked, ended=True)[0]:
        mine = _distinct([one for number in written.numbers if (one := resolved(number))])
        sentences.append(Said(text=written.text, citations=tuple(range(len(citations), len(citations) + len(mine)))))
        citations += mine
    cites = bool(citations)
    shown = re.sub(rf"\[({_OWN // 100_000}\d{{5}})\]", lambda one: _shown(int(one[1]), annotations, own), marked)
    whole = citations or _distinct([cited(source) for source in numbered.values()])
    return Sourced(shown.strip(), tuple(sentences), tuple(whole), cites)


def says_nothing(text: str) -> bool:
    """Tell whether a text is no answer: it refuses, or says that nothing was found, and goes on to state nothing.

    "The sources do not say who won. It was Smith." is an answer: whoever reads it has been told one.
    """
    sentences = [one.text for one in cut(text, ended=True)[0]]
    others = [one for one in sentences if not (says_not(one) or refuses(one) or _NOTHING.match(one))]
    ours = text.strip() in MESSAGES.values()
    return ours or (len(others) < len(sentences) and all(_BESIDE.match(one) for one in others))


def cut_list(text: str) -> tuple[str, dict[int, Named]]:
    """Cut a list of sources off the end of a text; give them by their numbers.

    It follows a heading ("Sources:", "**References**"), each on a line of its own: `1. [title](url)`, `- title`,
    `[1]: url`, `[1] title - url`. Without a heading each line must have a marker and an address.
    """
    lines = text.splitlines(keepends=True)
    filled = [at for at, line in enumerate(lines) if line.strip()]
    heading = next((at for at in reversed(filled) if _HEADING.fullmatch(lines[at].strip())), len(lines))
    below = [_entry(lines[at]) for at in filled if at > heading]
    if below and (entries := [one for one in below if one]) == below:
        return "".join(lines[:heading]), _in_order(entries)
    run: list[tuple[int, _Entry]] = []
    for at in reversed(filled):
        entry = _entry(lines[at])
        if not entry or not entry.marked or not entry.source.url:
            break
        run.insert(0, (at, entry))
    return ("".join(lines[: run[0][0]]), _in_order([one for _, one in run])) if run else (text, {})


@dataclass(frozen=True)
class _Entry:
    """A line of a list of sources."""

    number: int | None
    marked: bool
    """Its number is a marker."""
    source: Named


def _in_order(entries: Sequence[_Entry]) -> dict[int, Named]:
    return {entry.number or place: entry.source for place, entry in enumerate(entries, 1)}


def _entry(line: str) -> _Entry | None:
    match = _ENTRY.fullmatch(line.rstrip())
    if not match:
        return None
    rest, address = match["rest"], _ADDRESS.search(match["rest"])
    if link := _LINK.search(rest):
        source = Named(link["url"], re.sub(r"\\(.)", r"\1", link["title"]).strip())
    elif address:
        source = Named(address[0].rstrip(").,;"), rest[: address.start()].strip(" -–—:,<(\"'*"))
    else:
        source = Named(None, rest.strip(" *_\"'"))
    number = match["marker"] or match["place"]
    return _Entry(int(number) if number else None, bool(match["marker"]), source)


def _numbered(text: str, annotations: Sequence[Annotation]) -> dict[int, Named]:
    """Give the sources of annotations by number: that of the marker they stand at, else the first that is free."""
    numbered: dict[int, Named] = {}
    for one in annotations:
        place = _place(text, one)
        numbers = _numbers(text[slice(*place)]) if place else ()
        if len(numbers) == 1:
            numbered.setdefault(numbers[0], one.source)
    keys = {_key(source) for source in numbered.values()}
    free = 1
    for one in annotations:
        if _key(one.source) not in keys:
            keys.add(_key(one.source))
            while free in numbered:
                free += 1
            numbered[free] = one.source
    return dict(sorted(numbered.items()))


def _marked(text: str, annotations: Sequence[Annotation]) -> str:
    """Put a marker with a number of its own where each annotation stands: for a marker or a link, or behind words."""
    edits: list[tuple[int, int, int]] = []
    for at, one in enumerate(annotations):
        if place := _place(text, one):
            start, end = place
            edits.append((start if _is_citation(text[start:end]) else end, end, at))
    pieces: list[str] = []
    done = 0
    for start, end, at in sorted(edits):
        pieces += [text[done : max(start, done)], f"[{_OWN + at}]"]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _place(text: str, annotation: Annotation) -> tuple[int, int] | None:
    """Give the characters that an annotation stands at, widened to whole markers; None: it stands nowhere."""
    start, end = annotation.start, annotation.end
    if start is None or end is None or not 0 <= start < end <= len(text):
        return None
    for marker in _MARKER.finditer(text):
        if marker.start() < end and start < marker.end() and _numbers(marker[0]):
            start, end = min(start, marker.start()), max(end, marker.end())
    return start, end


def _is_citation(words: str) -> bool:
    """Tell whether words are a marker, or nothing but links: they are no part of what is said."""
    if not without_markers(words):
        return len(_numbers(words)) == 1
    linked = _LINK.search(words) or _ADDRESS.search(words)
    return bool(linked) and not re.search(r"\w", _ADDRESS.sub("", _LINK.sub("", words)))


def _numbers(words: str) -> tuple[int, ...]:
    """Give the numbers of the markers in words."""
    return tuple(number for one in cut(f"x {words}", ended=True)[0] for number in one.numbers)


def _shown(number: int, annotations: Sequence[Annotation], own: dict[tuple[str, str], int]) -> str:
    at = number - _OWN
    return f"[{own[_key(annotations[at].source)]}]" if at < len(annotations) else f"[{number}]"


def _key(source: Named) -> tuple[str, str]:
    """Tell sources apart: by their addresses, quotes that these mark aside, else by their titles."""
    return (source.url.partition(":~:")[0].rstrip("#"), "") if source.url else ("", source.title)


def _distinct(citations: Sequence[Cited]) -> list[Cited]:
    """Leave out what is there twice, and what a quote of the same source makes empty."""
    quoted = {(one.article_id, one.url, one.title) for one in citations if one.quote is not None}
    kept = [one for one in citations if one.quote is not None or (one.article_id, one.url, one.title) not in quoted]
    return list({(one.url, one.title, one.quote): one for one in kept}.values())
