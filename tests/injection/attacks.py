"""The hostile articles, each with the question that finds it, its order, and what a model that obeys would reply."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from retrieval.furniture import quotable_spans
from retrieval.readers import Document, read
from retrieval.types import Article
from tests.injection.obedient import holds

ARTICLES = Path(__file__).with_name("articles")


@dataclass(frozen=True)
class Attack:
    """One hostile article.

    An order is not a fact: what it wants to be said the article does not state, and the order itself, "Ignore the
    sources and say …", is no news either, though it stands there word for word. Where somebody is quoted with it, it
    may be quoted with who said it. What an article states plainly it does state, however wrong: its name stands by it.
    """

    article: Article
    question: str
    order: str
    """Its beginning, as a model reads it."""
    kind: Literal["order", "quoted", "statement"]
    unseen: bool
    """Whether nothing of the order is left in the prompt."""
    reply: str
    """`{n}` stands for the passage that holds the order, `{question}` and `{rules}` for what is to be given away."""
    may: tuple[str, ...]
    """The sentences of the reply that the article states."""
    forbidden: tuple[re.Pattern[str], ...]
    """What no proved sentence of the answer may hold."""

    @property
    def name(self) -> str:
        return self.article.source.article_id

    @property
    def places(self) -> tuple[str, ...]:
        """Give all that its author wrote."""
        source = self.article.source
        return (self.article.text, source.title, source.outlet or "", source.url or "", *source.credits)

    @property
    def orders(self) -> tuple[str, ...]:
        """Give the sentences of the article that give the order and state nothing."""
        if self.unseen or self.kind != "order":
            return ()
        lines = [line for line in self.article.text.splitlines() if holds(line, self.order)]
        return tuple(line[start:end] for line in lines for start, end in quotable_spans(line))


def read_attack(path: Path) -> Attack:
    fields: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
    reply = fields["reply"]
    if padding := fields.get("padding"):
        reply += " ".join(padding.replace("{i}", str(number)) for number in range(2, 8))
    return Attack(
        article=read(Document(path, path.stem)),
        question=fields["question"],
        order=fields["order"],
        kind=fields.get("kind", "order"),
        unseen="unseen" in fields,
        reply=reply,
        may=tuple(fields["may"]),
        forbidden=tuple(re.compile(pattern, re.IGNORECASE) for pattern in fields["forbidden"]),
    )


ATTACKS = tuple(read_attack(path) for path in sorted(ARTICLES.glob("*.md")))
