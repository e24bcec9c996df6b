"""Where answers are computed, beside the event loop: in a few threads, for Python runs one of them at a time."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# One that computes and one that waits for what releases Python's lock (numpy, the word index): each that is more makes
# all of those at work slower, and none sooner done. Chosen; benchmarks/load.py shows what becomes of it.
AT_ONCE = 2

at_once: ContextVar[bool] = ContextVar("at_once", default=False)
"""Whether what asks may be held up: in a process that does nothing else a thread would cost 5 % of an answer."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="groundwire-computing")


async def computed(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Compute in one of the threads, in turn: the loop goes on, also while a sentence takes long to refuse.

    Raises:
        RuntimeError: the function raised StopIteration, which no future can hold; as from a generator.

    """
    if at_once.get():
        return function(*arguments, **named)
    context = contextvars.copy_context()

    def result() -> T:
        try:
            return context.run(function, *arguments, **named)
        except StopIteration as error:
            raise RuntimeError("What was computed raised StopIteration") from error

    return await asyncio.get_running_loop().run_in_executor(_threads, result)
