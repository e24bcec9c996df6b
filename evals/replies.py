"""What a target answered, whatever it is: the one type that judging and metrics read."""

from pydantic import Field

from retrieval.types import Frozen
from service.types import Reason, Usage


class Cited(Frozen):
    """One citation of a reply: a source, and the words that it gives as proof."""

    article_id: str | None = Field(
        description="What is no article of the corpus has its own address here; None: it cannot be told which it is."
    )
    url: str | None = None
    title: str = ""
    quote: str | None = Field(default=None, description="None where the target gives no quotes.")
    article: str | None = Field(default=None, description="The text that the quote is said to be of, if it is known.")
    start: int | None = Field(default=None, description="Where in it, in code points.")
    end: int | None = None

    @property
    def valid(self) -> bool | None:
        """Tell whether the quote is the article's own words, at its place if one is given; None: that can't be told."""
        if self.quote is None or self.article is None:
            return None
        if self.start is None or self.end is None:
            return bool(self.quote.strip()) and self.quote in self.article
        return bool(self.quote) and self.article[self.start : self.end] == self.quote


class Said(Frozen):
    """One sentence of a reply."""

    text: str = Field(description="Without its markers.")
    citations: tuple[int, ...] = Field(description="Indices into Reply.citations.")
    claimed: bool = Field(default=True, description="False: the target itself marks it as unsupported.")
    independent_sources: int | None = Field(default=None, description="As the target counts them, if it does.")
    support: float | None = Field(default=None, description="The best support that the target gives it, if it does.")


class Found(Frozen):
    """A passage that the target retrieved."""

    article_id: str
    text: str
    relevance: float


class Reply(Frozen):
    """What a target answered to one question."""

    answered: bool
    text: str = Field(description="The answer with its markers, or what is said instead of one.")
    abstained: Reason | None = Field(default=None, description="Why there is no answer, if the target tells.")
    sentences: tuple[Said, ...] = ()
    citations: tuple[Cited, ...] = ()
    found: tuple[Found, ...] | None = Field(default=None, description="Best first; None where the target shows none.")
    withheld: tuple[str, ...] | None = Field(
        default=None, description="Sentences that were drafted and not sent; None where the target does not tell."
    )
    notices: tuple[str, ...] = ()
    writer: str
    usage: Usage | None = None
    milliseconds: float = 0.0

    @property
    def article_ids(self) -> frozenset[str]:
        """Give the articles that are cited."""
        return frozenset(one.article_id for one in self.citations if one.article_id is not None)

    @property
    def told(self) -> bool:
        """Tell whether it can be told of what is cited which article it is."""
        return all(one.article_id is not None for one in self.citations)
