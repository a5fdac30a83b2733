"""A look at a connection over HTTP: is it reached, are we let in, what may we read, how do clocks and limits stand?"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.http import Limits, Seen
from hub.connectors.kit.http.answers import http_date
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.auth import TokenScheme
from hub.connectors.kit.spec.declared import Declared
from hub.connectors.kit.spec.secrets import SecretSource, sources_in
from hub.errors import HubError, only_reasons
from hub.ports import Source
from hub.ports.checks import Check, fail, failures, ok, warn

QUICK = Limits(connect_seconds=5.0, read_seconds=15.0, whole_seconds=30.0, attempts=1, longest_wait_seconds=5.0)
"""Somebody waits for the answer."""
SKEW_SEEN, SKEW_TOO_MUCH = 5.0, 60.0
"""Seconds: a Date header counts whole ones, and signatures are good for about a minute on either side."""
_NOT_LET_IN = {"http_401", "no_token", "no_secret", "open_secret"}
_NOT_ALLOWED = {"http_403"}
_ALLOWED = re.compile(r"^(x-)?rate-?limit-(limit|policy)(-\w+)?$")
_LEFT = re.compile(r"^(x-)?rate-?limit-remaining(-\w+)?$")


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of reading the first page of each stream."""

    seen: list[tuple[Seen, datetime]] = field(default_factory=list)
    """With our clock when it had come."""
    counts: dict[Kind, int] = field(default_factory=dict)
    errors: dict[Kind, HubError] = field(default_factory=dict)

    def witness(self, seen: Seen) -> None:
        """Keep what is seen."""
        self.seen.append((seen, datetime.now(UTC)))  # noqa: TID251 - it is this machine's clock that is looked at

    @property
    def reasons(self) -> set[str]:
        """Codes of all that went wrong."""
        return {code for error in self.errors.values() for code in only_reasons(error.problems)}


def check_secrets(connection: Connection, secrets: SecretStore) -> Iterator[Check]:
    """Whether all that the connection names is there, and closed to others; what is wrong with a file once."""
    found = list(secret_sources(connection))
    wrong: dict[str, HubError] = {}
    for source in found:
        try:
            secrets.read(source)
        except HubError as error:
            wrong.setdefault(str(error), error)
    for one in wrong.values():
        yield from failures("secrets", one)
    if not wrong:
        yield ok("secrets", f"{len(found)} named, all there" if found else "none needed")


def secret_sources(connection: Connection) -> Iterator[SecretSource]:
    """Every secret that a connection names, each once."""
    signatures = connection.webhooks.signature if connection.webhooks else ()
    remote = (connection.sftp,) if connection.sftp else ()
    blocks: list[Declared] = [*connection.auth, *signatures, *remote, connection]
    yield from dict.fromkeys(source for block in blocks for source in sources_in(block))


def look(kinds: Sequence[Kind], opened: Callable[[Looked], AbstractContextManager[Source]]) -> Looked:
    """Ask for the first page of each stream; nothing is kept."""
    looked = Looked()
    try:
        with opened(looked) as source:
            for kind in kinds:
                _read(source, kind, looked)
                if looked.seen and not any(seen.status for seen, _ in looked.seen):
                    break  # nobody is there: who waits for the others waits in vain
    except HubError as error:
        looked.errors.update(dict.fromkeys(kinds, error))
    return looked


def _read(source: Source, kind: Kind, looked: Looked) -> None:
    pages = source.read(kind, None)
    try:
        with closing(pages):  # type: ignore[type-var]
            page = next(pages)
            looked.counts[kind] = len(page.records) + len(page.rejected)
    except StopIteration:
        looked.counts[kind] = 0
    except HubError as error:
        looked.errors[kind] = error


def check_answers(connection: Connection, looked: Looked) -> Iterator[Check]:
    """What the look shows, a line each."""
    if not connection.pull:
        yield warn("read", "no stream is read, so nothing was asked", "It is only written to; send a record to try it")
        return
    yield from _reach(looked)
    if not any(seen.status for seen, _ in looked.seen):
        return
    yield from _let_in(connection, looked)
    yield from _scopes(connection, looked)
    for kind in connection.pull:
        yield from _stream(kind, looked)
    yield _clock(looked)
    yield _limits(connection, looked)


def _reach(looked: Looked) -> Iterator[Check]:
    answered = [seen for seen, _ in looked.seen if seen.status]
    if answered:
        yield ok("reach", f"answers in {min(seen.seconds for seen in answered) * 1000:.0f} ms")
        return
    yield from failures("reach", next(iter(looked.errors.values())))


def _let_in(connection: Connection, looked: Looked) -> Iterator[Check]:
    refused = [error for error in looked.errors.values() if _NOT_LET_IN & set(only_reasons(error.problems))]
    if refused:
        yield from failures("authenticate", refused[0])
    elif not looked.counts and not (looked.reasons & _NOT_ALLOWED):
        yield warn("authenticate", "not known: nothing could be read", "Mend what stands below, then look again")
    elif connection.auth:
        yield ok("authenticate", "let in as " + " and ".join(scheme.scheme for scheme in connection.auth))
    else:
        yield ok("authenticate", "the system asks for no secret")


def _scopes(connection: Connection, looked: Looked) -> Iterator[Check]:
    """Of what a token server gave: what was asked for and is missing."""
    for scheme in connection.auth:
        asked = set((getattr(scheme, "scope", None) or "").split())
        granted = _granted(looked) if isinstance(scheme, TokenScheme) or hasattr(scheme, "scope") else None
        if not asked or granted is None:
            continue
        if missing := sorted(asked - granted):
            hint = "Let the system grant them to this client, or take them out of 'scope'"
            yield warn("scopes", f"asked for and not granted: {' '.join(missing)}", hint)
        else:
            yield ok("scopes", f"granted: {' '.join(sorted(granted))}")


def _granted(looked: Looked) -> set[str] | None:
    for seen, _ in looked.seen:
        try:
            said = json.loads(seen.received)
        except ValueError:
            continue
        if isinstance(said, dict) and isinstance(said.get("scope"), str) and "access_token" in said:
            return set(said["scope"].split())
    return None


def _stream(kind: Kind, looked: Looked) -> Iterator[Check]:
    about = f"read {kind}"
    error = looked.errors.get(kind)
    if error is None:
        count = looked.counts.get(kind, 0)
        yield ok(about, f"{count} {'record' if count == 1 else 'records'} on the first page")
        return
    reasons = set(only_reasons(error.problems))
    if reasons & _NOT_ALLOWED:
        yield fail(about, "we are known and not allowed to", "Give the account the right, or take the stream out")
    elif not reasons & _NOT_LET_IN:
        yield from failures(about, error)


def _clock(looked: Looked) -> Check:
    told = [(http_date(seen.headers.get("date")), at, seen.seconds) for seen, at in looked.seen if seen.status]
    skews = [_skew(date, at, seconds) for date, at, seconds in told if date is not None and date.tzinfo is not None]
    if not skews:
        return warn("clock", "the system tells no time (no Date header)", "See that this machine's clock runs by NTP")
    skew = min(skews, key=abs)
    if abs(skew) < SKEW_SEEN:
        return ok("clock", "the same as here")
    said = f"theirs is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    hint = "Let this machine's clock run by NTP; if it does, tell the vendor"
    if abs(skew) < SKEW_TOO_MUCH:
        return warn("clock", said, hint)
    return fail("clock", f"{said}: tokens and signatures fail, changes are missed", hint)


def _skew(date: datetime, at: datetime, seconds: float) -> float:
    """Theirs minus ours, when the answer was on its way; a Date header leaves out the part of a second."""
    return (date - at).total_seconds() + seconds / 2 + 0.5


def _limits(connection: Connection, looked: Looked) -> Check:
    spec = connection.limits
    kept = " and ".join(f"{rate.requests} requests per {rate.per_seconds:g} s" for rate in spec.rate)
    kept = " and ".join(filter(None, (kept, f"{spec.points.capacity} points" if spec.points else "")))
    said = {name.lower(): value for seen, _ in looked.seen for name, value in seen.headers.items()}
    allowed = next((value for name, value in said.items() if _ALLOWED.match(name)), None)
    left = next((value for name, value in said.items() if _LEFT.match(name)), None)
    words = f"it says {allowed or 'nothing of a limit'}" + (f", {left} left" if left else "")
    if any(seen.status == 429 for seen, _ in looked.seen):
        hint = "Another program uses the same allowance, or 'limits' are set too high: lower them, or 'share'"
        return fail("rate limit", "asked too often already (429)", hint)
    if not kept and (allowed or left):
        return warn("rate limit", f"{words}; the connection declares none", "Write it into 'limits' of the connection")
    return ok("rate limit", f"{words}; " + (f"the connection keeps to {kept}" if kept else "none declared"))
