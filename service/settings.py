"""Settings from the environment: data alone; wiring.py builds things from them."""

import math
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from retrieval.addresses import Allowed, parse
from service.errors import SettingsError
from service.logs import LogFormat
from service.types import ChatExtra, OnUnsupported


def _listed(value: object) -> object:
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value


def _address(url: str) -> str:
    """Give what links begin with: an address in its normal form, without a slash at its end."""
    if "?" in url or "#" in url:
        raise ValueError(f"{url!r} is no address that links can begin with: leave out what begins with ? or #")
    try:
        return str(parse(url)).rstrip("/")
    except ValueError as error:
        raise ValueError(
            f"{url!r} is no address such as https://news.example or https://example.org/news: {error}"
        ) from error


def origin_of(origin: str) -> str:
    """Give an origin as browsers write it."""
    written = origin.lower().removesuffix("/")
    if not re.fullmatch(r"\*|https?://[^/?#\s]+", written):
        message = f"{origin!r} is no origin such as https://news.example, nor * for all"
        raise ValueError(message)
    return written


def _allowed(host: str) -> str:
    """Give what may be fetched from as it is written, if it can be read."""
    Allowed([host])
    return host


def _key(key: SecretStr) -> SecretStr:
    """Give a key that can be sent; the error does not say it."""
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise ValueError("it is no key: keys have no spaces, line breaks nor letters beyond ASCII")
    return key


Origin = Annotated[str, AfterValidator(origin_of)]
Host = Annotated[str, AfterValidator(_allowed)]
# Seconds: 10 for its turn, 10 for a follow-up's rewriting, and the rest for the search and another writer; chosen.
_BESIDE = 30.0
_PROVIDERS = ("openai", "openai-like", "ollama", "anthropic")
ModelName = Annotated[str, StringConstraints(pattern=rf"^(extractive|({'|'.join(_PROVIDERS)})/.+)$")]


def processes_of_machine() -> int:
    """Give how many processes compute answers: one for each core, where there are several, and two at most.

    Then the service's own has as much to do as each of them: of an answer's 42 ms of the processor the search takes 13
    (20,000 passages).
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 2) if cores > 1 else 0


class Settings(BaseSettings):
    """Each field is the environment variable GROUNDWIRE_<FIELD>; an empty one is as good as none."""

    model_config = SettingsConfigDict(
        env_prefix="GROUNDWIRE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may be a key
    )

    # Where things are
    data_dir: Path = Field(
        default=Path(".data"),
        description="The folder of the embedded store; beside a Chroma server, of the word index.",
    )
    chroma: str | None = Field(
        default=None, pattern=r"^https?://", description="A Chroma server's address, instead of the embedded store."
    )
    chroma_token: SecretStr | None = Field(
        default=None, description="What the Chroma server lets us in by: Chroma Cloud's API key, or a proxy's token."
    )
    chroma_tenant: str = "default_tenant"
    chroma_database: str = "default_database"
    model_dir: Path | None = Field(default=None, description="A folder with the embedding model's weights.")

    # Serving
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        description="What links to this service begin with, where clients reach it by another address than it sees.",
    )
    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="Origins whose pages may ask, with commas between; * for all."
    )
    keys: Path | None = Field(
        default=None, description="The file of keys that `groundwire keys` makes; keys.json in `data_dir` if not given."
    )
    request_timeout: float = Field(
        default=120.0,
        gt=0,
        le=86_400,
        description="Seconds that a request has; uploads, imports, exports and purges have more.",
    )
    most_answers: int = Field(
        default=16, ge=1, le=1000, description="Questions that are worked on at once; others wait their turn."
    )
    processes: int = Field(
        default_factory=processes_of_machine,
        ge=0,
        le=64,
        description="Processes beside the service's own in which answers are computed when several are at work.",
    )
    drain: float = Field(
        default=0.0,
        ge=0,
        le=3600,
        description="Seconds for which a service that SIGTERM ends still takes requests, its readiness saying so: "
        "longer than who sends them needs to see it.",
    )
    grace: float = Field(
        default=30.0, ge=0, le=3600, description="Seconds that requests under way then have before they fail."
    )
    api_key: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        default=None, description="The key with which commands ask a running service that is not this machine's own."
    )
    chat_extras: Annotated[tuple[ChatExtra, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="What chat protocols carry beyond what every client reads, with commas between."
    )

    # Fetching
    fetch_allowed: Annotated[tuple[Host, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(),
        description="Hosts and networks of an intranet that may be fetched from too, with commas between: "
        "wiki.corp, *.corp, 10.0.0.0/8.",
    )

    # Embedding
    embedding: str = Field(default="minilm", pattern=r"^(minilm|(openai|openai-like|ollama|huggingface)/.+)$")
    embedding_base_url: str | None = Field(default=None, pattern=r"^https?://")
    embedding_api_key: SecretStr | None = None

    # Writing
    llm: ModelName = "extractive"
    llm_allowed: Annotated[tuple[ModelName, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="What a request may name beside `llm`, with commas between; all of one provider."
    )
    llm_base_url: str | None = Field(default=None, pattern=r"^https?://")
    llm_api_key: SecretStr | None = None
    llm_timeout: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        validate_default=True,
        description="Seconds for a whole reply, its retry included.",
    )
    llm_context_window: int = Field(default=8192, ge=2048, description="Tokens, of the prompt and the reply together.")
    fallback: Literal["extractive", "none"] = Field(
        default="extractive", description="Who answers when the model fails."
    )
    on_unsupported: OnUnsupported = Field(default="drop", description="What becomes of a sentence without a proof.")

    # Being seen
    log_format: LogFormat = Field(default="text", description="Log lines for people, or one JSON object a line.")
    log_questions: bool = Field(
        default=False, description="Whether questions, and messages of errors, which may quote a text, may be logged."
    )

    @property
    def secrets(self) -> list[str]:
        """Give what must be seen nowhere."""
        return [one.get_secret_value() for _, one in self if isinstance(one, SecretStr)]

    @field_validator("llm_timeout")
    @classmethod
    def _leaves_time(cls, seconds: float, info: ValidationInfo) -> float:
        """Refuse what would let a request end before the model's time does, and with it who answers in its place."""
        names = {info.data.get("llm"), *info.data.get("llm_allowed", ())} - {"extractive", None}
        request = info.data.get("request_timeout", math.inf)
        if names and request < (needed := seconds + _BESIDE):
            message = (
                f"an answer may take {_BESIDE:.0f} s more than the model's {seconds:g} s, and a request has "
                f"{request:g} s: set GROUNDWIRE_REQUEST_TIMEOUT={needed:g} or more"
            )
            raise ValueError(message)
        return seconds

    @property
    def keys_file(self) -> Path:
        """Give where the keys are."""
        return self.keys or self.data_dir / "keys.json"


def from_environment() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a variable has a value that it cannot have.

    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"GROUNDWIRE_{str(one['loc'][0]).upper()}: {_problem(one)}" for one in error.errors()]
        raise SettingsError("; ".join(problems)) from error


def _problem(error: ErrorDetails) -> str:
    """Say what is wrong with a value; what a model's name looks like is said in words, not as a pattern."""
    if (
        error["type"] == "string_pattern_mismatch"
        and "llm" in str(error["loc"][0])
        and "url" not in str(error["loc"][0])
    ):
        return f"{error['input']!r} is none of extractive, {', '.join(f'{one}/<model>' for one in _PROVIDERS)}"
    return error["msg"].removeprefix("Value error, ")  # what pydantic puts before our own words
