"""The corpus: GET /v1/articles, and GET, PUT and DELETE /v1/articles/{id}."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, JSONBody, QueryParameter
from pydantic import AfterValidator, AwareDatetime, FailFast, Field, StringConstraints

from retrieval.ingest import ingest
from retrieval.readers import LONGEST_FIELD, LONGEST_FILE
from retrieval.store import Outcome
from retrieval.types import Frozen, Source, Text, make_article
from service.desk import Answering
from service.http.problems import problem_specs
from service.http.requests import article_id_of

_PREFIX = "/v1/articles/"
_BODY_LIMIT = 2 * LONGEST_FILE + 1_000_000  # bytes; a file of quotation marks, all escaped, and its other fields
_LAST_OFFSET = 1_000_000_000  # within what every store counts in


def _some_words(text: str) -> str:
    if not text.strip():
        message = "holds no words"
        raise ValueError(message)
    return text


def _in_utc(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        message = "is no moment of the years 1 to 9999 in UTC"
        raise ValueError(message) from error
    return moment


Words = Annotated[Text, AfterValidator(_some_words)]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_FIELD)]


class Articles(Frozen):
    """A page of the corpus, in the order in which its articles came first."""

    articles: tuple[Source, ...]
    total: int
    fingerprint: str = Field(description="A hash that changes when any article does.")
    offset: int
    limit: int


class WholeArticle(Source):
    """An article with its text, against which any citation can be checked."""

    text: str


class ArticleBody(Frozen):
    """An article to store; its id is in the path."""

    title: Annotated[Words, StringConstraints(max_length=LONGEST_FIELD)]
    text: Annotated[Words, StringConstraints(max_length=LONGEST_FILE)]
    published: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None
    outlet: Name | None = None
    url: Name | None = None
    authors: Annotated[tuple[Name, ...], FailFast()] = ()
    credits: Annotated[tuple[Name, ...], FailFast()] = ()


class Stored(Frozen):
    """What became of an article."""

    article_id: str
    version: str
    outcome: Outcome


@get("/v1/articles", responses=problem_specs(400, 422, 503), summary="List the articles")
async def articles(
    answering: NamedDependency[Answering],
    offset: Annotated[int, QueryParameter(ge=0, le=_LAST_OFFSET)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 50,
) -> Articles:
    """Give a page of the articles, without their texts."""
    page = await answering.store.sources(offset, limit)
    corpus = await answering.store.corpus()
    return Articles(
        articles=tuple(page), total=corpus.articles, fingerprint=corpus.fingerprint, offset=offset, limit=limit
    )


@get(_PREFIX + "{article_id:path}", responses=problem_specs(400, 404, 422, 503), summary="Read an article")
async def article(
    request: Request[Any, Any, Any], answering: NamedDependency[Answering], version: FromQuery[str | None] = None
) -> WholeArticle:
    """Give an article with its text; with `version` that version of it, also when it was replaced since."""
    article_id = article_id_of(request, _PREFIX)
    found = await answering.store.article(article_id, version)
    if found is None:
        raise not_there(article_id, version)
    return WholeArticle(**found.source.model_dump(), text=found.text)


def not_there(article_id: str, version: str | None) -> NotFoundException:
    """Make the error of an article, or of a version of it, that the store does not have."""
    return NotFoundException(f"no article has the id {article_id!r}" + (f" and version {version!r}" if version else ""))


@put(
    _PREFIX + "{article_id:path}",
    request_max_body_size=_BODY_LIMIT,
    responses=problem_specs(400, 413, 415, 422, 503),
    summary="Store an article",
)
async def put_article(
    request: Request[Any, Any, Any], data: JSONBody[ArticleBody], answering: NamedDependency[Answering]
) -> Response[Stored]:
    """Store an article in place of the version before it; the same article twice writes nothing."""
    one = make_article(article_id=article_id_of(request, _PREFIX), **dict(data))
    outcome = await ingest(one, answering.store, answering.embedder)
    stored = Stored(article_id=one.source.article_id, version=one.source.version, outcome=outcome)
    return Response(stored, status_code=201 if outcome == "created" else 200)


@delete(_PREFIX + "{article_id:path}", responses=problem_specs(404, 503), summary="Withdraw an article")
async def delete_article(request: Request[Any, Any, Any], answering: NamedDependency[Answering]) -> None:
    """Withdraw an article: it is neither found nor cited again, and its text stays readable by its version."""
    article_id = article_id_of(request, _PREFIX)
    if not await answering.store.withdraw(article_id):
        raise NotFoundException(f"no article has the id {article_id!r}")
