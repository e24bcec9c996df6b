"""What an article's fields may be."""

import pytest

from retrieval.readers.fields import Fields, NoArticle, article_of


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("javascript:alert(1)", "begins with neither http:// nor https://"),
        ("www.example.org/a", "begins with neither http:// nor https://"),
        ("not a url", "holds a space, a control character or a backslash, which no address may"),
        ("https://", "names no host"),
        ("https://example..org/a", "its host is no name of the Internet"),
    ],
)
def test_what_readers_cannot_be_sent_to_is_no_address_of_an_article(url: str, reason: str) -> None:
    with pytest.raises(NoArticle) as raised:
        article_of(Fields("Words.", url=url), article_id="a")
    assert str(raised.value) == f"`url` is no address: {reason}"


@pytest.mark.parametrize(
    "url", ["http://a.example", "HTTPS://reader@a.example:8080/ü?q=1#part", "http://10.0.0.1/", None]
)
def test_an_address_of_the_web_is_kept_as_it_is_written(url: str | None) -> None:
    assert article_of(Fields("Words.", url=url), article_id="a").source.url == url
