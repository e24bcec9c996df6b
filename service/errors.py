"""What can go wrong in the service, and who must act; retrieval's own tree is in retrieval/errors.py.

ServiceError
├── SettingsError         the operator changes an environment variable
├── AddressUnusable       the operator chooses another host or port
├── KeysUnusable          the operator makes a key, or lets its file be read
├── RemoteError           a running service, that a command works through, refused or left
├── CorpusFileError       the operator gives another file, or exports again
├── ModelNotAllowed       the client names another model, or none
└── WriterUnavailable     the language model's operator acts, or the client tries again
"""

from collections.abc import Sequence
from typing import Literal

FailureKind = Literal[
    "unreachable",
    "timeout",
    "key",
    "not_found",
    "rate_limited",
    "refused",
    "server_error",
    "broken",
    "cut_off",
    "declined",
]
"""Why a language model did not answer: no connection; too late; the key, the model's name or the request refused; too
many requests; an error of its server; what came was no whole reply; cut off by a limit; the model would not."""


class ServiceError(Exception):
    """Anything that the service raises on purpose; the message says what happened and what to do."""


class SettingsError(ServiceError):
    """A setting cannot be used; the message names its variable."""


class AddressUnusable(ServiceError):
    """The service cannot listen where it should."""


class KeysUnusable(ServiceError):
    """There is no key where one is needed, or the file of keys cannot be read or written."""


class RemoteError(ServiceError):
    """The running service that holds the store did not do what a command asked of it."""


class CorpusFileError(ServiceError):
    """An export cannot be written, or a file not be read to be imported."""


class ModelNotAllowed(ServiceError):
    """A question names a model that the operator does not allow."""

    def __init__(self, name: str, allowed: Sequence[str]) -> None:
        """Say which ones are."""
        super().__init__(f"The model {name!r} is none that may be asked here: {', '.join(allowed)}.")


class WriterUnavailable(ServiceError):
    """The language model did not answer; `kind` is why, in a word for metrics."""

    def __init__(self, message: str, kind: FailureKind = "broken") -> None:
        """Say why."""
        super().__init__(message)
        self.kind = kind
