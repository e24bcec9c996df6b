"""What stands on a page but is no statement of its article: it stays in the stored text and is never quoted."""

import re

from retrieval.sentences import sentence_spans
from retrieval.types import Span

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DATE = rf"(?:{_MONTH}\s+\d{{1,2}},?\s+\d{{4}}|\d{{1,2}}\s+{_MONTH}\s+\d{{4}}|\d{{4}}-\d\d-\d\d)"
_AGENCY = r"(?:PTI|AFP|AP|ANI|IANS|UNI|Reuters|Bloomberg|dpa|EFE|ANSA|Xinhua|TASS|Agencies|Associated Press)"

_STAMPED = r"(?:first published|last updated|published|updated|posted)"
_CLOCK = r"\d{1,2}[:.]\d\d(?::\d\d)?\s*(?:[ap]\.?m\b\.?|hrs\b)?\s*(?-i:[A-Z]{2,4}\b)?"
_PLACE = r"(?:\s*[-–—|(,].{0,80})?"

# Whole lines. Each pattern is anchored at both ends, so that a statement that merely begins alike is kept.
_LINE = re.compile(
    "|".join(
        [
            r"(?:story continues below(?: this)? )?advert[ei]se?ment(?: - scroll to continue)?\W*",
            r"(?:also read|read also|also see|see also|also watch|must read|read more|read next|watch|listen|related|"
            r"recommended(?: for you)?|more on this(?: story)?|don['’]t miss|editors?['’]s? picks?|trending(?: now)?)(?:\s*[:|»>]|\s+[-–—]\s).*",
            r"(?:also read|read also|read more|read next|more on this story|related (?:articles|stories|topics)|trending now)\W*",
            r"milestone alert\W.*",
            r"click here (?:to|for)\b.*",
            r"(?-i:[^.!?a-z]{1,60} More Information)",
            r"(?:subscribe|sign up|log ?in|register|download|follow us|join us|share(?: this)?|tweet|comments?|print)\W*",
            r"(?:subscribe to|sign up (?:for|to)|log ?in to|register (?:for|to)|download|follow us on|join us on|share this|get) (?:(?:our|the|your|this|free|daily|an?|story on|on)\b *){0,4}"
            r"(?:\w+ )?(?:newsletters?|app|account|article|story|twitter|facebook|whatsapp|telegram|channel)(?: now| today)?[.!]?",
            r"\(?with (?:agency |additional )?(?:inputs?|reporting) (?:from|by) .{1,80}\)?\.?",
            rf"\(?{_AGENCY}(?:\s*[,/&]\s*{_AGENCY})*\)?\.?",
            r"[a-z]{2,4}(?:/[a-z]{2,4})+\s*\(.{1,60}\)",
            rf"(?:{_STAMPED}\W*(?:on\b|at\b)?\W*)?{_DATE}(?:[\s|,:\-–]*{_CLOCK}{_PLACE}|\s*\|.{{0,80}}|[\s|,:\-–]*{_STAMPED}\b.{{0,80}})?\W*",
            rf"{_STAMPED}(?:\W*(?:on|at)?\b\W*{_CLOCK}|\s*:\s*.{{0,20}}\d.{{0,60}}|\W+\d+ (?:second|minute|hour|day|week|month)s? ago\W*)",
            r"(?:©|\(c\)\s|copyright\s+(?:©|\(c\)|\d{4})).*|all rights reserved\W*",
            r"(?:file )?(?:photo|image|picture|video)s?\s*(?:credits?|courtesy)?\s*:.{1,60}",
            r"https?://\S+",
            r"[\W\d_]*",
        ]
    ),
    re.IGNORECASE,
)
# What hangs at the front of a statement (a list marker, a date that lost its line) or at its end (a credit).
_FRONT = re.compile(
    rf"(?:#{{1,6}}\s+|>\s+|\*{{1,3}}(?=\w)|[-*•–—]\s+|\(?\d{{1,3}}[.)]\s+|{_DATE}(?=[A-Z“\"])|{_AGENCY}\s*[-–—:]\s+)+",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(?<!\s)\s*(?:\|\s*(?:(?:file )?(?:photo|image|picture|file|video)s?\s*)?(?:(?:credits?|courtesy)\s*)?:.{1,100}"
    r"|[(\[](?:(?:file )?(?:photo|image|picture|video|source|credit)s?\b[^)\]]{0,100}|x\s*/\s*@\w+|@\w+|with inputs[^)]{0,100})[)\]]"
    rf"|(?:\s[-–—]\s*|\()\s*{_AGENCY}\s*\)?)\s*$",
    re.IGNORECASE,
)

_AGENCY_LAST = re.compile(rf"{_AGENCY}$", re.IGNORECASE)
_LONGEST_AGENCY = len("Associated Press")

_MARKED = re.compile(r"[*_`\[\]]")
_MARKDOWN = re.compile(r"!\[[^\[\]]*\]\([^()]*\)|[*_`]+(?=\W|$)|(?<!\w)[*_`]+|\]\([^()\s]*\)|[\[\]]")

# Images, the targets of links, tags, entities, templates; a sentence that is these with a word or so says nothing.
_MARKUP = re.compile(
    r"!\[[^\[\]]*\]\([^()]*\)|\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)|</?[a-zA-Z][^<>]*>|&#?\w+;|\$\{[^{}]*\}|\{\{[^{}]*\}\}"
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def quotable_spans(text: str) -> list[Span]:
    """Give the spans of the sentences that an answer may quote: furniture left out, list markers and credits cut off."""
    spans: list[Span] = []
    for line_start, line_end in _lines(text):
        line, end = text[line_start:line_end], line_end
        if _LINE.fullmatch(_plain(line)):
            continue
        while _may_end_in_a_credit(line) and (found := _BACK.search(text, line_start, end)):
            end = found.start()
            line = text[line_start:end]
        for start, stop in sentence_spans(line):
            span = _cut(text, line_start + start, line_start + stop)
            if span:
                spans.append(span)
    return spans


def without_furniture(text: str) -> str:
    """Give the quotable sentences alone, a space between them: what is embedded and shown to a model."""
    return " ".join(text[start:end] for start, end in quotable_spans(text))


def _lines(text: str) -> list[Span]:
    return [match.span() for match in re.finditer(r"[^\r\n\u2028\u2029\x0b\x0c\x85]+", text)]


def _may_end_in_a_credit(line: str) -> bool:
    """Tell by its end, without a look at all its places, whether there may be a credit to be cut off."""
    line = line.rstrip()
    return "|" in line or line.endswith((")", "]")) or bool(_AGENCY_LAST.search(line[-_LONGEST_AGENCY:]))


def _cut(text: str, start: int, end: int) -> Span | None:
    front = _FRONT.match(text, start, end)
    if front:
        start = front.end()
    while start < end and text[start].isspace():
        start += 1
    words = text[start:end]
    if not words or _LINE.fullmatch(_plain(words)) or _is_markup(words):
        return None
    return start, end


def _is_markup(words: str) -> bool:
    """Tell whether there is no more beside markup than "click" or "more"."""
    prose = _MARKUP.sub(" ", words)
    return prose != words and len(_WORD.findall(prose)) < 2 and sum(map(str.isalpha, prose)) < 8  # noqa: PLR2004


def _plain(line: str) -> str:
    """Give a line without its Markdown: what stands in front, emphasis, images, and the addresses of links."""
    line = line.strip()
    front = _FRONT.match(line)
    plain = line[front.end() :] if front and not _LINE.fullmatch(line) else line
    return _MARKDOWN.sub("", plain).strip() if _MARKED.search(plain) else plain.strip()
