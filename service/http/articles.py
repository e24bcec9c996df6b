"""The corpus: GET /v1/articles, and GET, PUT and DELETE /v1/articles/{id}."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromQuery, JSONBody, QueryParameter
from pydantic import AfterValidator, AwareDatetime, FailFast, Field, StringConstraints, ValidationError

from retrieval.addresses import parse
from retrieval.ingest import ingest
from retrieval.readers import LONGEST_FIELD, LONGEST_FILE
from retrieval.store import Outcome
from retrieval.types import Frozen, Source, Text, Withdrawal, make_article
from service.desk import Answering
from service.http.admission import check_scope
from service.http.problems import Gone, field_error, problem_specs
from service.http.requests import article_id_of, refuse_other_parameters
from service.keys import visit

_PREFIX = "/v1/articles/"
_BODY_LIMIT = 2 * LONGEST_FILE + 1_000_000  # bytes; a file of quotation marks, all escaped, and its other fields
_LONGEST = 3600.0  # seconds to embed an article of the limit, or to write the store anew without one; chosen
LONGEST_REASON = 1000  # characters, of a withdrawal
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


def _of_the_web(url: str) -> str:
    parse(url, with_user=True)
    return url


Words = Annotated[Text, AfterValidator(_some_words)]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_FIELD)]


class Articles(Frozen):
    """A page of the corpus, in the order in which its articles came first."""

    articles: tuple[Source, ...]
    total: int
    fingerprint: str = Field(description="A hash that changes when any article does.")
    offset: int
    limit: int


class StoredVersion(Frozen):
    """A version of an article, as it once became current."""

    version: str
    stored: AwareDatetime | None = Field(description="None where an older release stored it, which noted no time.")


class Withdrawn(Frozen):
    """When and why an article was withdrawn."""

    at: AwareDatetime
    reason: str | None


class WholeArticle(Source):
    """An article with its text, against which any citation can be checked."""

    text: str
    current: bool = Field(description="Whether this is the version that is searched and cited.")
    versions: tuple[StoredVersion, ...] = Field(
        description="All versions of the article, the first stored first; one that came back is there for each time."
    )
    withdrawn: Withdrawn | None


class ArticleBody(Frozen):
    """An article to store; its id is in the path."""

    title: Annotated[Words, StringConstraints(max_length=LONGEST_FIELD)]
    text: Annotated[Words, StringConstraints(max_length=LONGEST_FILE)]
    published: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None
    outlet: Name | None = None
    url: Annotated[Name, AfterValidator(_of_the_web)] | None = None
    authors: Annotated[tuple[Name, ...], FailFast()] = ()
    credits: Annotated[tuple[Name, ...], FailFast()] = ()


class WithdrawalBody(Frozen):
    """How an article is withdrawn."""

    reason: Annotated[Words, StringConstraints(max_length=LONGEST_REASON)] | None = Field(
        default=None, description="Why, for the readers of what cited it."
    )
    purge: bool = Field(default=False, description="Remove the texts and metadata of all its versions, too.")


class Stored(Frozen):
    """What became of an article."""

    article_id: str
    version: str
    outcome: Outcome


@get("/v1/articles", opt={"scope": "read"}, responses=problem_specs(400, 422, 503), summary="List the articles")
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


@dataclass
class _OfAnArticle(Operation):
    """What is asked of one article, for the OpenAPI document: Litestar takes what may hold a slash for an address."""

    def __post_init__(self) -> None:
        for one in self.parameters or ():
            if isinstance(one, Parameter) and one.param_in == "path":
                one.schema = Schema(type=OpenAPIType.STRING, min_length=1, max_length=LONGEST_FIELD)
                one.description = "The article's id; what is no letter, digit or slash in it is percent-encoded."


@get(
    _PREFIX + "{article_id:path}",
    opt={"scope": "read"},
    operation_class=_OfAnArticle,
    responses=problem_specs(400, 404, 410, 422, 503),
    summary="Read an article",
)
async def article(
    request: Request[Any, Any, Any], answering: NamedDependency[Answering], version: FromQuery[str | None] = None
) -> WholeArticle:
    """Give an article with its text; with `version` that version, also when it was replaced or withdrawn since."""
    article_id = article_id_of(request, _PREFIX)
    found = await answering.store.article(article_id, version)
    standing = await answering.store.standing(article_id)
    if found is None:
        raise not_there(article_id, version, standing)
    withdrawn = Withdrawn(at=standing.at, reason=standing.reason) if isinstance(standing, Withdrawal) else None
    versions = await answering.store.versions(article_id)
    return WholeArticle(
        **found.source.model_dump(),
        text=found.text,
        current=found.source.version == standing,
        versions=tuple(StoredVersion(version=one.source.version, stored=one.stored) for one in versions),
        withdrawn=withdrawn,
    )


def not_there(article_id: str, version: str | None, standing: str | Withdrawal | None) -> Gone | NotFoundException:
    """Make the error of an article, or of a version of it, that cannot be given, by how the article stands."""
    if isinstance(standing, Withdrawal) and (standing.purged or not version):
        kept = "its text was removed" if standing.purged else "its text is kept for answers that cite a version of it"
        return Gone(f"the article {article_id!r} was {standing}; {kept}")
    return NotFoundException(f"no article has the id {article_id!r}" + (f" and version {version!r}" if version else ""))


@put(
    _PREFIX + "{article_id:path}",
    opt={"scope": "write", "deadline": _LONGEST},
    request_max_body_size=_BODY_LIMIT,
    operation_class=_OfAnArticle,
    responses={
        201: ResponseSpec(
            Stored, generate_examples=False, description="There was none of this id, or it was withdrawn."
        ),
        **problem_specs(400, 409, 413, 415, 422, 503),
    },
    summary="Store an article",
)
async def put_article(
    request: Request[Any, Any, Any],
    data: JSONBody[ArticleBody],
    answering: NamedDependency[Answering],
    restore: FromQuery[bool] = False,  # noqa: FBT002 - a parameter of the query
) -> Response[Stored]:
    """Store an article in place of the version before it; the same article twice writes nothing.

    One that was withdrawn comes back with `restore` alone.
    """
    refuse_other_parameters(request, "restore")
    one = make_article(article_id=article_id_of(request, _PREFIX), **dict(data))
    with request.app.state.storing.room(len(one.text)):
        outcome = await ingest(one, answering.store, answering.embedder, restore=restore)
    stored = Stored(article_id=one.source.article_id, version=one.source.version, outcome=outcome)
    return Response(stored, status_code=201 if outcome == "created" else 200)


@dataclass
class _Withdrawing(_OfAnArticle):
    """A withdrawal, for the OpenAPI document: Litestar calls every body required."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


@delete(
    _PREFIX + "{article_id:path}",
    opt={"scope": "write", "deadline": _LONGEST},
    operation_class=_Withdrawing,
    responses=problem_specs(400, 404, 410, 415, 422, 503),
    summary="Withdraw an article",
)
async def delete_article(
    request: Request[Any, Any, Any],
    answering: NamedDependency[Answering],
    data: JSONBody[WithdrawalBody | None] = None,
    reason: FromQuery[str | None] = None,
    purge: FromQuery[bool | None] = None,
) -> None:
    """Withdraw an article: it is neither found nor cited again, and its text stays readable by its version.

    With `purge` the text is removed, too, also of an article that was withdrawn before. Both may be said in the body
    or in the query.
    """
    refuse_other_parameters(request, "reason", "purge")
    article_id = article_id_of(request, _PREFIX)
    asked = _asked(data or WithdrawalBody(), {"reason": reason, "purge": purge})
    if asked.purge:
        check_scope(visit.get(), "admin")
    if not await answering.store.withdraw(article_id, asked.reason, purge=asked.purge):
        raise not_there(article_id, None, await answering.store.standing(article_id))


def _asked(body: WithdrawalBody, query: dict[str, str | bool | None]) -> WithdrawalBody:
    """Put together what the body and the query say."""
    said = body.model_dump(exclude_unset=True)
    for name, value in query.items():
        if value is not None and said.setdefault(name, value) != value:
            raise field_error(name, "is one thing in the body and another in the query")
    try:
        return WithdrawalBody.model_validate(said)
    except ValidationError as error:
        wrong = [{"key": str(one["loc"][0]), "message": one["msg"]} for one in error.errors()]
        raise ClientException(status_code=422, extra=wrong) from error
