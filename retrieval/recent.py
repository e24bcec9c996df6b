"""A mapping in memory that keeps what was asked for last, up to a size."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that keeps those of its values that were asked for last, up to a size; safe in any thread."""

    def __init__(self, most: int, size: Callable[[K, V], int]) -> None:
        """Take the most that is kept, and how much of it a name and its value are."""
        self._most = most
        self._size = size
        self._kept = 0
        self._known: OrderedDict[K, tuple[V, int]] = OrderedDict()  # with their sizes; the last asked for last
        self._held = threading.Lock()
        self.cleared = 0
        """How often all was forgotten."""

    def known(self, name: K) -> V | None:
        """Give a value, if it is known."""
        with self._held:
            value, _ = self._known.get(name, (None, 0))
            return value

    def get(self, names: Iterable[K], read: Callable[[Sequence[K]], dict[K, V]]) -> dict[K, V]:
        """Give the values, and have those read that are not known."""
        names = list(names)
        with self._held:
            found = {name: self._known[name][0] for name in names if name in self._known}
            cleared = self.cleared
        missing = [name for name in names if name not in found]
        fresh = read(missing) if missing else {}
        self.keep(found | fresh, cleared)
        return {name: (found if name in found else fresh)[name] for name in names if name in found or name in fresh}

    def keep(self, values: dict[K, V], cleared: int | None = None) -> None:
        """Keep values, unless others were cleared since.

        A name's value never changes, but it may grow in memory: it counts as it did at first.
        """
        with self._held:
            if cleared not in (None, self.cleared):
                return  # it was read before what is to be forgotten was
            for name, value in values.items():
                if name in self._known:
                    self._known.move_to_end(name)
                else:
                    self._known[name] = value, (size := self._size(name, value))
                    self._kept += size
            while self._kept > self._most:
                _, (_, size) = self._known.popitem(last=False)
                self._kept -= size

    def clear(self) -> None:
        """Forget everything."""
        with self._held:
            self._known.clear()
            self._kept = 0
            self.cleared += 1
