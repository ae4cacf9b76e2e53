"""Serves one queue on PostgreSQL: procrastinate wakes a thread with the id of a row.

The rows are the only truth: a call for a chunk that somebody has taken ends at once, and what no
call came for is found at the next look round. So a call is deleted when it is done, and one whose
worker died is thrown away.
"""

import asyncio
import contextlib
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from cyberposture.store.queue import MOVE_SCAN, RUN_CHUNK, make_app
from cyberposture.worker.workplace import LOOK_S, Workplace

if TYPE_CHECKING:
    from procrastinate import App

AGAIN_S = 2.0
"""Before a database that went away is tried again."""
TIDY_S = 30.0


def serve(workplace: Workplace) -> None:
    """Run the chunks of the workplace's vantage until its watchdog is told to halt."""
    database = workplace.register.database
    if database.has_queue:
        asyncio.run(_Server(workplace, database.queue_url).run())
    else:
        workplace.serve_alone()


class _Server:
    """Procrastinate's worker, and the look round beside it."""

    def __init__(self, workplace: Workplace, url: str) -> None:
        self._workplace, self._url = workplace, url
        self._log = structlog.get_logger("worker").bind(worker=workplace.watchdog.name)

    async def run(self) -> None:
        halted = self._workplace.watchdog.halted
        # Threads of our own: calls must not wait for one another, nor the look round for a call.
        with (
            ThreadPoolExecutor(self._workplace.threads, "chunks") as chunks,
            ThreadPoolExecutor(2, "look-round") as looks,
        ):
            while not halted.is_set():
                try:
                    await self._serve_once(chunks, looks)
                except Exception:  # the worker loop must outlive a database that goes away
                    # Without the variables, which hold the password of the database.
                    self._log.error("the queue cannot be served", trace=traceback.format_exc())
                    await asyncio.sleep(AGAIN_S)

    async def _serve_once(self, chunks: ThreadPoolExecutor, looks: ThreadPoolExecutor) -> None:
        app = make_app(self._url)
        self._add_tasks(app, chunks, looks)
        async with app.open_async():
            served = asyncio.create_task(
                app.run_worker_async(
                    queues=[self._workplace.scanner.vantage],
                    concurrency=self._workplace.threads,
                    install_signal_handlers=False,
                    delete_jobs="always",
                )
            )
            looked = asyncio.create_task(self._look_round(app, looks))
            try:
                await asyncio.wait({served, looked}, return_when=asyncio.FIRST_COMPLETED)
                for task in (served, looked):
                    if task.done():
                        task.result()
            finally:
                for task in (served, looked):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    def _add_tasks(self, app: "App", chunks: ThreadPoolExecutor, looks: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        queue = self._workplace.scanner.vantage

        @app.task(name=RUN_CHUNK, queue=queue)
        async def run_chunk(row: str) -> None:
            await loop.run_in_executor(chunks, self._workplace.run_from, UUID(row))

        @app.task(name=MOVE_SCAN, queue=queue)
        async def move_scan(row: str) -> None:
            await loop.run_in_executor(looks, self._workplace.move, UUID(row))

    async def _look_round(self, app: "App", looks: ThreadPoolExecutor) -> None:
        """Look round until the worker is to end."""
        loop = asyncio.get_running_loop()
        tidied = loop.time()
        while not self._workplace.watchdog.halted.is_set():
            if await loop.run_in_executor(looks, self._workplace.look_round):
                await loop.run_in_executor(looks, self._workplace.wake)
            if loop.time() - tidied > TIDY_S:
                await _tidy(app)
                tidied = loop.time()
            with contextlib.suppress(TimeoutError):
                halted = loop.run_in_executor(None, self._workplace.watchdog.halted.wait, LOOK_S)
                await asyncio.wait_for(halted, LOOK_S + 1)


async def _tidy(app: "App") -> None:
    """Throw away the calls whose worker died: their rows say what is to be done again."""
    from procrastinate.jobs import Status

    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
