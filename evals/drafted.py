"""Drafted cases as a file to be edited, and the articles that they are drafted from."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evals.drafting import Draft, scalar
from retrieval.errors import UnreadableArticle
from retrieval.readers import document_files, read
from retrieval.types import Article
from service.settings import Settings
from service.wiring import open_desk

_T = TypeVar("_T")
_NOT_PRINTABLE = re.compile(
    "[^\t\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)

HEAD = """\
# yaml-language-server: $schema={schema}
#
# {drafts} cases, drafted by `groundwire eval init` from {articles}.
#
# Nothing that understands the articles has written them: the questions are made of sentences by templates. A draft is
# not asked and does not count until it is confirmed. For each of them:
#   1. Read the sentence that it is made of, in the comment above it, in its article.
#   2. Write the question as a reader would ask it; other words than the article's test the search as well.
#   3. Correct `facts`: what every right answer must say. A line lists its spellings, any of which will do: words,
#      {{number: 31, tolerance: 0.5}} or {{date: 2023-11-10}}.
#   4. Add to `articles` all others that say the same. An answer must cite one of them.
#   5. Where `answered` is false, make sure that no article says it: an answer is then wrong, whatever it says.
#   6. Take `draft: true` away, or the whole case. Give those that must never fail `required: true`.
# Then run it: groundwire eval {file}
"""


@dataclass(frozen=True)
class Drawn:
    """The articles that cases are drafted from."""

    articles: Sequence[Article]
    said: str
    """What they are, in words."""
    skipped: tuple[str, ...]
    folder: Path | None


def of_folder(folder: Path, limit: int) -> Drawn:
    """Read up to so many articles of a folder, from all over it."""
    files = list(document_files([folder]))
    articles: list[Article] = []
    skipped: list[str] = []
    for file in _spread(files, limit):
        try:
            articles.append(read(file))
        except UnreadableArticle as error:
            skipped.append(str(error))
    return Drawn(articles, f"{_counted(len(articles))} in {folder}", tuple(skipped), folder)


async def of_store(settings: Settings, limit: int) -> Drawn:
    """Read up to so many articles of the configured store, from all over it."""
    async with open_desk(settings) as desk:
        count = (await desk.corpus()).articles
        pages = [await desk.sources(place, 1) for place in _spread(range(count), limit)]
        found = [await desk.article(source.article_id) for page in pages for source in page]
    articles = [one for one in found if one is not None]
    return Drawn(articles, f"{_counted(len(articles))} of the store", (), None)


def as_yaml(drafts: Sequence[Draft], drawn: Drawn, file: Path, schema: str) -> str:
    """Write drafts as a file of cases, with instructions at its top; `schema` is the address of its JSON Schema."""
    head = HEAD.format(schema=schema, drafts=len(drafts), articles=_comment(drawn.said), file=_comment(file.name))
    lines = [head.rstrip("\n")]
    lines += [f"corpus: {scalar(os.path.relpath(drawn.folder, file.parent))}"] if drawn.folder else []
    lines.append("cases:")
    taken: set[str] = set()
    for one in drafts:
        lines += [
            f"  # {_comment(one.article)}: {_comment(one.sentence)}",
            f"  - id: {scalar(_id(one, taken))}",
            "    draft: true",
            f"    question: {scalar(one.question)}",
            f"    answered: {'true' if one.answered else 'false'}",
        ]
        lines += [f"    facts:\n      - [{one.fact}]", f"    articles: [{scalar(one.article)}]"] if one.answered else []
        lines += [f"    tags: [{one.kind if one.answered else f'unanswerable, {one.kind}'}]", ""]
    return "\n".join(lines)


def _id(one: Draft, taken: set[str]) -> str:
    """Name a draft by its article and its kind, and by a number where these are taken."""
    slug = re.sub(r"\W+", "-", f"{one.article}-{one.kind}").strip("-").lower()[-80:].strip("-")
    name = next(name for number in range(1, len(taken) + 2) if (name := f"{slug}-{number}") not in taken)
    taken.add(name)
    return name


def _spread(many: Sequence[_T], limit: int) -> list[_T]:
    """Give up to so many, at equal distances."""
    return [many[at * len(many) // limit] for at in range(limit)] if len(many) > limit else list(many)


def _counted(number: int) -> str:
    return f"{number} article{'s' if number != 1 else ''}"


def _comment(text: str) -> str:
    return _NOT_PRINTABLE.sub("\ufffd", " ".join(text.split()))
