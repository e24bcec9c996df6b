"""Words around an article that are not its own: where it is cut short, and what leads on to the whole."""

import re

_LEADS_ON = (
    r"\b(?:continue reading|keep reading|read more|read on|read (?:the )?(?:full|whole|rest|complete)\b"
    r"|(?:view|see) (?:the )?(?:entire|full) (?:post|story|article))\b"
)
# WordPress signs the entries of its feeds, in the language of the site.
_SIGNED = (
    r"(?:the post|the article|la entrada|el cargo|der beitrag|l['’]article|o post|l['’]articolo)\s[^\n]{1,300}?\s"
    r"(?:appeared first on|first appeared on|was first published on|se public[oó] primero en|apareció primero en"
    r"|erschien zuerst auf|est apparu en premier sur|apareceu primeiro em|proviene da)\s[^\n]{1,200}"
)
_END = r"[\s»›→>]*\Z"
# "[+1234 chars]" is what NewsAPI writes.
_CUT = re.compile(
    rf"(?:…|\.\.\.|\[\s*(?:…|\.\.\.)\s*\]|\[\+\d+ chars\]|{_LEADS_ON}[^.\n]{{0,150}}){_END}", re.IGNORECASE
)
_LINE = re.compile(
    rf"(?:{_SIGNED}|{_LEADS_ON}.{{0,200}}"
    r"|comments?|\(?\d+ comments?\)?|leave a comment|permalink|submitted by .{1,100}"
    r"|(?:share|email|tweet|like) this:?|share on \w+|(?:like )?loading(?:…|\.\.\.)|advertisement|sponsored"
    r"|(?:article|comments) url: \S+|points: \d+|# comments: \d+)[\s»›→>.]*",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"(?<=[.!?…”\"’)\]])\s+(?:{_LEADS_ON}[^.!?\n]{{0,150}}[.…]*|{_SIGNED}){_END}", re.IGNORECASE)
_LONGEST = 600  # characters of what these patterns match


def is_cut(text: str) -> bool:
    """Tell whether a text ends where its whole goes on: "…", "Read more"."""
    return bool(_CUT.search(text[-_LONGEST:]))


def without_teasers(text: str) -> str:
    """Leave out the lines that lead on, and what leads on behind the last sentence."""
    lines = [line for line in text.split("\n") if len(line) > _LONGEST or not _LINE.fullmatch(line.strip())]
    kept = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return kept[:-_LONGEST] + _BEHIND.sub("", kept[-_LONGEST:])
