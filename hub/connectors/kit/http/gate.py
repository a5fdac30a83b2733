"""How often one server may be asked: requests in a stretch of time, cost points, and how many at once.

One gate stands before each connection's server in a process, shared by its threads. Where the hub has its database,
rates, points and pauses are kept there, for all its processes together; how many at once, and whether a server is down,
each process sees for itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore, Event, Lock
from time import monotonic
from typing import Any

from pyrate_limiter import InMemoryBucket, RateItem
from pyrate_limiter import Rate as Window

from hub.connectors.kit.http.arrivals import Arrivals
from hub.connectors.kit.http.breaker import Breaker
from hub.connectors.kit.http.pause import Pause
from hub.connectors.kit.http.points import PointsBucket
from hub.connectors.kit.http.shared_rates import SharedPoints, SharedRates
from hub.connectors.kit.http.shared_rates import Window as SharedWindow
from hub.connectors.kit.spec.limits import LimitsSpec, Points, Rate
from hub.connectors.kit.values import value_at
from hub.errors import Problem, RetryLater
from hub.ports.allowances import Allowances


class Gate:
    """Before one server."""

    def __init__(
        self,
        spec: LimitsSpec,
        name: str = "the server",
        *,
        allowances: Allowances | None = None,
        clock: Callable[[], float] = monotonic,
        rest: Callable[[float], object] | None = None,
    ) -> None:
        """`allowances`: where all processes count together; without it this one counts alone."""
        self.name = name
        self.spec = spec
        self._clock = clock
        self._rest = rest or Event().wait
        self._breaker = Breaker(spec.give_up_after, spec.leave_alone_seconds, clock)
        self._rates = _rates(spec, name, clock, allowances)
        windows = [(one.limit, one.interval / 1000) for one in _windows(spec.rate, spec.share)]
        self._arrivals = Arrivals(windows, clock)
        self._points = _points(spec, name, clock, allowances)
        self._places = BoundedSemaphore(spec.concurrent) if spec.concurrent else nullcontext()
        self._pause = Pause(name, allowances, clock)

    @contextmanager
    def passing(self, cost: int = 0, longest: float | None = None) -> Iterator[None]:
        """Wait for a turn and hold a place for one request of so many points (0: the declared cost).

        `longest` is how many seconds anybody waits here for a turn, by default the declared ones.

        Raises:
            RetryLater: the turn is further away than anybody waits here, or the server is left alone.
        """
        longest = self.spec.longest_wait_seconds if longest is None else longest
        with self._places:
            self._breaker.enter(self.name)
            self._wait(self._pause.due_in, longest)
            if self._points is not None:
                self._wait(lambda points=self._points: points.take(self.cost(cost)), longest)  # type: ignore[misc]
            if self._rates is not None:
                self._wait(self._arrivals.due_in, longest)
                self._wait(self._rates.due_in, longest)
            with self._arrivals.noted():
                yield

    def cost(self, points: int = 0) -> int:
        """What a request is reckoned at."""
        return points or (self.spec.points.cost if self.spec.points else 0)

    def pause(self, seconds: float) -> None:
        """Nobody asks for so long: the server said so."""
        self._pause.last(seconds)

    def settle(self, reckoned: int, body: Any) -> int | None:
        """What the answer says a request did cost, which corrects what is left."""
        spec = self.spec.points
        if spec is None or self._points is None:
            return None
        cost, left = _number(body, spec.cost_path), _number(body, spec.left_path)
        self._points.correct(cost - reckoned if cost is not None else 0.0, left)
        return None if cost is None else int(cost)

    def succeeded(self) -> None:
        """The server answered."""
        self._breaker.succeeded()

    def failed(self) -> None:
        """The server is down, or fails."""
        self._breaker.failed()

    def _wait(self, due_in: Callable[[], float], longest: float) -> None:
        waited = 0.0
        while (seconds := due_in()) > 0:
            if waited + seconds > longest:
                hint = (
                    "It asked for a pause, or the allowance of the connection's 'limits' is used up; nothing was sent"
                )
                problem = Problem(f"{self.name} may not be asked yet", code="rate_limited", hint=hint)
                raise RetryLater(problem, after_seconds=seconds)
            self._rest(seconds)
            waited += seconds


class OwnRates:
    """The windows of one process that counts alone."""

    def __init__(self, name: str, windows: list[Window], clock: Callable[[], float]) -> None:
        self._bucket = InMemoryBucket(windows)
        self._name = name
        self._clock = clock
        self._lock = Lock()

    def due_in(self) -> float:
        """Take a turn (0), or say in how many seconds it is worth asking again."""
        now = int(self._clock() * 1000)
        with self._lock:
            self._bucket.leak(now)
            item = RateItem(self._name, now)
            if self._bucket.put(item):
                return 0.0
            wait = self._bucket.waiting(item)
            return max(wait, 1) / 1000 if isinstance(wait, int) else 0.0


def _rates(
    spec: LimitsSpec, name: str, clock: Callable[[], float], allowances: Allowances | None
) -> OwnRates | SharedRates | None:
    windows = _windows(spec.rate, spec.share)
    if not windows:
        return None
    if allowances is None:
        return OwnRates(name, windows, clock)
    return SharedRates(name, [SharedWindow(one.limit, one.interval / 1000) for one in windows], allowances, clock)


def _windows(rates: Sequence[Rate], share: float) -> list[Window]:
    """Without those that others imply; the library takes only windows that each say something."""
    kept: list[Window] = []
    for rate in sorted(rates, key=lambda one: (one.per_seconds, one.requests)):
        window = Window(max(1, int(rate.requests * share)), int(rate.per_seconds * 1000))
        while kept and kept[-1].limit >= window.limit:
            kept.pop()
        if not kept or window.limit / window.interval < kept[-1].limit / kept[-1].interval:
            kept.append(window)
    return kept


def _points(
    spec: LimitsSpec, name: str, clock: Callable[[], float], allowances: Allowances | None
) -> PointsBucket | SharedPoints | None:
    points: Points | None = spec.points
    if points is None:
        return None
    capacity, per_second = points.capacity * spec.share, points.per_second * spec.share
    if allowances is None:
        return PointsBucket(capacity, per_second, clock)
    return SharedPoints(name, capacity, per_second, allowances)


def _number(body: Any, path: str | None) -> float | None:
    value = value_at(body, path) if path else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
