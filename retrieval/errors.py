"""What can go wrong in retrieval, and who must act.

RetrievalError
├── ModelError              the operator installs or repairs the embedding model
│   ├── ModelMissing        its weights or its package are not on this machine, or its key or address not set
│   ├── ModelCorrupt        its weights are not the published ones
│   └── ModelUnavailable    its server does not answer, or not with vectors
│       └── TextRefused     its server refuses what it was to embed, such as a text that is too long for it
├── StoreError              the operator acts
│   ├── StoreLocked         another process owns the embedded store
│   ├── StoreForeign        the store was made with another embedding model or format
│   └── StoreUnavailable    Chroma cannot be reached, or its folder not be written
└── UnreadableArticle       the author of the file acts; nothing else is lost
    ├── ArticleWithdrawn    the article was withdrawn: who ingests it may bring it back on purpose
    └── UrlRefused          its address may not be fetched: whoever gave it acts, or the operator allows its host
"""


class RetrievalError(Exception):
    """Anything that retrieval raises on purpose; the message says what happened and what to do."""


class ModelError(RetrievalError):
    """The embedding model cannot be used."""


class ModelMissing(ModelError):
    """The weights or the package are not installed, or the key or the address not set."""


class ModelCorrupt(ModelError):
    """The weights are there, but not the ones that were published."""


class ModelUnavailable(ModelError):
    """The model's server does not answer, or not with vectors."""


class TextRefused(ModelUnavailable):
    """The model's server refuses these texts, and would refuse them again; it may take others."""


class StoreError(RetrievalError):
    """The store cannot be used."""


class StoreLocked(StoreError):
    """Another process owns the embedded store; `address` is where it serves HTTP, if it does, and `token` its key."""

    def __init__(self, message: str, address: str | None = None, token: str | None = None) -> None:
        """Keep the owner's address and token, so that a command can work through it; the message has no token."""
        super().__init__(message)
        self.address = address
        self.token = token


class StoreForeign(StoreError):
    """The store holds vectors of another embedding model, or has another format."""


class StoreUnavailable(StoreError):
    """Chroma does not answer, or its folder cannot be written."""


class UnreadableArticle(RetrievalError):
    """One file or page is no article; `reason` is a sentence for its author."""

    def __init__(self, name: str, reason: str) -> None:
        """Name the file or page as the user gave it."""
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class ArticleWithdrawn(UnreadableArticle):
    """The article was withdrawn, and ingesting it again does not bring it back by itself."""

    def __init__(self, article_id: str, withdrawn: str) -> None:
        """Say when and why, and how it comes back."""
        super().__init__(article_id, f"{withdrawn}; `--restore` (over HTTP `PUT …?restore=true`) brings it back")


class UrlRefused(UnreadableArticle):
    """An address may not be fetched, by its form or by what its host's name resolves to."""
