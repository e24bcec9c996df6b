"""A file becomes an Article: Markdown with front matter, and plain text."""

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from retrieval.errors import UnreadableArticle
from retrieval.types import Article, make_article

SUFFIXES = (".md", ".markdown", ".txt")
LONGEST_FILE = 20_000_000  # bytes
LONGEST_FIELD = 1000  # characters of an id, a title, an outlet, an address or a credit
_DATE_LINE = re.compile(
    r"date[:\s]\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:?\d\d)?)?\b[^\S\r\n]*(.*)", re.IGNORECASE
)
_FIRST_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)(.*)", re.DOTALL)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_LONGEST_TITLE = 200  # characters; a first line longer than that is body


@dataclass(frozen=True)
class ArticleFile:
    """A file to read, and the id that its article gets unless the front matter names one."""

    path: Path
    article_id: str


def article_files(paths: list[Path]) -> Iterator[ArticleFile]:
    """Name every file below the given files and folders, in a fixed order; hidden ones are left out."""
    for path in paths:
        if not _is_folder(path):
            yield ArticleFile(path, path.stem)
            continue
        for found in sorted(path.rglob("*")):
            relative = found.relative_to(path)
            if found.is_file() and not any(part.startswith(".") for part in relative.parts):
                yield ArticleFile(found, relative.with_suffix("").as_posix())


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # reading it will say why


def read(file: ArticleFile) -> Article:
    """Read one file.

    Raises:
        UnreadableArticle: it is of another kind, empty, binary, not UTF-8, too large, or its front matter is wrong.

    """
    name = str(file.path)
    if file.path.suffix.lower() not in SUFFIXES and os.path.lexists(file.path):
        kind = file.path.suffix or "no suffix"
        raise UnreadableArticle(name, f"not an article: {kind} is none of {', '.join(SUFFIXES)}")
    text = _decoded(file.path)
    if file.path.suffix.lower() == ".txt":
        return _plain_text(file, text)
    return _markdown(file, text)


def _decoded(path: Path) -> str:
    name = str(path)
    try:
        size = path.stat().st_size
        if size > LONGEST_FILE:
            raise UnreadableArticle(name, f"{size:,} bytes is over the limit of {LONGEST_FILE:,}")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableArticle(name, f"cannot be read: {error.strerror or error}") from error
    if b"\0" in data:
        raise UnreadableArticle(name, "binary: it holds NUL bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableArticle(name, f"not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if not text.strip():
        raise UnreadableArticle(name, "empty")
    return text


def _plain_text(file: ArticleFile, text: str) -> Article:
    """Read plain text; a first line `date 2023-11-10 …` is the date, and the title if it goes on."""
    published = None
    title = ""
    first, rest = _FIRST_LINE.fullmatch(text).groups()  # type: ignore[union-attr]  # every text has a first line
    if found := _DATE_LINE.fullmatch(first):
        day, clock, zone, words = found.groups()
        published = _moment(file, f"{day}T{clock or '00:00'}{zone or ''}")
        if len(words) > _LONGEST_TITLE:
            rest = f"{words}\n{rest}"
        else:
            title = words.strip()
        text = rest
    return _article(file, text, title=title or _first_line(text) or file.path.stem, published=published)


def _markdown(file: ArticleFile, text: str) -> Article:
    name = str(file.path)
    if not re.match(r"---[ \t]*\r?\n", text):
        return _article(file, text, title=_first_line(text) or file.path.stem)
    found = _FRONT_MATTER.match(text)
    if not found:
        raise UnreadableArticle(name, "its front matter begins with --- and has no closing ---")
    try:
        fields = yaml.safe_load(found.group(1)) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise UnreadableArticle(name, f"its front matter is not YAML: {problem}") from error
    if not isinstance(fields, dict):
        raise UnreadableArticle(name, "its front matter is not a list of `name: value` lines")
    body = text[found.end() :]
    credited = fields.get("credits") or []
    if not isinstance(credited, list):
        credited = [credited]
    if any(isinstance(one, dict | list) for one in credited):
        raise UnreadableArticle(name, "`credits` is neither a name nor a list of names")
    return _article(
        file,
        body,
        title=_string(file, fields, "title") or _first_line(body) or file.path.stem,
        published=_moment(file, fields.get("published")),
        article_id=_string(file, fields, "id"),
        outlet=_string(file, fields, "outlet"),
        url=_string(file, fields, "url"),
        credited=[name for one in credited if one is not None and (name := str(one).strip())],
    )


def problem_of_id(article_id: str) -> str | None:
    """Say why an id cannot be one: each must be able to end the path of a URL."""
    if any(unicodedata.category(character) == "Cc" for character in article_id):
        return "holds a control character"
    if article_id in {".", ".."}:
        return "is a step of a path"  # which HTTP clients take before they send it
    return _problem_of_field(article_id)


def _problem_of_field(value: str) -> str | None:
    if not value.strip():
        return "holds no words"
    if len(value) > LONGEST_FIELD:
        return f"is longer than {LONGEST_FIELD:,} characters"
    return "holds a NUL character" if "\0" in value else None


def _article(  # noqa: PLR0913 - one parameter for each field that a file can give
    file: ArticleFile,
    text: str,
    *,
    title: str,
    published: datetime | None = None,
    article_id: str | None = None,
    outlet: str | None = None,
    url: str | None = None,
    credited: list[str] | None = None,
) -> Article:
    name = str(file.path)
    if not text.strip():
        raise UnreadableArticle(name, "empty: it has no text below its date or front matter")
    article = make_article(
        article_id=article_id or file.article_id,
        title=title,
        text=text,
        outlet=outlet,
        url=url,
        published=published,
        credits=credited or (),
    )
    source = article.source
    if problem := problem_of_id(source.article_id):
        raise UnreadableArticle(name, f"its id {problem}")
    fields = [("title", source.title), ("outlet", source.outlet), ("url", source.url)]
    for field, value in [*fields, *(("credits", one) for one in source.credits)]:
        if value is not None and (problem := _problem_of_field(value)):
            raise UnreadableArticle(name, f"`{field}` {problem}")
    return article


def _string(file: ArticleFile, fields: dict[object, object], key: str) -> str | None:
    value = fields.get(key)
    if isinstance(value, dict | list | set):
        raise UnreadableArticle(str(file.path), f"`{key}` is not one line of text")
    return str(value).strip() or None if value is not None else None


def _first_line(text: str) -> str:
    """Give the first line that has words, without Markdown's `#`, cut to the length of a title."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.strip().lstrip("#").strip()[:_LONGEST_TITLE]


def _moment(file: ArticleFile, value: object) -> datetime | None:
    """Read a date (00:00 UTC) or a moment (UTC unless it says otherwise)."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise UnreadableArticle(
            str(file.path), "`published` is not a date such as 2023-11-10 or 2023-11-10T12:13:00+05:30"
        )
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise UnreadableArticle(str(file.path), "`published` is no moment of the years 1 to 9999") from error
    return value
