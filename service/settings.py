"""Settings from the environment: data alone; wiring.py builds things from them."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.errors import SettingsError


class Settings(BaseSettings):
    """Each field is the environment variable GROUNDWIRE_<FIELD>; an empty one is as good as none."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWIRE_", env_ignore_empty=True, frozen=True, extra="ignore")

    # Where things are
    data_dir: Path = Field(
        default=Path(".data"),
        description="The folder of the embedded store; beside a Chroma server, of the word index.",
    )
    chroma: str | None = Field(
        default=None, pattern=r"^https?://", description="A Chroma server's address, instead of the embedded store."
    )
    model_dir: Path | None = Field(default=None, description="A folder with the embedding model's weights.")

    # Serving
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    # Writing
    llm: str = Field(default="extractive", pattern=r"^(extractive|openai-like/.+)$")
    llm_base_url: str | None = Field(default=None, pattern=r"^https?://")
    llm_api_key: SecretStr | None = None


def from_environment() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a variable has a value that it cannot have.

    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"GROUNDWIRE_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
        raise SettingsError("; ".join(problems)) from error
