"""The paragraphs of an article without the lines around and between them that are none of its words."""

import re
from dataclasses import replace
from itertools import islice

from retrieval.readers.html_blocks import Block
from retrieval.readers.html_furniture import asks, ends_article, heads_contact, heads_summary, is_legal, leads_on
from retrieval.readers.html_moments import moments_in
from retrieval.readers.html_page import alike, key, words_of

PROSE = 80  # characters of a paragraph that is one
SLOGAN = 40  # characters of a line without a sentence that may stand above an article; chosen
ALL_LINKED = 0.8  # of a line's characters: it leads to another article
_MANY_BLOCKS = 500  # that are looked for in each other; chosen
_PULLED = 25  # characters of a quote that is pulled out; chosen

SENTENCE_END = re.compile(r"[)\]]$|[.!?…:;。！？؟।۔]['\"”’»)\]]*$|[.!?][\"”’]?\s*\(.{1,40}\)$")
_ALIGNED = re.compile(r"\balign\s*\W?\s*(center|right)\b", re.IGNORECASE)
_BYLINE = re.compile(
    r"(?:by(?! the\b)|von|par|por|di|texte?|автор|reported by|written by|story by|posted by|published by|updated by)\s*:?\s+\S.{0,80}",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r".{3,50}?\b(?:is|was|are|writes|covers|reports|joined|ist|schreibt|est|es|é|è)\b(?=.{0,200}\b(?:reporters?|writers?|journalists?|editors?|correspondents?|columnists?|authors?|professors?|fellow|producer|redakteur\w*|reporterin|korrespondent\w*|journaliste|periodista|jornalista|giornalista|covers|writes|covering)\b)"
)
_DATED = re.compile(
    r"\b(?:published|updated|posted|last modified|aktualisiert|veröffentlicht|publié|mis à jour|publicado|actualizado|atualizado|pubblicato|aggiornato|опубликовано|обновлено|प्रकाशित|अपडेट)\b",
    re.IGNORECASE,
)


def without_lines(blocks: list[Block], title: str | None, authors: list[str]) -> list[Block]:
    """Leave out the lines that lead elsewhere, ask for something, or say again what the fields say."""
    names, heading = {key(name) for name in authors}, key(title or "")
    blocks = _without_boxes(_by_line(blocks, heading, names))
    blocks = blocks[_behind_stamp(blocks) :]
    total, read = sum(len(block.text) for block in blocks), 0
    kept: list[Block] = []
    said: set[str] = set()  # pages hold their text again, for print
    is_leading = False
    for number, block in enumerate(blocks):
        read += len(block.text)
        if ends_article(block.text) and read > total / 2 and not _has_prose(blocks[number + 1 :]):
            break
        if (is_leading and block.linked > 0.5) or (len(block.text) >= PROSE and block.text in said):
            continue
        said.add(block.text)
        is_leading = ends_article(block.text) or (leads_on(block.text) and len(block.text) < 250)
        if is_leading:
            # What it leads to follows, unless it is in the line.
            is_leading = block.kind == "heading" or re.search(r"[:：|»>-]\s*\S", block.text) is None
            continue
        is_edge = len(kept) < 2 or number >= len(blocks) - 3
        if is_edge and (key(block.text) in names or _is_stamp(block.text)):
            continue
        if number >= len(blocks) - 3 and kept and _ABOUT.match(block.text) and block.text.startswith(tuple(authors)):
            continue  # who wrote it, in a line of its own
        if not (is_furniture(block) or _leads(block) or _is_title(block, title or "", number)):
            kept.append(block)
    while kept and kept[-1].kind == "heading":
        kept.pop()
    # What stands above the first sentence is the page's: its slogan, a place, a section.
    start = next(
        (
            n
            for n, block in enumerate(kept)
            if block.kind in {"heading", "row"}
            or len(block.text) >= SLOGAN
            or SENTENCE_END.search(block.text)
            or is_set_apart(block)
        ),
        0,
    )
    return kept[start:]


def _behind_stamp(blocks: list[Block]) -> int:
    """Give where the article begins below its byline and date: decks and sections stand above them."""
    for number, block in enumerate(blocks[:6]):
        if _is_stamp(block.text):
            return number + 1
        if SENTENCE_END.search(block.text):
            return 0
    return 0


def _without_boxes(blocks: list[Block]) -> list[Block]:
    """Leave out what tells the article once more: a summary, a list of its headings, a quote pulled out of it.

    And whom the press may ask, which is no sentence.
    """
    headings = {key(block.text) for block in blocks if block.kind == "heading"}
    whole = key(" ".join(block.text for block in blocks)) if len(blocks) <= _MANY_BLOCKS else ""
    kept: list[Block] = []
    box = ""
    for number, block in enumerate(blocks):
        is_prose = len(block.text) >= PROSE and SENTENCE_END.search(block.text) is not None
        if heads_summary(block.text) and not _has_prose(kept):
            box = "summary"
            continue
        if heads_contact(block.text) and number > len(blocks) / 2:
            box = "contact"
            continue
        ends = (is_prose and block.kind != "item") if box == "summary" else is_prose or block.kind == "heading"
        box = "" if ends else box
        is_listed = block.kind == "item" and key(block.text) in headings
        said = (
            key(block.text) if block.kind in {"paragraph", "quote"} and _PULLED <= len(block.text) <= 3 * PROSE else ""
        )
        if not (box or is_listed or (said and whole.count(said) > 1 and _is_pulled(block))):
            kept.append(block)
    return kept or blocks


def _is_pulled(block: Block) -> bool:
    around = (block.element, *islice(block.element.iterancestors(), 2))
    return any(one.tag in {"aside", "blockquote"} or "quote" in words_of(one) for one in around)


def is_furniture(block: Block) -> bool:
    """Tell whether a paragraph is none of the article's, whatever stands around it."""
    if block.kind == "paragraph" and is_legal(block.text):
        return True
    return block.kind != "row" and asks(block.text)


def _leads(block: Block) -> bool:
    """Tell whether a paragraph is a link to another article, or a list of such."""
    if block.kind == "row" or _is_sentence(block):
        return False
    return (block.linked > 0.5 and "\n" in block.text) or (block.linked >= ALL_LINKED and len(block.text) > 25)


def _is_title(block: Block, title: str, number: int) -> bool:
    if key(block.text) == key(title):
        return True
    return number < 3 and block.kind == "heading" and len(key(block.text)) > 15 and alike(block.text, title) > 0.9


def _by_line(blocks: list[Block], heading: str, names: set[str]) -> list[Block]:
    """Leave out the lines within a paragraph that are the headline, a byline or a date, as where breaks part all."""
    whole = []
    for block in blocks:
        lines = block.text.split("\n")
        kept = [
            one for one in lines if len(lines) == 1 or not (key(one) == heading or key(one) in names or _is_stamp(one))
        ]
        is_rest = (
            len(kept) < len(lines) and len("".join(kept)) < SLOGAN and not SENTENCE_END.search(kept[-1] if kept else "")
        )
        if kept and not is_rest:  # the rest of a byline is a role or a place
            whole.append(block if len(kept) == len(lines) else replace(block, text="\n".join(kept)))
    return whole


def _is_stamp(text: str) -> bool:
    if len(text) < 2 * PROSE and _DATED.search(text) and not SENTENCE_END.search(text) and _first_moment(text):
        return True
    return bool(len(text) < 90 and _BYLINE.fullmatch(text) and not text.endswith(".")) or _is_date(text)


def _first_moment(text: str) -> bool:
    return next(moments_in(text, "US"), None) is not None


def _has_prose(blocks: list[Block]) -> bool:
    """Tell whether there are as many paragraphs behind a heading as an article goes on with."""
    return sum(len(block.text) >= 2 * PROSE and block.linked < 0.3 for block in blocks) >= 3


def _is_sentence(block: Block) -> bool:
    return block.linked < 1 and SENTENCE_END.search(block.text) is not None and len(block.text) > PROSE


def _is_date(text: str) -> bool:
    if len(text) > 160:
        return False
    spans = sum(moment.end - moment.start for moment in moments_in(text, "US"))
    return spans > 0 and spans + 45 >= len(text) and not (SENTENCE_END.search(text) and len(text) > spans + 25)


def is_set_apart(block: Block) -> bool:
    """Tell a line that is centred or at the right, as the heads and signatures of proclamations and letters are."""
    element = block.element
    found = _ALIGNED.search(f"{element.get('class')} {element.get('style')} align-{element.get('align')}")
    if element.tag != "p" or not found or len(block.text) >= PROSE:
        return False
    # What is centred under a picture is its caption.
    return block.text.isupper() or (found.group(1) == "right" and any(one.isalpha() for one in block.text))
