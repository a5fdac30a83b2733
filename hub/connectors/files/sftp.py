"""A folder on another machine, over SFTP. The server is known by its key, which the connection names."""

import base64
import io
import posixpath
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import BinaryIO
from uuid import uuid4

import paramiko
from paramiko.pkey import UnknownKeyType

from hub.connectors.files.folders import HIDDEN, Entry
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.tabular import Sftp
from hub.errors import NeedsAttention, Problem, RetryLater


class SftpFolder:
    """One connection to one server."""

    def __init__(self, client: paramiko.SFTPClient, host: str, root: str) -> None:
        self._client = client
        self._host = host
        self._root = root

    def find_entries(self, below: str) -> list[Entry]:
        """See `Folder`."""
        with self._told(below):
            try:
                found = self._client.listdir_attr(self._path(below))
            except FileNotFoundError:
                return []
            files = [one for one in found if stat.S_ISREG(one.st_mode or 0)]
            return sorted(Entry(one.filename, one.st_size or 0, one.st_mtime or 0) for one in files)

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """A copy on this machine, gone afterwards; one that changed while it was copied is tried again later."""
        with tempfile.TemporaryFile() as copy:
            with self._told(path):
                before = self._client.stat(self._path(path))
                with self._client.open(self._path(path), "rb") as remote:
                    remote.prefetch(before.st_size)
                    shutil.copyfileobj(remote, copy, 1 << 18)
                after = self._client.stat(self._path(path))
            if (before.st_size, before.st_mtime) != (after.st_size, after.st_mtime) or copy.tell() != after.st_size:
                hint = "It is read again with the next pull"
                raise RetryLater(Problem("the file changed while it was read", "changed_while_read", path, hint=hint))
            copy.seek(0)
            yield copy

    def put(self, path: str, content: bytes) -> None:
        """See `Folder`."""
        target = self._path(path)
        unfinished = posixpath.join(posixpath.dirname(target), f"{HIDDEN}{uuid4().hex}")
        with self._told(path):
            self._make(posixpath.dirname(target))
            self._client.putfo(io.BytesIO(content), unfinished, len(content), confirm=True)
            self._client.posix_rename(unfinished, target)

    def remove(self, path: str) -> None:
        """See `Folder`."""
        with self._told(path):
            try:
                self._client.remove(self._path(path))
            except FileNotFoundError:
                return

    def _make(self, folder: str) -> None:
        try:
            self._client.stat(folder)
        except FileNotFoundError:
            self._make(posixpath.dirname(folder) or ".")
            self._client.mkdir(folder)

    def _path(self, below: str) -> str:
        return posixpath.join(self._root, below) if below else self._root

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        where = f"sftp://{self._host}/{path}"
        try:
            yield
        except PermissionError:
            raise NeedsAttention(Problem("not allowed", "forbidden", where, hint="Ask for the right to it")) from None
        except FileNotFoundError:
            raise RetryLater(
                Problem("the file is gone", "missing_file", where, hint="It is looked for again")
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise RetryLater(
                Problem(f"no answer to be trusted ({type(error).__name__})", "unreachable", where)
            ) from None


@contextmanager
def open_sftp(sftp: Sftp, secrets: SecretStore, silence_seconds: float = 30.0) -> Iterator[SftpFolder]:
    """Signed in. A server that says nothing for longer than `silence_seconds` is given up.

    Raises:
        NeedsAttention: a secret is not there or is refused, or it is not the server that the connection names.
        RetryLater: nobody answers.
    """
    where = f"{sftp.host}:{sftp.port}"
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    name = sftp.host if sftp.port == 22 else f"[{sftp.host}]:{sftp.port}"
    key = _host_key(secrets.read(sftp.host_key), where)
    client.get_host_keys().add(name, key.get_name(), key)
    try:
        _sign_in(client, sftp, secrets, where, silence_seconds)
        yield SftpFolder(_opened(client, where, silence_seconds), where, sftp.folder)
    finally:
        client.close()


def _opened(client: paramiko.SSHClient, where: str, silence_seconds: float) -> paramiko.SFTPClient:
    try:
        transport = client.get_transport()
        assert transport is not None, "signed in"
        channel = transport.open_session(timeout=silence_seconds)
        channel.settimeout(silence_seconds)
        channel.invoke_subsystem("sftp")
        return paramiko.SFTPClient(channel)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise RetryLater(Problem(f"no connection ({type(error).__name__})", "unreachable", where)) from None


def _sign_in(client: paramiko.SSHClient, sftp: Sftp, secrets: SecretStore, where: str, timeout: float) -> None:
    password = secrets.read(sftp.password) if sftp.password is not None else None
    key = _private_key(secrets.read(sftp.key), where) if sftp.key is not None else None
    try:
        client.connect(
            sftp.host,
            sftp.port,
            secrets.read(sftp.user),
            password,
            key,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            channel_timeout=timeout,
            allow_agent=False,
            look_for_keys=False,
        )
    except paramiko.BadHostKeyException:
        hint = "Ask whoever runs it whether its key changed, and only then correct 'host_key'"
        raise NeedsAttention(
            Problem("another server answers than the connection names", "host_key", where, hint=hint)
        ) from None
    except paramiko.AuthenticationException:
        hint = "Correct 'user' and 'password' or 'key' of the connection"
        raise NeedsAttention(Problem("the credentials are refused", "refused", where, hint=hint)) from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise RetryLater(Problem(f"no connection ({type(error).__name__})", "unreachable", where)) from None


def _host_key(text: str, where: str) -> paramiko.PKey:
    """Of `ssh-ed25519 AAAA…`, with or without the host's name before it."""
    pair = next(((kind, key) for kind, key in pairwise(text.split()) if key.startswith("AAAA")), ("", ""))
    try:
        return paramiko.PKey.from_type_string(pair[0], base64.b64decode(pair[1]))
    except (ValueError, paramiko.SSHException, UnknownKeyType):
        hint = "Write it as ssh-keyscan prints it: ssh-ed25519 AAAA…"
        raise NeedsAttention(Problem("'host_key' is no public key", "host_key", where, hint=hint)) from None


def _private_key(text: str, where: str) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.RSAKey, paramiko.ECDSAKey):
        try:
            return kind.from_private_key(io.StringIO(text + "\n"))
        except (paramiko.SSHException, ValueError):
            continue
    hint = "Put an OpenSSH private key without a passphrase there"
    raise NeedsAttention(Problem("'key' is no private key", "bad_secret", where, hint=hint))
