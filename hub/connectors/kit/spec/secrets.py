"""A secret by reference: where it stands, never the secret itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from hub.connectors.kit.spec.declared import Declared

_HOW = "write {env: NAME} for an environment variable, or {file: secrets.yaml, key: a.b}"


class SecretSource(Declared):
    """`{env: NAME}`, `{file: secrets.yaml, key: a.b}`, or `{file: key.pem}` for a whole file."""

    env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """An environment variable."""
    file: Path | None = None
    """Relative to the practice folder and inside it, or absolute; readable by its owner alone (mode 600)."""
    key: str | None = None
    """Where in the YAML file, dots between the levels; without it the whole file is the secret."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None) or (self.key is not None and self.file is None):
            raise ValueError(f"a secret has one place: {_HOW}")
        if self.file is not None and not self.file.is_absolute() and ".." in self.file.parts:
            raise ValueError("the file is inside the practice folder, or its path is absolute")
        return self

    def __str__(self) -> str:
        """As messages name it."""
        if self.env is not None:
            return f"the environment variable {self.env}"
        return f"{self.key} in {self.file}" if self.key else f"the file {self.file}"


def _never_itself(value: Any) -> Any:
    if isinstance(value, dict | SecretSource):
        return value
    raise ValueError(f"a secret is never written here: {_HOW}")


Secret = Annotated[SecretSource, BeforeValidator(_never_itself)]
Setting = Annotated[
    Annotated[SecretSource, Tag("where")] | Annotated[str, Tag("text")],
    Discriminator(lambda value: "text" if isinstance(value, str) else "where"),
]
"""Something that is no secret by itself, such as a client's id: in plain text, or kept where the secrets are."""


def sources_in(block: Declared) -> Iterator[SecretSource]:
    """The secrets that a block names."""
    for value in vars(block).values():
        for one in value.values() if isinstance(value, dict) else (value,):
            if isinstance(one, SecretSource):
                yield one


_TELLTALE = re.compile(r"authori[sz]ation|api-?key|token|secret|password|cookie", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a header or parameter of this name usually carries a secret."""
    return _TELLTALE.search(name) is not None
