"""How much of saved pages the reader gets right: title, date, body, outlet, authors.

    python benchmarks/pages.py FOLDER [--show]

FOLDER holds NAME.html with NAME.yaml beside it: title, published, outlet, authors, credits, paragraphs (the body, one
after another), not (what must not be in it), standfirst and optional (what may be in it), url (its own), fetched (where
it was); or refused (why it holds no article). title_also, published_also and outlet_also are other readings.
"""

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

import yaml

from retrieval.readers.fields import Fields, Hints, NoArticle
from retrieval.readers.html import html

SENTENCE = 30  # characters of what must not be in a body within a line, where shorter things may be by chance; chosen
COVERED = (
    0.95  # of the words of the body, read and expected, so that a line at an edge may be judged either way; chosen
)


@dataclass(frozen=True)
class Verdict:
    """What is right of one page; what it does not say itself is not judged."""

    right: dict[str, bool]
    found: Fields | NoArticle

    @property
    def wrong(self) -> list[str]:
        """Give the names of what is not right."""
        return [name for name, is_right in self.right.items() if not is_right]


def judged(page: Path) -> Verdict:
    """Read a page and compare it with what is beside it."""
    expected = yaml.safe_load(page.with_suffix(".yaml").read_text(encoding="utf-8"))
    hints = Hints(url=expected.get("fetched") or None)
    try:
        found = html(page.read_bytes(), hints)[0]
    except NoArticle as reason:
        return Verdict({"article": is_refused(expected)}, reason)
    if is_refused(expected):
        return Verdict({"article": False}, found)
    right = {
        "article": True,
        "title": any(same(found.title, one) for one in readings("title", expected)),
        "date": any(is_date(found.published, one) for one in readings("published", expected)),
    }
    right["body"] = is_body(found.text, expected)
    for name in ("outlet", "url"):
        if expected.get(name):
            right[name] = any(same(getattr(found, name), one) for one in readings(name, expected))
    for name in ("authors", "credits"):
        if expected.get(name) is not None:
            right[name] = {one.casefold() for one in getattr(found, name)} == {one.casefold() for one in expected[name]}
    return Verdict(right, found)


def readings(name: str, expected: dict[str, Any]) -> list[Any]:
    """Give what a field may be read as: what is expected, and what else an editor could defend."""
    also = expected.get(f"{name}_also") or []
    return [expected.get(name), *(also if isinstance(also, list) else [also])]


def is_refused(expected: dict[str, Any]) -> bool:
    """Tell whether a page is expected to hold no article."""
    return bool(expected.get("refused")) or not expected.get("paragraphs")


def same(one: str | None, other: str | None) -> bool:
    """Tell whether two lines are the same but for spaces and the shape of quotation marks."""
    return plain(one or "").casefold() == plain(other or "").casefold()


def plain(text: str) -> str:
    """Give a text with plain quotation marks and single spaces."""
    return " ".join(re.sub("[“”„«»]", '"', re.sub("[‘’]", "'", text)).split())


def is_date(found: datetime | None, expected: object) -> bool:
    """Tell whether a date is right: to the second where its zone is known, else the day as it is there."""
    if isinstance(expected, str):
        expected = (
            datetime.fromisoformat(expected) if len(expected) > len("2023-11-10") else date.fromisoformat(expected)
        )
    if not expected or not found:
        return not expected and not found
    if isinstance(expected, datetime) and expected.tzinfo:
        return abs((found - expected).total_seconds()) < 1
    return isinstance(expected, date) and found.date() == date(expected.year, expected.month, expected.day)


def is_body(found: str, expected: dict[str, Any]) -> bool:
    """Tell whether a body holds the paragraphs and little else, none of what is unwanted, and each of them exactly."""
    paragraphs = [one.replace(" | ", " ") for one in expected["paragraphs"]]
    found = found.replace(" | ", " ")
    lines = {" ".join(one.split()) for one in found.split("\n")}
    whole = " ".join(found.split())
    # A few words in a line of its own, or a sentence.
    if any(
        one in lines or (len(one) > SENTENCE and one in whole)
        for one in (" ".join(one.split()) for one in expected.get("not") or [])
    ):
        return False
    allowed = Counter(plain(" ".join([*(expected.get("optional") or []), expected.get("standfirst") or ""])).split())
    read, wanted = Counter(plain(found).split()), Counter(plain(" ".join(paragraphs)).split())
    common = (read & wanted).total()
    exact = sum(" ".join(one.split()) in whole for one in paragraphs)
    beside = ((read - wanted) & allowed).total()
    return (
        common >= COVERED * wanted.total()
        and common + beside >= COVERED * read.total()
        and exact >= COVERED * len(paragraphs)
    )


def show(page: Path, verdict: Verdict) -> None:
    """Print what is wrong with a page."""
    expected = yaml.safe_load(page.with_suffix(".yaml").read_text(encoding="utf-8"))
    found = verdict.found
    if isinstance(found, NoArticle):
        print(f"    refused: {found}")
        return
    for name in verdict.wrong:
        if name == "article":
            print(f"    read: {found.title!r} {found.text[:300]!r}")
        elif name == "body":
            lines = unified_diff(
                expected["paragraphs"], [one for one in found.text.split("\n") if one], lineterm="", n=0
            )
            print("\n".join(f"    {one}" for one in list(lines)[2:]))
        else:
            key = "published" if name == "date" else name
            print(f"    {name}: {getattr(found, key)!r}, not {expected.get(key)!r}")


def main() -> None:
    """Judge the pages of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="what is wrong with each")
    options = parser.parse_args()
    pages = sorted(options.folder.glob("*.html"))
    if not pages:
        sys.exit(f"no NAME.html in {options.folder}")
    html(
        b"<h1>First</h1><p>What a reader loads is loaded with the first page. This is it. It says no more.</p>", Hints()
    )
    right, judgements = Counter[str](), Counter[str]()
    all_right, seconds = 0, 0.0
    for page in pages:
        started = time.perf_counter()
        verdict = judged(page)
        seconds += time.perf_counter() - started
        for name, is_right in verdict.right.items():
            right[name] += is_right
            judgements[name] += 1
        all_right += all(verdict.right.get(name, True) for name in ("article", "title", "date", "body"))
        if verdict.wrong:
            print(f"{page.stem}: {', '.join(verdict.wrong)}")
            if options.show:
                show(page, verdict)
    for name, count in judgements.items():
        print(f"{name:8} {right[name]:3} of {count:3}  {right[name] / count:.1%}")
    print(
        f"title, date and body right, or refused as is right: {all_right} of {len(pages)}, {all_right / len(pages):.1%}"
    )
    print(f"{1000 * seconds / len(pages):.0f} ms a page")


if __name__ == "__main__":
    main()
