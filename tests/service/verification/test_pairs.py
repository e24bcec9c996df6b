"""Pairs of a sentence and an article, written by someone who had not read the rules: how many are judged right."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrieval.passages import split
from retrieval.readers import document_files, read
from retrieval.types import Article, Hit, make_article
from service.evidence import gather
from service.verification.proving import Verdict, prove

HERE = Path(__file__).parent
SEEDS = HERE.parents[2] / "seeds" / "articles"
FILES = sorted(HERE.glob("pairs*.yaml"))
# What the check still gets wrong, by file: how many false ones are let through, and supported ones refused. All should
# be 0: lower them, never raise them.
MOST = {
    "pairs": (0, 1),
    "pairs-b": (4, 6),
    "pairs-c": (1, 3),
    # Held out: the rules were never made better on these.
    "pairs-d": (8, 14),
}

Pairs = tuple[dict[str, Article], list[dict[str, Any]]]


def pairs(file: Path) -> Pairs:
    """Read the articles of a file and of the seeds, and its pairs."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    articles = {seed.article_id: read(seed) for seed in document_files([SEEDS])}
    for one in content["articles"]:
        day = date.fromisoformat(str(one["published"]))
        articles[one["id"]] = make_article(
            article_id=one["id"],
            title=one["title"],
            text=one["text"],
            outlet=one["outlet"],
            published=datetime(day.year, day.month, day.day, tzinfo=UTC),
        )
    return articles, content["pairs"]


def judged(pair: dict[str, Any], articles: dict[str, Article]) -> Verdict:
    """Prove the sentence by its whole article, or by the quote alone where the pair gives one."""
    article = articles[pair["article"]]
    if "quote" in pair:
        assert pair["quote"] in article.text
        source = article.source
        article = make_article(
            article_id=source.article_id,
            title=source.title,
            text=pair["quote"],
            outlet=source.outlet,
            published=source.published,
            credits=source.credits,
        )
    hits = [Hit(passage=passage, relevance=0.5) for passage in split(article)]
    found = gather(hits, {article.source.article_id: article})
    return prove(pair["sentence"], range(len(hits)), found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_of_the_pairs_hardly_a_false_one_is_let_through_and_few_supported_ones_are_refused(file: Path) -> None:
    articles, listed = pairs(file)
    through = [one["sentence"] for one in listed if not one["supported"] and judged(one, articles).supported]
    refused = [one["sentence"] for one in listed if one["supported"] and not judged(one, articles).supported]
    most_through, most_refused = MOST[file.stem]
    assert len(through) <= most_through, through
    assert len(refused) <= most_refused, refused


def test_half_of_the_pairs_are_supported_and_half_are_false() -> None:
    for file in FILES:
        _, listed = pairs(file)
        assert len(listed) >= 72
        assert 2 * sum(one["supported"] for one in listed) == len(listed)
