"""An event loop with one session, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")


class SessionThread:
    """Runs coroutines with one session, for callers in any other thread.

    Args:
        name: Of the thread.
        open_session: Called once in the loop's thread, at `start`.
    """

    def __init__(self, name: str, open_session: Callable[[], aiohttp.ClientSession]) -> None:
        self._name = name
        self._open_session = open_session
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session; for use in the loop's thread alone.

        Raises:
            RuntimeError: the thread is not running.
        """
        if self._session is None:
            raise RuntimeError(f"Use the {self._name} as a context manager.")
        return self._session

    @property
    def is_closed(self) -> bool:
        """Whether the loop has ended: nothing that was submitted runs any more."""
        return self._loop.is_closed()

    def start(self) -> None:
        """Start the thread and open the session."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        self._thread.start()
        self._session = self.submit(self._open()).result()

    def stop(self) -> None:
        """Cancel what is still running, close the session and end the thread."""
        self.submit(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; cancelling what comes back cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call a quick function in the loop's thread."""
        self._loop.call_soon_threadsafe(callback)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> aiohttp.ClientSession:
        return self._open_session()

    async def _close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None
