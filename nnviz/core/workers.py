"""Workers, which call functions side by side: threads, processes, or the workers of a Dask cluster.

A thread of this process waits for each worker, so that a program uses all kinds of workers alike. If a worker
is killed, only its own call is repeated.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Event, local
from typing import TYPE_CHECKING, Any

from nnviz.core.entries import check_known
from nnviz.core.numbers import one_line

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

RETRIES = 3
"""Number of times that a call is repeated after its worker was killed; the default of Dask is the same."""
LOOK_S = 0.05
"""Seconds between two looks whether to stop."""
CONNECT_S = 5
"""Seconds in which the scheduler of a cluster must answer."""
KILLED = f"a run was given up because its worker was killed {1 + RETRIES} times"


class WorkerError(RuntimeError):
    """Error for workers that cannot be started or reached, or that were killed. The message is a sentence."""


class Threads:
    """Calls functions in the threads of this process. Base class of the other kinds of workers.

    `count` is the number of workers, by default that of the processors. The calls end early when `stop` is
    set. At the end, set `stop`, wait for the threads, and use `close`.
    """

    def __init__(self, jobs: int | None = None, stop: Event | None = None) -> None:
        self.count, self.stop = jobs or os.cpu_count() or 1, stop or Event()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the result of `function`, or None if the call was stopped.

        The function gets the arguments, and at the end a function that returns whether to stop. The first
        argument is sent to a worker only once if it is the same in several calls. Raises WorkerError.
        """
        return function(*arguments, self.stop.is_set)

    def close(self) -> None:
        """End the workers."""


class Processes(Threads):
    """Calls functions in processes: each thread starts a process of its own.

    Use `call` in threads other than the main one, because `call` blocks the signal of Ctrl+C in its thread.
    When one process is killed, a pool of the standard library loses the calls of all processes. If the
    process is just sending a result, the pool waits for ever. Here each process has a pipe of its own, which
    breaks when the process ends.
    """

    def __init__(self, jobs: int | None = None) -> None:
        super().__init__(jobs)
        from multiprocessing import resource_tracker  # imported late, since the window must appear fast

        resource_tracker.ensure_running()  # later, its start would let Ctrl+C through to the first process
        self._own, self._started = local(), list[Any]()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: D102
        own, (shared, *others) = self._own, arguments
        for _ in range(1 + RETRIES):
            if self.stop.is_set():
                return None
            if getattr(own, "process", None) is None:
                own.process, own.pipe, own.shared = *self._start(), None
            try:
                own.pipe.send((function, None if shared is own.shared else shared, *others))
                own.shared = shared
                while not own.pipe.poll(LOOK_S):
                    if self.stop.is_set():
                        return None
                result, error = own.pipe.recv()
            except (EOFError, OSError):  # the process has ended: by an error, or by a signal
                ended, own.process = own.process, None
                ended.join()
                if (ended.exitcode or 0) > 0:  # None if another thread has learned of the end first
                    how = 'a script must call it below `if __name__ == "__main__":`'
                    raise WorkerError(f"the processes of a sweep do not start; {how}") from None
                continue
            if error:
                raise error
            return result
        raise WorkerError(KILLED)

    def _start(self) -> tuple[BaseProcess, Connection]:
        from multiprocessing import get_context

        if hasattr(signal, "pthread_sigmask"):  # Ctrl+C in a terminal reaches every process
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        context = get_context("spawn")  # a fork would copy locks of threads, and the connection of a window
        pipe, there = context.Pipe()
        process = context.Process(target=_serve, args=(there,), daemon=True)
        process.start()
        there.close()
        self._started.append(process)
        return process, pipe

    def close(self) -> None:  # noqa: D102
        for process in self._started:
            process.kill()
            process.join()


def _serve(pipe: Connection) -> None:
    """Call the functions that come through a pipe, until its other end is closed: this also stops a call."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows
    shared = None
    answer: tuple[Any, Exception | None]
    with suppress(EOFError, OSError):
        while True:
            function, given, *others = pipe.recv()
            shared = shared if given is None else given
            try:
                answer = function(shared, *others, pipe.poll), None
            except Exception as error:
                answer = None, error
            pipe.send(answer)


class Cluster(Threads):
    """Calls functions on the workers of a Dask cluster, by a thread for each of their threads."""

    def __init__(self, scheduler: str, jobs: int | None = None) -> None:
        try:
            from distributed import Client
            from distributed.comm import connect
        except ModuleNotFoundError as error:
            raise WorkerError(f"a Dask cluster needs {error.name}: pip install distributed") from None
        import asyncio

        async def reach() -> None:
            await (await asyncio.wait_for(connect(scheduler), CONNECT_S)).close()

        try:  # first without a client, which would write a traceback when it is deleted
            with ThreadPoolExecutor(1) as pool:  # in a notebook, an event loop runs in this thread
                pool.submit(asyncio.run, reach()).result()
            self._client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except Exception as error:  # of many classes
            why = one_line(str(error)) or f"waited for {CONNECT_S} s"
            raise WorkerError(f"no Dask scheduler answers at {scheduler} ({why})") from None
        super().__init__(jobs or sum(self._client.nthreads().values()))
        self._pool, self._shared = self._client.get_executor(pure=False), dict[int, Any]()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: D102
        from distributed import KilledWorker

        shared, *others = arguments
        if id(shared) not in self._shared:  # the result of a task: Dask makes it again if a worker is killed
            self._shared[id(shared)] = self._client.submit(lambda value: value, shared, pure=False)
        future = self._pool.submit(_call_there, function, self._shared[id(shared)], *others)
        while not wait([future], LOOK_S).done:
            if self.stop.is_set():
                return None
        try:
            return future.result()
        except Exception as error:
            if isinstance(error, ValueError):  # of the function
                raise
            failure = f"the Dask cluster failed ({one_line(repr(error))})"
            raise WorkerError(KILLED if isinstance(error, KilledWorker) else failure) from None

    def close(self) -> None:  # noqa: D102
        self._client.close()


def _call_there(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function on a worker of Dask. The function is stopped when the client has ended."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]
    return function(*arguments, lambda: task.state == "cancelled")


BACKENDS = ("threads", "processes", "dask")


def open_workers(backend: str = "threads", jobs: int | None = None, scheduler: str | None = None) -> Threads:
    """Return workers. Raises ValueError for an invalid backend or scheduler, and WorkerError."""
    check_known(backend, BACKENDS, "backend")
    if (backend == "dask") != bool(scheduler):
        raise ValueError("scheduler: only the backend dask needs an address, such as tcp://host:8786")
    if scheduler:
        return Cluster(scheduler, jobs)
    return Processes(jobs) if backend == "processes" else Threads(jobs)
