"""A connection: one system of one practice, as `connections/<name>.yaml` of the practice folder describes it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from hub.canonical.ids import Kind


class Connection(BaseModel):
    """How a system is reached and what moves. Secrets are named by environment variable, never written here."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    system: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """The name its records are linked under. Never change it once records are linked."""
    connector: str
    """A name of the registry: `fhir_r4`, `legacy_export`."""
    base_url: HttpUrl | None = None
    """For systems that are reached over HTTP."""
    token_env: str | None = None
    """The environment variable that holds the bearer token."""
    folder: Path | None = None
    """For systems that leave files, relative to the practice folder."""
    mappings: str
    """The folder below `mappings/` whose tables read and write this system's records."""
    pull: tuple[Kind, ...] = ()
    push: tuple[Kind, ...] = ()
    zone: str | None = None
    """IANA zone of wall times without an offset; default: the practice's."""
    aliases: dict[Kind, dict[str, str]] = {}
    """Records the practice file already names: by kind, their id in the system → the hub's id."""
