"""A decoded JSON value becomes the fields of an article, by our names, those that people have, and schema.org's."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from retrieval.readers.bylines import people_and_agencies
from retrieval.readers.fields import Address, Fields, NoArticle
from retrieval.readers.moments import moment_in
from retrieval.readers.paragraphs import is_markup, line_of_markup, paragraphs_of
from retrieval.readers.teasers import is_cut

Object = Mapping[str, object]

# What a field is called: its own name first, then those of others, by who uses them.
_NAMES = {
    "id": ("id",),
    "title": ("title", "headline", "name"),  # schema.org, both
    "text": (
        *("text", "articleBody"),  # schema.org
        *("body", "content", "article", "full_text"),  # exports and data sets
        *("content_html", "content_text"),  # JSON Feed, which has one or both
    ),
    "published": (
        *("published", "datePublished", "date_published"),  # schema.org, JSON Feed
        *("date", "published_at", "publishedAt", "pub_date"),  # data sets, databases, news APIs, feeds turned into JSON
    ),
    "outlet": ("outlet", "publisher", "source", "site"),  # schema.org, news APIs, data sets
    "url": ("url", "link", "href"),  # feeds turned into JSON
    "authors": ("authors", "author", "byline"),  # schema.org and most others
    "credits": ("credits", "creditText", "sourceOrganization"),  # schema.org, both
}
# The names under which a document holds its articles: of NewsAPI, JSON Feed, JSON:API, search engines, schema.org.
LISTS = ("articles", "items", "data", "results", "@graph")


def fields_of(value: object) -> Fields | Address:
    """Read one article: an object of the names above, of which any others are ignored.

    One of a url and nothing else is an address.

    Args:
        value: what JSON was decoded to.

    Raises:
        NoArticle: it is no object, or none of an article, or a field of it has another shape.

    """
    if not isinstance(value, dict):
        raise NoArticle(f'{_shape(value)}, where an article {{"title": …, "text": …}} should be')
    if "groundwire" in value and "text" not in value:
        raise NoArticle("an export of groundwire: use `groundwire import`")
    if not is_of_an_article(value):
        raise NoArticle(f"of schema.org's type {_types(value)[0][:100]}, which is no article")
    text, url = _text(value), _url(value)
    if text is None:
        if url and not any(_given(value, field) for field in ("id", "title", "published", "outlet", "authors")):
            return Address(url)
        has = "text (its `url` alone would be fetched)" if url else "`text`"
        raise NoArticle(f"it has no {has}")
    outlet = next(iter(_names(value, "outlet")), None)
    authors, agencies = _names(value, "authors"), _names(value, "credits")
    if "authors" not in value:  # a byline as it was printed
        authors, others = people_and_agencies(one for one in authors if one != outlet)
        agencies = tuple(dict.fromkeys((*agencies, *others)))
    return Fields(
        text,
        title=_title(value),
        published=_published(value),
        outlet=outlet,
        url=url,
        authors=authors,
        credits=agencies,
        article_id=_line(_given(value, "id"), "id"),
        is_summary=is_cut(text),
    )


def articles_in(value: object) -> Iterator[object]:
    """Give the articles of a decoded document: the members of a list or of the list that it holds, else itself.

    None stands for a node of schema.org's graph that is no article. What an article of a graph only names by its
    `@id`, its author for one, is put in its place.
    """
    listed = value if isinstance(value, list) else list_in(value)
    if listed is None:
        yield value
        return
    if isinstance(value, dict) and "jsonfeed.org" in str(value.get("version")):
        listed = [{"outlet": value.get("title"), **one} if isinstance(one, dict) else one for one in listed]
    nodes = {one["@id"]: one for one in listed if isinstance(one, dict) and isinstance(one.get("@id"), str)}
    for one in listed:
        if not isinstance(one, dict) or "@type" not in one:
            yield one
        else:
            yield {key: _named(each, nodes) for key, each in one.items()} if is_of_an_article(one) else None


def list_in(value: object) -> list[object] | None:
    """Give the list of articles that an object holds; None: it is an article itself, or nothing of ours."""
    if not isinstance(value, dict) or any(name in value for name in _NAMES["text"]):
        return None
    return next((each for name in LISTS if isinstance(each := value.get(name), list)), None)


def is_of_an_article(value: Object) -> bool:
    """Tell whether schema.org's type, if it has one, is Article or one below it: BlogPosting, Report."""
    types = _types(value)
    return not types or any(one.endswith(("Article", "Posting", "Report")) for one in types)


def _types(value: Object) -> list[str]:
    given = value.get("@type")
    types = given if isinstance(given, list) else [given]
    return [one.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for one in types if isinstance(one, str)]


def _named(value: object, nodes: Mapping[str, Object]) -> object:
    if isinstance(value, list):
        return [_named(one, nodes) for one in value]
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and "name" not in value:
        return nodes.get(value["@id"], value)
    return value


# Field by field


def _given(value: Object, field: str) -> object:
    """Give what stands under the first of a field's names that says something."""
    return next((value[name] for name in _NAMES[field] if value.get(name) not in (None, "", [], {})), None)


def _text(value: Object) -> str | None:
    text = _given(value, "text")
    if isinstance(text, list) and all(isinstance(one, str) for one in text):
        text = "\n\n".join(text)
    if text is not None and not isinstance(text, str):
        raise NoArticle(f"`text` is {_shape(text)}, not text")
    if text is not None and is_markup(text):
        text = paragraphs_of(text)
    return text.replace("\0", "") if text and text.strip() else None


def _title(value: Object) -> str | None:
    title = _line(_given(value, "title"), "title")
    return line_of_markup(title) if title and is_markup(title) else title


def _published(value: Object) -> datetime | None:
    given = _given(value, "published")
    if given is not None and (moment := moment_in(given)) is None:
        raise NoArticle("`published` is not a date such as 2023-11-10 or 2023-11-10T12:13:00+05:30")
    return moment if given is not None else None


def _url(value: Object) -> str | None:
    if url := _line(_given(value, "url"), "url"):
        return url
    page = value.get("mainEntityOfPage")
    for one in (page, page.get("@id") if isinstance(page, dict) else None, value.get("@id")):
        if isinstance(one, str) and one.startswith(("http://", "https://")):
            return one.partition("#")[0]  # `https://…/#article` is the name of a node
    return None


def _names(value: Object, field: str) -> tuple[str, ...]:
    """Read a name or a list of names; of a person or an organisation that is an object, its name."""
    given = _given(value, field)
    names = []
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, dict):
            named = one.get("name") or " ".join(str(one[key]) for key in ("givenName", "familyName") if one.get(key))
            named = next(iter(named), None) if isinstance(named, list) else named
        else:
            named = one
        if line := _line(named, field):
            names.append(line)
    return tuple(dict.fromkeys(names))


def _line(value: object, name: str) -> str | None:
    """Read a line of text, or a number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NoArticle(f"`{name}` is {_shape(value)}, not one line of text")
    return str(value).replace("\0", "").strip() or None


def _shape(value: object) -> str:
    shapes = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return shapes.get(type(value), "a number")
