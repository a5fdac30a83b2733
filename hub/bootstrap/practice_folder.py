"""What an implementation team writes, read and checked as a whole."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.bootstrap.joined import find_table_problems, find_unjoined, joined
from hub.canonical.identity import IdentityRules
from hub.canonical.ids import Kind
from hub.canonical.practice import Practice, read_sound_practice
from hub.canonical.practice_money import find_falling_fees
from hub.canonical.practice_soundness import find_unasked, find_unmet
from hub.connectors.calendar_owners import find_owner_problems
from hub.connectors.kit.connection import Connection, read_connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.ways import find_blind_spots
from hub.connectors.registry import find_file_problems
from hub.documents import Path as Place
from hub.documents import parse
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.governance.agreements import FILE as AGREEMENTS_FILE
from hub.governance.agreements import Agreements, read_agreements
from hub.mapping.split_writing import find_unwritable
from hub.settings import Settings
from hub.sync.system_of_record import RecordRules, read_record_rules

_SENDS_UNSEEN = ("rest", "graphql")
"""Who writes without looking first where the stream has no `one`."""


@dataclass(frozen=True)
class PracticeFolder:
    """What an implementation team writes: `connections/*.yaml` and the practice, records and agreements files."""

    path: Path
    text: str
    practice: Practice
    connections: Mapping[str, Connection]
    """By system name."""
    agreements: Agreements
    """Without the file `agreements.yaml`: none, and nothing personal moves."""
    rules: RecordRules = field(default_factory=RecordRules)
    """Whose word counts for which field: `records.yaml`, where there is one."""
    identity: IdentityRules = field(default_factory=IdentityRules)
    """What a score of two patients decides: `identity.yaml`, where there is one."""

    def connection(self, system: str) -> Connection:
        """The connection to a system.

        Raises:
            InvalidInput: the practice has none of that name.
        """
        try:
            return self.connections[system]
        except KeyError:
            known = ", ".join(sorted(self.connections)) or "none"
            message = f"there is no connection {system!r}"
            raise InvalidInput(
                Problem(message, file=str(self.path / "connections"), hint=f"There are: {known}")
            ) from None


def read_named_practice(settings: Settings) -> PracticeFolder:
    """As `read_practice_folder`, where the example must not stand in for somebody's own practice.

    Raises:
        NeedsAttention: nobody said which folder it is, too.
    """
    if not settings.is_practice_named:
        message = "nobody said whose practice it is; the example's is not taken for it"
        raise NeedsAttention(Problem(message, field="HUB_PRACTICE", hint="Set it to the practice folder"))
    return read_practice_folder(settings)


def read_practice_folder(settings: Settings) -> PracticeFolder:
    """Read and check every file of the practice folder.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
        NeedsAttention: the folder or its practice file is not there.
    """
    file = settings.practice / "practice.yaml"
    text = _read(file)
    practice = read_sound_practice(text, str(file))
    connections = [_connection(path, settings) for path in sorted((settings.practice / "connections").glob("*.yaml"))]
    by_system = {each.system: each for each in connections}
    unjoined = [_in_connection(settings, *wrong) for wrong in find_unjoined(by_system)]
    if unjoined:
        raise InvalidInput(*unjoined)
    by_system = joined(by_system)
    agreements = _agreements(settings.practice, by_system)
    problems = tuple(find_owner_problems(practice, parse(text, str(file)), by_system, agreements.covered))
    if problems:
        raise InvalidInput(*problems)
    identity = _identity(settings.practice / "identity.yaml")
    rules = _rules(settings, by_system)
    return PracticeFolder(settings.practice, text, practice, by_system, agreements, rules, identity)


def _rules(settings: Settings, systems: Collection[str]) -> RecordRules:
    file = settings.practice / "records.yaml"
    return read_record_rules(_read(file), str(file), systems) if file.exists() else RecordRules()


def _identity(file: Path) -> IdentityRules:
    return parse(_read(file), str(file)).read_as(IdentityRules) if file.exists() else IdentityRules()


def check_practice_folder(settings: Settings) -> PracticeFolder:
    """The folder, with the mapping tables of its connections read as well; errors as `read_practice_folder`."""
    folder = read_practice_folder(settings)
    connections = folder.connections.values()
    problems = [problem for each in connections for problem in _without_table(each, folder.practice, settings)]
    problems += [problem for each in connections for problem in _of_files(each, settings)]
    problems += find_join_problems(folder, settings)
    if problems:
        raise InvalidInput(*problems)
    return folder


def find_notes(folder: PracticeFolder) -> Iterator[Problem]:
    """What is not wrong and a person should know, with its place: what nobody can do, or sees when it happens."""
    practice_file = parse(folder.text, str(folder.path / "practice.yaml"))
    yield from find_unmet(folder.practice, practice_file)
    yield from find_unasked(folder.practice, practice_file)
    yield from find_falling_fees(folder.practice, practice_file)
    for connection in folder.connections.values():
        file = folder.path / "connections" / f"{connection.system}.yaml"
        document = parse(_read(file), str(file))
        yield from (document.problem(where, said, hint) for where, said, hint in find_blind_spots(connection))


def _without_table(connection: Connection, practice: Practice, settings: Settings) -> Iterator[Problem]:
    """Streams whose records no table reads or writes, or whose table cannot write."""
    tables = load_mappings(settings.mappings, connection.mappings, settings.practice)
    file = settings.practice / "connections" / f"{connection.system}.yaml"
    for kind in connection.streams:
        if kind not in tables:
            message = f"no mapping table of {connection.mappings} reads a {kind}"
            hint = f"Add {kind}.yaml beside the others"
            yield parse(_read(file), str(file)).problem(("streams", kind), message, hint)
        elif kind in connection.push:
            table = parse(tables[kind].text, tables[kind].table.file)
            unwritable = find_unwritable(tables[kind].table, connection.key_beside(kind))
            yield from (table.problem(*one) for one in unwritable)
            is_apart = tables[kind].table.each is not None
            if is_apart and (wrong := _not_by_parts(connection, kind, practice)):
                yield parse(_read(file), str(file)).problem(("streams", kind), *wrong)


def find_join_problems(folder: PracticeFolder, settings: Settings) -> Iterator[Problem]:
    """Tables that do not go together where records say more of others.

    Raises:
        InvalidInput: one of the tables cannot be read.
    """
    all_ = folder.connections
    tables = {name: load_mappings(settings.mappings, each.mappings, settings.practice) for name, each in all_.items()}
    for name, each in all_.items():
        for kind in (kind for kind in each.streams if kind in tables[name]):
            table = parse(tables[name][kind].text, tables[name][kind].table.file)
            found = find_table_problems(each, kind, all_, tables, folder.rules)
            yield from (table.problem(*one) for one in found)


def _in_connection(settings: Settings, name: str, where: Place, message: str, hint: str) -> Problem:
    file = settings.practice / "connections" / f"{name}.yaml"
    return parse(_read(file), str(file)).problem(where, message, hint)


def _not_by_parts(connection: Connection, kind: Kind, practice: Practice) -> tuple[str, str] | None:
    """What of a connection keeps parts of records from being written, and what to do."""
    if connection.connector in _SENDS_UNSEEN and connection.streams[kind].one is None:
        message = f"{kind}.yaml takes records apart, and a part is written onto its record as it stands there"
        return message, "Add 'one', by which the record is read; or say direction: pull"
    if kind is Kind.VISIT and connection.system in map(practice.vendor_of, (one.id for one in practice.locations)):
        message = f"{kind}.yaml takes records apart, and who owns a calendar confirms whole records"
        return message, "Map one visit a record, or let the hub own the calendar"
    return None


def _of_files(connection: Connection, settings: Settings) -> Iterator[Problem]:
    """What is wrong in the files beside a connection; where it stands in the connection itself, with that place."""
    file = settings.practice / "connections" / f"{connection.system}.yaml"
    for where, problem in find_file_problems(connection, settings.practice):
        document = parse(_read(file), str(file))
        yield problem if problem.file else document.problem(where, problem.message, problem.hint)


def _connection(file: Path, settings: Settings) -> Connection:
    text = _read(file)
    connection = read_connection(text, str(file))
    if connection.system != file.stem:
        hint = f"Rename the file to {connection.system}.yaml, or the system to {file.stem}"
        raise InvalidInput(parse(text, str(file)).problem(("system",), f"the file is called {file.stem!r}", hint))
    replaced = settings.connection_urls.get(connection.system)
    return connection.model_copy(update={"base_url": replaced}) if replaced else connection


def _agreements(folder: Path, systems: Mapping[str, Connection]) -> Agreements:
    file = folder / AGREEMENTS_FILE
    return read_agreements(_read(file), str(file), systems) if file.exists() else Agreements()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "HUB_PRACTICE names the practice folder"
        raise NeedsAttention(Problem("this file is not there", file=str(file), hint=hint)) from None
    except UnicodeDecodeError:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from None
