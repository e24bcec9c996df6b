"""What can go wrong in the service, and who must act; retrieval's own tree is in retrieval/errors.py.

ServiceError
├── SettingsError         the operator changes an environment variable
└── WriterUnavailable     the language model's operator acts, or the client tries again
"""


class ServiceError(Exception):
    """Anything that the service raises on purpose; the message says what happened and what to do."""


class SettingsError(ServiceError):
    """A setting cannot be used; the message names its variable."""


class WriterUnavailable(ServiceError):
    """The language model did not answer."""
