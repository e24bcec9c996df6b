"""Whether a sentence says of all, most or only one what its quote says of some; pure."""

import re

_KINDS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{said})\b", re.IGNORECASE), re.compile(rf"\b(?:{found})\b", re.IGNORECASE))
    for name, said, found in (
        (
            "all",
            r"all(?! but| right)|every|everyone|everybody|everywhere|each|entire|entirely|fully|completely|wholly|in full",
            r"all|every\w*|each|entire\w*|full\w*|complete\w*|wholly|whole|both|no|none|universal\w*|without exception"
            r"|unanimous\w*|always|total\w*|throughout",
        ),
        (
            "most",
            r"most of|most (?!\w*(?:important|likely|recent|senior|famous|popular|serious))(?=\w+s\b)|majority|mostly|largely|mainly",
            r"most\w*|majority|largely|main\w*|primarily|chiefly|bulk|nearly all|almost all|all|every|overwhelming\w*|predominant\w*|biggest part",
        ),
        (
            "only",
            r"only(?!\s+(?:the\s+)?(?:first|second|third|fourth|fifth|\d|one|two|three|a\b|\w+teen|about|after|just))|solely|exclusively|sole|alone",
            r"only|sole\w*|exclusive\w*|alone|just|no other|nothing but|single|merely|none but|except\w*|first|last|limited|unique\w*",
        ),
        ("unanimously", r"unanimous(?:ly)?", r"unanimous\w*|all|without (?:dissent|opposition)|no one opposed"),
        (
            "always",
            r"always|constantly|permanently|forever",
            r"always|constant\w*|permanent\w*|forever|every|all|continu\w*|never|since|throughout",
        ),
        ("never", r"never before|for the first time|unprecedented", r"never|first|unprecedented|historic\w*|record"),
    )
)
_SUPERLATIVE = re.compile(
    r"\b(?:(?:most|least)\s+(?:\w+ly\s+)?(?!of\b|people|part\b)\w+|(?:big|larg|small|high|low|long|short|old|young|new|lat|late|earli|fast|slow|strong|weak|"
    r"rich|poor|cheap|great|few|bad|worst|best|wors|deadli|heavi|hott|cold|clos|near|bright|tough|hard|eas|easi|dead|busi)(?:i?est)\b|\b(?:best|worst)\b)(?!-)",
    re.IGNORECASE,
)
_ANY_SUPERLATIVE = re.compile(
    r"\b(?:most|least|top|leading|main|record|first|last|best|worst|chief|major|no \w+er|\w+er than any)\b|\w{2,}est\b",
    re.IGNORECASE,
)


def wider(sentence: str, quote: str) -> list[str]:
    """Say which "all", "most", "only" and superlatives of a sentence are not in its quote."""
    reasons = []
    for name, said, found in _KINDS:
        match = said.search(sentence)
        if match and not found.search(quote):
            reasons.append(f"the quote does not say {match.group().strip().lower() or name}")
    match = _SUPERLATIVE.search(sentence)
    if match and not _ANY_SUPERLATIVE.search(quote):
        reasons.append(f"the quote does not say {match.group().lower()}")
    return reasons
