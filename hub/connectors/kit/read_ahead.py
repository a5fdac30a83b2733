"""Fetch the next page while the one before is being written: each waits for the other's network and disk only."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread

from hub.canonical.ids import Kind
from hub.ports import Page, Source

_WAKE_SECONDS = 0.2


class ReadAhead:
    """A source that is read one page ahead, in a thread. Pages, their order and errors are those of the source."""

    def __init__(self, source: Source) -> None:
        self.system = source.system
        self._source = source

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`; who stops reading in the middle leaves nothing running."""
        pages: Queue[Page | BaseException | None] = Queue(maxsize=1)
        over = Event()
        thread = Thread(target=self._read, args=(kind, cursor, pages, over), name=f"read {self.system}", daemon=True)
        thread.start()
        try:
            while (page := pages.get()) is not None:
                if isinstance(page, BaseException):
                    raise page
                yield page
        finally:
            over.set()
            thread.join()

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`."""
        return self._source.fetch(kind, record_id)

    def _read(self, kind: Kind, cursor: str | None, pages: "Queue[Page | BaseException | None]", over: Event) -> None:
        try:
            for page in self._source.read(kind, cursor):
                if not _put(pages, page, over):
                    return
            _put(pages, None, over)
        except BaseException as error:  # noqa: BLE001 - it is raised where the pages are read
            _put(pages, error, over)


def _put(pages: "Queue[Page | BaseException | None]", page: Page | BaseException | None, over: Event) -> bool:
    while not over.is_set():
        try:
            pages.put(page, timeout=_WAKE_SECONDS)
        except Full:
            continue
        return True
    return False
