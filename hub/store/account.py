"""Whom the embedded server runs as. PostgreSQL refuses to run as root, so root starts it as a user of its own."""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import NeedsAttention, Problem

_ACCOUNT = "pgserver"  # the name the wheel uses too, so that both agree on who owns a folder


@dataclass(frozen=True, slots=True)
class Account:
    """A system user, or (both None) whoever runs this process."""

    uid: int | None = None
    gid: int | None = None

    def of_process(self) -> dict[str, Any]:
        """Arguments of `subprocess.run` that make the child run as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give `folder` to the account, closed to everybody else, and let the account reach it."""
        folder.chmod(stat.S_IRWXU)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)
            _let_through(folder)

    def may_reach(self, folder: Path) -> None:
        """Let the account through to `folder`, also where somebody closed a folder above it meanwhile."""
        if self.uid is not None:
            _let_through(folder)

    def may_run(self, binaries: Path) -> None:
        """Let the account read and run the server's files, which root may have installed for itself alone."""
        if self.uid is None:
            return
        _let_through(binaries)
        for path in (binaries.parent, *binaries.parent.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                everyone = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
                if mode & everyone != everyone:
                    path.chmod(mode | everyone)


def server_account() -> Account:
    """The account to run PostgreSQL as, made if need be.

    Raises:
        NeedsAttention: this process is root and the account can be neither found nor made.
    """
    if os.geteuid() != 0:
        return Account()
    with Path("/etc/passwd").open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)  # two processes that start at once make it once
        try:
            entry = pwd.getpwnam(_ACCOUNT)
        except KeyError:
            entry = _create()
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd:
    command = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", _ACCOUNT]
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    try:
        subprocess.run([useradd, *command], check=True, capture_output=True)  # noqa: S603 fixed arguments
        return pwd.getpwnam(_ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError):
        message = "PostgreSQL does not run as root, and the user it would run as cannot be created"
        hint = f"Start the hub as an ordinary user, or create the system user {_ACCOUNT!r}"
        raise NeedsAttention(Problem(message, code="database", hint=hint)) from None


def _let_through(path: Path) -> None:
    """Allow everyone to pass (not to list) the folders above `path`."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
