"""Whether a sentence carries an address, markup or hidden characters that its quote does not have; pure.

An article may order a model to write them: a link or an image in an answer would carry the conversation away.
"""

import re
import unicodedata

_DOMAINS = "com|org|net|io|ai|app|dev|co|info|biz|xyz|site|online|top|link|click|live|me|tv|cc|ru|cn|in|uk|us|eu|de|fr|example|test|invalid|onion|gov|edu|mil|int"
_ADDRESS = re.compile(
    r"\S*(?:://|\bwww\.|\]\s?\(|\]\s?\[)\S*"
    r"|\b(?:hxxps?|https?|ftp|mailto|javascript|vbscript)\s?:\s?\S+|\b(?:data:\w+/|(?:tel|sms|file|blob):)\S+"
    r"|\[[^\]\n]{1,200}\]:\s*\S+"
    r"|!\[[^\]]*\]?"
    r"|</?[a-zA-Z!][^>\n]*>?|&(?:lt|gt|#\d+|#x[0-9a-f]+);"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\w{3,}"
    rf"|(?<![\w@.])(?:[\w-]+(?:\.|\[\.\]|\s?\(dot\)\s?))+(?-i:{_DOMAINS})(?![\w-])(?:[:/?#]\S*)?"
    r"|(?<![\w@.])(?:[\w-]+\.)+[a-z]{2,}[/?#]\S+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b(?:[:/]\S*)?",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]{0,3}\.?")  # "U.S.in", and "U.S." before "in"
_SCRIPT = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"}
_WORD = re.compile(r"[^\W\d_]+")
# Never in news: text turned round, tags, and runs of characters that show nothing.
_NEVER = re.compile("[\u202d\u202e\U000e0000-\U000e007f]|[\u200b-\u200d\u2060\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}")
_PLAIN_FORMATS = {"\u00ad"}  # a soft hyphen shows where a word may be cut, and hides nothing


def strange(sentence: str, quote: str) -> list[str]:
    """Name the addresses, the markup and the hidden or disguised characters that only the sentence has."""
    reasons = [
        f"{match.group()} is not in the quote"
        for match in _ADDRESS.finditer(sentence)
        if match.group() not in quote and not _INITIALS.fullmatch(match.group())
    ]
    hidden = [
        char
        for char in ("" if sentence.isprintable() else sentence)  # as most are: then none is of these categories
        if unicodedata.category(char) in {"Cf", "Co", "Cs", "Cc", "Cn"}
        and char not in "\n\t\r"
        and char not in _PLAIN_FORMATS
    ]
    if any(char not in quote for char in hidden) or _NEVER.search(sentence):
        reasons.append("the sentence has hidden characters")
    if not sentence.isascii():
        reasons += [
            f"{match.group()} is written in letters that only look alike"
            for match in _WORD.finditer(sentence)
            if match.group() not in quote and _disguised(match.group())
        ]
    return reasons


def _disguised(word: str) -> bool:
    """Tell whether a word mixes alphabets, or has letters that stand for others: full width, mathematical."""
    if word.isascii():
        return False
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in word} & _SCRIPT
    return len(scripts) > 1 or unicodedata.normalize("NFKC", word) != unicodedata.normalize("NFC", word)
