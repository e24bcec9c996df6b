"""JSON, JSON lines and schema.org become articles, each or a reason; files of any size in the memory of one."""

import gzip
import json
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import UnreadableArticle
from retrieval.readers import LONGEST_FILE, Address, Document, articles_of
from retrieval.readers.fields import Fields, NoArticle
from retrieval.readers.json_documents import MOST_BRACKETS
from retrieval.readers.json_pieces import pieces
from retrieval.readers.structured import fields_of
from retrieval.types import Article

WORDS = "India plans to buy 31 drones."
NOON = datetime(2023, 11, 10, 12, 13, tzinfo=UTC)
IN_INDIA = NOON - timedelta(hours=5, minutes=30)
LD = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Drones", "articleBody": WORDS}


def read(data: object, name: str = "a.json", url: str | None = None) -> dict[str, Any]:
    """Give what a document holds, by name: an article, an address, or the reason why it is neither."""
    if not isinstance(data, bytes | str):
        data = json.dumps(data)
    content = data.encode() if isinstance(data, str) else data
    return {
        called: found.reason if isinstance(found, UnreadableArticle) else found
        for called, found in articles_of(Document(content, "the/path", label=name, url=url))
    }


def texts(data: object, name: str = "a.json") -> list[str]:
    """Give the texts of the articles, and the reasons of those that are none."""
    return [found.text if isinstance(found, Article) else str(found) for found in read(data, name).values()]


def fields(value: object) -> Fields:
    found = fields_of(value)
    assert isinstance(found, Fields)
    return found


def refused(value: object) -> str:
    with pytest.raises(NoArticle) as raised:
        fields_of(value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
    return str(raised.value)


# What an object says


def test_an_article_says_every_field_by_our_names() -> None:
    article = {
        "id": 24,
        "title": "India buys drones",
        "text": WORDS,
        "published": "2023-11-10T12:13:00+05:30",
        "outlet": "The Desk",
        "url": "https://desk.example/drones",
        "authors": ["Ann Lee", "News Desk"],
        "credits": ["PTI"],
        "tags": [{"a": "b"}],
    }

    assert fields(article) == Fields(
        WORDS,
        title="India buys drones",
        published=IN_INDIA,
        outlet="The Desk",
        url="https://desk.example/drones",
        authors=("Ann Lee", "News Desk"),
        credits=("PTI",),
        article_id="24",
    )


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"body": WORDS}, "text", WORDS),
        ({"content": WORDS}, "text", WORDS),
        ({"article": WORDS}, "text", WORDS),
        ({"full_text": WORDS}, "text", WORDS),
        ({"text": WORDS, "content": "another"}, "text", WORDS),
        ({"text": "", "content": WORDS}, "text", WORDS),
        ({"text": ["One.", "Two."]}, "text", "One.\n\nTwo."),
        ({"text": "a < b, <i> is no markup\n\n  kept"}, "text", "a < b, <i> is no markup\n\n  kept"),
        ({"content": "<p>One &amp; two.</p><p>Three.</p>"}, "text", "One & two.\n\nThree."),
        ({"content": "One.<br><br>Two.<br/>Three."}, "text", "One.\n\nTwo.\nThree."),
        ({"text": WORDS, "headline": "A"}, "title", "A"),
        ({"text": WORDS, "headline": "A", "title": "B"}, "title", "B"),
        ({"text": WORDS, "title": 1984}, "title", "1984"),
        ({"text": WORDS, "title": " A "}, "title", "A"),
        ({"text": WORDS, "title": "<b>A</b> &amp; <i>B</i>"}, "title", "A & B"),
        ({"text": WORDS, "title": None}, "title", None),
        ({"text": WORDS, "source": "The Desk"}, "outlet", "The Desk"),
        ({"text": WORDS, "source": {"id": None, "name": "The Desk"}}, "outlet", "The Desk"),
        ({"text": WORDS, "publisher": {"name": "The Desk"}}, "outlet", "The Desk"),
        ({"text": WORDS, "site": "The Desk"}, "outlet", "The Desk"),
        ({"text": WORDS, "link": "https://a.example/b"}, "url", "https://a.example/b"),
        ({"text": WORDS, "href": "https://a.example/b"}, "url", "https://a.example/b"),
        ({"text": WORDS, "author": "By Ann Lee"}, "authors", ("Ann Lee",)),
        ({"text": WORDS, "byline": "Ann Lee"}, "authors", ("Ann Lee",)),
        ({"text": WORDS, "author": ["Ann Lee", {"name": "Bo Ek"}, None]}, "authors", ("Ann Lee", "Bo Ek")),
        ({"text": WORDS, "author": "admin"}, "authors", ()),
        ({"text": WORDS, "author": "Press Trust of India"}, "credits", ("PTI",)),
        ({"text": WORDS, "author": "The Desk", "outlet": "The Desk"}, "authors", ()),
        ({"text": WORDS, "credits": "PTI"}, "credits", ("PTI",)),
        ({"text": WORDS, "id": "a/b"}, "article_id", "a/b"),
        ({"text": WORDS, "id": 0}, "article_id", "0"),
        ({"text": WORDS, "id": ""}, "article_id", None),
        ({"text": "It goes on… [+3100 chars]"}, "is_summary", True),
        ({"text": WORDS}, "is_summary", False),
    ],
)
def test_other_names_and_shapes_are_known(given: object, field: str, expected: object) -> None:
    assert getattr(fields(given), field) == expected


@pytest.mark.parametrize("name", ["published", "date", "published_at", "publishedAt", "pub_date", "datePublished"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2023-11-10", NOON.replace(hour=0, minute=0)),
        ("2023-11-10 12:13:00", NOON),
        ("2023-11-10T12:13:00Z", NOON),
        ("2023-11-10T12:13:00.000+0530", IN_INDIA),
        ("2023-11-10 12:13:00 +0530", IN_INDIA),
        ("2023-11-10 12:13:00 IST", IN_INDIA),
        ("2023-11-10 12:13:00 UTC", NOON),
        ("Fri, 10 Nov 2023 12:13:00 GMT", NOON),
        ("Fri, 10 Nov 2023 12:13:00 +05:30", IN_INDIA),
        ("Fri, 10 Nov 2023 12:13:00 IST", IN_INDIA),
        ("Fri, 10 Nov 2023 07:13:00 EST", NOON),
        ("Friday, 10-Nov-23 12:13:00 GMT", NOON),
        ("November 10, 2023 12:13 PM", NOON),
        ("10 November 2023", NOON.replace(hour=0, minute=0)),
        ("Nov. 10th, 2023", NOON.replace(hour=0, minute=0)),
        ("Fri, 10 Nov 2023 12:13:00 QQT", NOON.replace(hour=0, minute=0)),  # an unknown zone: the day alone
        (1699618380, NOON),
        (1699618380.0, NOON),
        (1699618380000, NOON),
        ("1699618380", NOON),
        (None, None),
        ("", None),
    ],
)
def test_a_date_is_read_as_people_and_machines_write_it(name: str, given: object, expected: datetime | None) -> None:
    assert fields({"text": WORDS, name: given}).published == expected


@pytest.mark.parametrize(
    "given", ["yesterday", "10/11/2023", "2023-13-45", "31 Feb 2023", 20231110, 0, -1, 1e30, True, [], {"a": 1}, "2023"]
)
def test_what_is_no_date_is_refused_or_nothing(given: object) -> None:
    if given == []:
        assert fields({"text": WORDS, "published": given}).published is None
    else:
        assert "`published` is not a date" in refused({"text": WORDS, "published": given})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "null, where an article"),
        (24, "a number, where an article"),
        ("words", "text, where an article"),
        ([WORDS], "a list, where an article"),
        ({}, "no `text`"),
        ({"title": "A"}, "no `text`"),
        ({"text": " \n"}, "no `text`"),
        ({"content": "<p> </p><script>x()</script>"}, "no `text`"),
        ({"text": {"a": 1}}, "`text` is an object"),
        ({"text": 24}, "`text` is a number"),
        ({"text": [WORDS, 1]}, "`text` is a list"),
        ({"text": WORDS, "title": ["A"]}, "`title` is a list"),
        ({"text": WORDS, "id": True}, "`id` is true or false"),
        ({"text": WORDS, "id": {"$oid": 1}}, "`id` is an object"),
        ({"text": WORDS, "url": ["https://a.example"]}, "`url` is a list"),
        ({"text": WORDS, "authors": [["Ann"]]}, "`authors` is a list"),
        ({"url": "https://a.example/b", "title": "A"}, "`url` alone would be fetched"),
        ({"groundwire": 1, "articles": 3}, "groundwire import"),
    ],
)
def test_what_is_no_article_says_why(given: object, reason: str) -> None:
    assert reason in refused(given)


@pytest.mark.parametrize("given", [{"url": "https://a.example/b"}, {"link": "https://a.example/b", "tags": ["x"]}])
def test_a_url_and_nothing_else_is_an_address(given: object) -> None:
    assert fields_of(given) == Address("https://a.example/b")


# schema.org


def test_a_news_article_of_schema_org_is_read() -> None:
    found = fields(
        LD
        | {
            "mainEntityOfPage": {"@type": "WebPage", "@id": "https://desk.example/drones"},
            "datePublished": "2023-11-10T12:13:00+05:30",
            "dateModified": "2024-01-01",
            "author": [{"@type": "Person", "name": "Ann Lee"}, {"@type": "Organization", "name": "Reuters"}],
            "publisher": {"@type": "NewsMediaOrganization", "name": "The Desk", "logo": {"@type": "ImageObject"}},
            "sourceOrganization": {"@type": "Organization", "name": "PTI"},
        }
    )

    assert found == Fields(
        WORDS,
        title="Drones",
        published=IN_INDIA,
        outlet="The Desk",
        url="https://desk.example/drones",
        authors=("Ann Lee",),
        credits=("PTI", "Reuters"),
    )


@pytest.mark.parametrize(
    "kind",
    [
        "Article",
        "NewsArticle",
        "ReportageNewsArticle",
        "OpinionNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "Report",
        "https://schema.org/NewsArticle",
        "schema:NewsArticle",
        ["WebPage", "NewsArticle"],
    ],
)
def test_every_kind_of_article_is_one(kind: object) -> None:
    assert fields(LD | {"@type": kind}).text == WORDS


@pytest.mark.parametrize("kind", ["WebPage", "https://schema.org/Product", ["Person", "Organization"]])
def test_another_thing_of_schema_org_is_no_article(kind: object) -> None:
    assert "which is no article" in refused(LD | {"@type": kind})


def test_a_graph_gives_its_articles_with_what_they_name_elsewhere_in_it() -> None:
    graph = {
        "@graph": [
            {"@type": "WebPage", "@id": "https://desk.example/a"},
            LD | {"@id": "https://desk.example/a#article", "author": {"@id": "#ann"}, "publisher": {"@id": "#desk"}},
            {"@type": "Person", "@id": "#ann", "name": "Ann Lee"},
            {"@type": "Organization", "@id": "#desk", "name": "The Desk"},
        ]
    }

    [(name, found)] = read(graph).items()

    assert name == "a.json#2"
    assert found.source.authors == ("Ann Lee",)
    assert found.source.outlet == "The Desk"
    assert found.source.url == "https://desk.example/a"
    assert found.source.article_id == "desk.example/a"


def test_names_in_parts_are_put_together() -> None:
    author = {"@type": "Person", "givenName": "Ann", "familyName": "Lee"}

    assert fields(LD | {"author": author}).authors == ("Ann Lee",)


# Documents of JSON


def test_an_object_is_the_article_of_its_file() -> None:
    [found] = read({"title": "A", "text": WORDS}).values()

    assert found.source.article_id == "the/path"


def test_each_of_a_list_has_an_id_of_its_own_that_its_place_does_not_change() -> None:
    one, other = {"title": "A", "text": WORDS}, {"text": WORDS, "url": "https://desk.example/b"}

    there = [found.source.article_id for found in read([one, other]).values()]
    back = [found.source.article_id for found in read([other, one]).values()]

    assert there == back[::-1]
    assert there[1] == "desk.example/b"
    assert there[0].startswith("a-")


@pytest.mark.parametrize("name", ["articles", "items", "data", "results"])
def test_a_list_within_an_object_is_found(name: str) -> None:
    assert texts({"status": "ok", "totalResults": 2, name: [{"text": "a"}, {"text": "b"}]}) == ["a", "b"]


def test_an_article_that_has_a_list_of_others_is_an_article() -> None:
    assert texts({"text": "a", "articles": [{"text": "b"}]}) == ["a"]


def test_a_json_feed_names_the_outlet() -> None:
    items = [
        {"id": "1", "url": "https://desk.example/1", "content_html": "<p>One.</p>", "date_published": "2023-11-10"}
    ]

    [found] = read({"version": "https://jsonfeed.org/version/1.1", "title": "The Desk", "items": items}).values()

    assert (found.source.outlet, found.text, found.source.published) == (
        "The Desk",
        "One.",
        NOON.replace(hour=0, minute=0),
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('{"text": "a"}\n{"text": "b"}', ["a", "b"]),
        ('{\n "text": "a"\n}\n{\n "text": "b"\n}\n', ["a", "b"]),
        ('[{"text": "a"}, {"text": "b"},]', ["a", "b"]),
        ('\ufeff{"text": "a"}', ["a"]),
        ('{"text": "a", "text": "b"}', ["b"]),
        ('{"text": "a\nb\tc"}', ["a\nb\tc"]),
        ('{"text": "a", "score": NaN, "published": NaN}', ["a"]),
        ('{"text": "a\\u0000b"}', ["ab"]),
        ('{"text": "a\\ud800b"}', ["a\ufffdb"]),
        ("[null, [], {}, 3]", ["a list, where", "it has no `text`", "a number, where"]),
        ('[{"text": "a"}, {"text": "b",}, {"text": "c"}]', ["a", "not JSON: a comma before the closing }", "c"]),
        ('[{"text": "a"}, {"text": b}, {"text": "c"}]', ["a", "not JSON: expecting value", "c"]),
        ('{"articles": [{"text": "a"}, {"text":}, {"text": "c"}], "tags": ["x"]}', ["a", "not JSON", "c"]),
        ('[{"text": "a"}, {"text": "b"}, {"te', ["a", "b", "the file is cut off"]),
        ('[{"text": "a [ { \\" ] }"}, {"text": "b\\\\"}, !]', ['a [ { " ] }', "b\\", "not JSON"]),
        ('{"text": "a"', ["the file is cut off"]),
        ("words", ["not JSON: expecting value"]),
        ("{'text': 'a'}", ["not JSON: expecting property name"]),
        ("", ["empty"]),
        (" \n", ["empty"]),
        ("[]", []),
        ('{"groundwire": 1, "articles": 3}\n{"id": "a", "text": "b"}', ["use `groundwire import`"]),
        ('{"text": "a", "n": ' + "9" * 5000 + "}", ["more digits"]),
        ('{"text": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}", ["nested deeper"]),
    ],
)
def test_what_is_wrong_with_json_costs_one_article_and_has_a_reason(data: str, expected: list[str]) -> None:
    found = texts(data)

    assert len(found) == len(expected)
    assert all(said in one for said, one in zip(expected, found, strict=True)), found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_encodings_are_recognised(encoding: str, name: str) -> None:
    line = '{"text": "Le café rénové a rouvert à l’été, dit-elle déçue."}\n'

    assert texts((line * 2).encode(encoding), name) == ["Le café rénové a rouvert à l’été, dit-elle déçue."] * 2


def test_a_line_is_told_by_its_number_and_loses_no_other() -> None:
    lines = b'{"text": "a"}\n\n  \n{"text": "b",}\nwords\n[1]\n{"text": "c"}\r\n{"text": "d"}'

    found = read(lines, "news/a.jsonl")

    assert list(found) == [f"news/a.jsonl#{number}" for number in (1, 4, 5, 6, 7, 8)]
    assert [one.text if isinstance(one, Article) else one for one in found.values()] == [
        "a",
        "not JSON: a comma before the closing } (column 14)",
        "not JSON: expecting value (column 1)",
        'a list, where an article {"title": …, "text": …} should be',
        "c",
        "d",
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
def test_an_export_is_refused_whole(name: str) -> None:
    assert read('{"groundwire": 1}\n{"id": "a", "text": "b"}', name) == {
        name: "an export of groundwire: use `groundwire import`"
    }


def test_what_comes_from_an_address_speaks_for_its_own_site_alone() -> None:
    here, there = "https://www.desk.example/a", "https://other.example/b"
    articles = [{"text": "a", "id": "other.example/b"}, {"text": "b", "url": here}, {"text": "c", "url": there}]

    own, same, other = read(articles, url="https://desk.example/all.json").values()

    assert own.source.article_id == "desk.example/other.example/b"
    assert same.source.url == here
    assert isinstance(other, Address)
    assert other.summary
    assert (other.url, other.summary.text) == (there, "c")


@pytest.mark.parametrize("port", ["", ":444"])
def test_another_port_is_another_site(port: str) -> None:
    articles = [{"text": "a", "url": f"https://desk.example{port}/a"}, {"text": "b", "id": "b"}]

    named, own = read(articles, url="https://desk.example:8443/all.json").values()

    assert isinstance(named, Address)
    assert not named.of_its_site
    assert own.source.article_id == "desk.example:8443/b"


# Sizes


def test_lines_are_read_in_the_memory_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"id": "%d", "text": WORDS * 100}) + "\n"
    with path.open("w") as file:
        file.writelines(line.replace("%d", str(number)) for number in range(3000))

    number, peak = peak_of(path)

    assert number == 3000
    assert peak < 1_000_000


def test_a_list_is_read_in_the_memory_of_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    article = json.dumps({"text": WORDS * 1000})
    with path.open("w") as file:
        file.write('{"status": "ok", "articles": [')
        file.writelines(f"{article}," for _ in range(3000))
        file.write(f'{article}], "tags": ["a"]}}')
    assert path.stat().st_size > 4 * LONGEST_FILE

    number, peak = peak_of(path)

    assert number == 3001
    assert peak < 4 * LONGEST_FILE


def peak_of(path: Path) -> tuple[int, int]:
    tracemalloc.start()
    try:
        number = sum(isinstance(found, Article) for _, found in articles_of(Document(path, "a")))
        return number, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_that_is_too_long_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as file:
        file.write('{"text": "a"}\n{"text": "')
        file.writelines("x" * 1_000_000 for _ in range(21))
        file.write('"}\n{"text": "c"}\n')

    found = [one.text if isinstance(one, Article) else str(one) for _, one in articles_of(Document(path, "a"))]

    assert found[::2] == ["a", "c"]
    assert "a line of more than 20,000,000 characters" in found[1]


def test_an_article_that_is_too_long_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write('[{"text": "a"}, {"text": "')
        file.writelines('x\\"' * 400_000 for _ in range(21))
        file.write('"}, {"text": "c"}]')

    found = [one.text if isinstance(one, Article) else str(one) for _, one in articles_of(Document(path, "a"))]

    assert found[::2] == ["a", "c"]
    assert "longer than 20,000,000 characters" in found[1]


BOMBS = {
    "brackets": b"[" * 2_000_000,
    "objects": b'{"a":' * 500_000,
    "empty objects": b'{"text": "a", "x": [' + b"{}," * 500_000 + b"{}]}",
    "empty lists": b"[" + b"[]," * 100_000 + b"[]]",
    "quotes": b'"' * 2_000_000,
    "backslashes": b'["' + b"\\" * 10_000_000,
    "commas": b"[" + b"," * 2_000_000,
    "digits": b"9" * 10_000_000,
    "one string": b'["' + b"x" * 19_000_000,
    "markup": json.dumps({"text": "<p>" + "<div>" * 500_000}).encode(),
    "NULs": b"\0" * 5_000_000,
    "closed too often": b"]}" * 500_000,
    "spaces": b" " * 15_000_000,
    "a compressed file": gzip.compress(b"[" * 1_000_000),
}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_bounded(bomb: str, name: str) -> None:
    begun = time.process_time()

    for reasons, (_, found) in enumerate(articles_of(Document(BOMBS[bomb], "a", label=name)), 1):
        assert isinstance(found, UnreadableArticle)
        assert reasons < 200_000

    assert time.process_time() - begun < 20


def test_what_is_decoded_at_once_has_few_parts() -> None:
    [found] = texts(b'{"text": "a", "x": [' + b"{}," * MOST_BRACKETS + b"{}]}")

    assert "brackets in one article" in found


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "id title text body published date outlet source url link authors author credits @type @id".split()
            )
            | st.sampled_from(["articles", "items", "@graph", "mainEntityOfPage", "name", "groundwire"])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_value_is_an_article_or_an_address_or_refused(value: object) -> None:
    with suppress(NoArticle):
        assert isinstance(fields_of(value), Fields | Address)


@given(JSON, st.sampled_from(["a.json", "a.jsonl"]))
def test_any_json_is_read(value: object, name: str) -> None:
    for _, found in articles_of(Document(json.dumps(value).encode(), "a", label=name)):
        assert isinstance(found, Article | Address | UnreadableArticle)


@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.jsonl"]))
def test_any_bytes_are_read(data: bytes, name: str) -> None:
    for _, found in articles_of(Document(data, "a", label=name)):
        assert isinstance(found, Article | Address | UnreadableArticle)


@given(st.text(alphabet='[]{}",:\\\n antexu0d8', max_size=60), st.integers(1, 9))
@settings(max_examples=500)
def test_text_is_cut_alike_however_it_comes(text: str, size: int) -> None:
    at_once = [str(piece) for piece in pieces([text])]

    assert [str(piece) for piece in pieces(text[at : at + size] for at in range(0, len(text), size))] == at_once


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 2]), st.integers(1, 50))
def test_a_list_is_cut_into_its_members(values: list[object], indent: int | None, size: int) -> None:
    text = json.dumps(values, indent=indent)

    found = [str(piece) for piece in pieces(text[at : at + size] for at in range(0, len(text), size))]

    assert [json.dumps(json.loads(piece)) for piece in found] == [json.dumps(value) for value in values]


def test_a_file_cut_off_anywhere_gives_what_is_whole_in_it() -> None:
    whole = json.dumps([{"text": f"Article {number}."} for number in range(10)])

    for tenth in range(1, 10):
        *before, last = texts(whole[: len(whole) * tenth // 10])
        assert before == [f"Article {number}." for number in range(len(before))]
        assert len(before) >= tenth - 2
        assert "cut off" in last
