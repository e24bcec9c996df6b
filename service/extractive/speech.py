"""Who says a statement: the subject of its verb of saying; pure."""

import re
from collections.abc import Sequence

from service.evidence import Statement
from service.language import lexicon
from service.language.words import Word, key_of, same, words

_SAYING = frozenset(key_of(verb) for verb in lexicon.SAYING)
_QUOTATION = re.compile(r"[\"“][^\"“”]*(?:[\"”]|$)")
_PRONOUNS = frozenset("he she they it".split())


def said_by(statement: Statement, speakers: Sequence[Word]) -> bool:
    """Tell whether one of the speakers says the statement, looking back for "he said"."""
    text = statement.text
    for depth in range(len(statement.before) + 1):
        names, pronoun = _subjects(text)
        if any(same(speaker, name) for speaker in speakers for name in names):
            return True
        if names or not pronoun or depth == len(statement.before):
            return False
        text = statement.before[-1 - depth]
    return False


def _subjects(text: str) -> tuple[list[Word], bool]:
    """Give the names that a statement puts beside its verbs of saying, and whether a pronoun stands there."""
    outside = _QUOTATION.sub(lambda match: " " * len(match.group()), text)
    found = words(outside)
    names: list[Word] = []
    pronoun = False
    for index, word in enumerate(found):
        if word.key not in _SAYING or word.name:
            continue
        before = found[max(index - 12, 0) : index]
        names += [one for one in before if one.content and one.text[0].isupper()]
        pronoun |= any(one.text.lower() in _PRONOUNS for one in before)
        after = found[index + 1 : index + 5]
        if after and after[0].name:
            names += [one for one in after if one.name]
    if found_according := re.search(r"\b(?:[Aa]ccording to|[Aa]s per|[Ii]n the words of)\s+([^,]{2,60})", outside):
        names += [one for one in words(found_according.group(1)) if one.name]
    return names, pronoun
