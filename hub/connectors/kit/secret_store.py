"""Secrets from where a connection says they are. What is wrong is said without showing what stands there."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.connectors.kit.spec.secrets import SecretSource
from hub.documents import parse
from hub.errors import InvalidInput, NeedsAttention, Problem

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class SecretStore:
    """The environment and the files of one practice."""

    folder: Path
    """The practice folder."""
    environment: Mapping[str, str] = field(repr=False)
    file: str = ""
    """The connection's file, for messages."""

    def read(self, source: SecretSource | str) -> str:
        """The secret, or the text that is none.

        Raises:
            NeedsAttention: it is not there, is empty, or others could read it.
        """
        if isinstance(source, str):
            return source
        found = self._of_environment(source) if source.env is not None else self._of_file(source)
        secret = found.strip()
        if not secret:
            raise self._missing(source, f"{source} is not set" if source.env else f"{source} holds nothing")
        return secret

    def _of_environment(self, source: SecretSource) -> str:
        return self.environment.get(source.env or "", "")

    def _of_file(self, source: SecretSource) -> str:
        assert source.file is not None
        path = self.folder / source.file
        text = self._text(path, source)
        if source.key is None:
            return text
        value: Any = self._parsed(text, path)
        for part in source.key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, str | int):
            raise self._missing(source, f"{source} is not there, or no text")
        return str(value)

    def _text(self, path: Path, source: SecretSource) -> str:
        if not source.file or not (source.file.is_absolute() or path.resolve().is_relative_to(self.folder.resolve())):
            raise self._missing(source, "the file lies outside the practice folder")
        try:
            with path.open(encoding="utf-8") as opened:
                if os.fstat(opened.fileno()).st_mode & _OTHERS:
                    hint = f"Give it to its owner alone: chmod 600 {source.file}"
                    message = f"others may read {source.file}, which holds secrets"
                    raise NeedsAttention(Problem(message, code="open_secret", file=self.file, hint=hint))
                return opened.read()
        except FileNotFoundError:
            raise self._missing(source, f"the file {source.file} is not there") from None
        except (OSError, UnicodeDecodeError):
            raise self._missing(source, f"the file {source.file} cannot be read as text") from None

    def _parsed(self, text: str, path: Path) -> Any:
        try:
            return parse(text, str(path)).value
        except InvalidInput:
            hint = "Write it as YAML: names, a colon, the secret in quotation marks"
            raise NeedsAttention(Problem("this file is not readable as YAML", file=str(path), hint=hint)) from None

    def _missing(self, source: SecretSource, message: str) -> NeedsAttention:
        hint = f"Set {source.env}" if source.env else "Put the secret there"
        return NeedsAttention(Problem(message, code="no_secret", file=self.file, field="auth", hint=hint))
