"""What the environment may say (variables `HUB_…`). Everything has a default that works on one machine."""

from pathlib import Path
from urllib.parse import urlencode

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from hub.errors import NeedsAttention, Problem

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Read once, at the edge, and handed to `hub.bootstrap`."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    home: Path = Path(".hub")
    """Where the hub keeps its own things: the embedded database, Dagster's runs, logs. Not in git."""
    database_url: str | None = None
    """`postgresql+psycopg://…` of a server, 15 or newer. Without it the hub starts its own PostgreSQL in `home`."""
    practice: Path = PROJECT / "examples" / "juniper"
    """The practice folder."""
    mappings: Path = PROJECT / "mappings"
    """The shipped mappings."""
    connection_urls: dict[str, str] = {}
    """Base URLs that replace those of `connections/*.yaml`, by system: `{"juniper-ehr": "http://127.0.0.1:9000"}`."""
    migrations: dict[Path, Path] = {}
    """Migration folders that Dagster shows, each with the folder of its export: `{"moving": "/data/export"}`."""
    broker_url: str | None = Field(default=None, pattern=r"^rediss?://")
    """`redis://…`: what Dagster does is done by workers (`hub migrate work`) that ask there for work."""
    broker_lease_seconds: int = Field(default=600, ge=1)
    """What a worker has not done after this time is given to another one as well."""
    http_log: Path | None = None
    """A file that gets a line for each request to another system: method, path, status, time, and bodies in which
    everything is left out that is personal or that no mapping table knows."""
    host: str = "127.0.0.1"
    """Where the web server binds. Loopback only, until sign-in exists."""
    port: int = Field(default=8300, ge=0, le=65535)
    """0: any free one."""
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    """Where others find the pages, such as `https://book.example`; without it the address of `host` and `port`."""
    tend_seconds: float = Field(default=30, ge=0.1)
    """So often whoever serves settles, offers and ends what time alone asks for (`hub tend`)."""
    rollback_days: int = Field(default=90, ge=1)
    """So long a batch of a moved history can be taken back; then `hub tend` forgets what it changed: it is personal."""
    exchange_seconds: float = Field(default=2, ge=0)
    """So often whoever serves looks for what other systems must be told; at once, when one of them rings. 0: never."""
    sandbox_port: int = Field(default=8301, ge=0, le=65535)
    """Of the FHIR sandbox that the demo brings."""
    dagster_port: int = Field(default=8302, ge=0, le=65535)
    """Of Dagster's own web UI."""

    @field_validator("home", "practice", "mappings", "http_log", mode="before")
    @classmethod
    def _somewhere(cls, value: object) -> object:
        """An empty path is the folder one happens to be in, which nobody means."""
        return _said(value)

    @field_validator("migrations", mode="before")
    @classmethod
    def _all_somewhere(cls, value: object) -> object:
        return {_said(folder): _said(export) for folder, export in value.items()} if isinstance(value, dict) else value

    def policy_address(self, location_id: str) -> str:
        """Where the policy of a location is published."""
        base = self.public_url or f"http://{self.host}:{self.port}"
        return f"{base.rstrip('/')}/policy?{urlencode({'location': location_id})}"

    @property
    def is_practice_named(self) -> bool:
        """Whether somebody said which practice folder: without a word it is the example's, which is nobody's own."""
        return "practice" in self.model_fields_set

    @property
    def dagster_home(self) -> Path:
        """The folder of Dagster's instance, absolute as Dagster wants it."""
        return (self.home / "dagster").resolve()


def _said(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("empty_path", "this path is empty")
    return value


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        NeedsAttention: a variable holds what it cannot hold; it is named, its value is not.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise NeedsAttention(*(_problem(str(each["loc"][0]), each["msg"]) for each in error.errors())) from None
    except SettingsError as error:
        raise NeedsAttention(_problem(str(error).split('"')[1], "it is not JSON")) from None


def _problem(name: str, said: str) -> Problem:
    return Problem(said, field=f"HUB_{name.upper()}", hint="Correct this environment variable, or unset it")
