"""Set-up as steps that say what they do and how long it took; some of them side by side."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from reduse.stack.commands import cancelled

Result = TypeVar("Result")


class Steps:
    """Shows steps under way: a spinner each on a terminal, a line at the start and at the end elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    @contextmanager
    def shown(self) -> Iterator["Steps"]:
        with self._progress:
            yield self

    def run(self, title: str, work: Callable[[], Result]) -> Result:
        """Do `work` under `title`; what it raises goes through, with the step marked as failed."""
        task = self._start(title)
        started = time.monotonic()
        try:
            result = work()
        except BaseException:
            self._end(task, title, started, failed=True)
            raise
        self._end(task, title, started, failed=False)
        return result

    def together(self, work: dict[str, Callable[[], object]]) -> None:
        """Do several steps side by side; the first failure ends the others and is raised."""
        with ThreadPoolExecutor(max_workers=max(1, len(work))) as pool:
            futures = [pool.submit(self.run, title, step) for title, step in work.items()]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                cancelled.set()
                raise

    def _start(self, title: str) -> TaskID:
        if not self._console.is_terminal:
            self._console.print(f"… {title}")
        return self._progress.add_task(title, total=1)

    def _end(self, task: TaskID, title: str, started: float, *, failed: bool) -> None:
        elapsed = time.monotonic() - started
        if failed:
            self._progress.update(task, description=f"[red]✗ {title}[/]")
            self._progress.stop_task(task)
        else:
            self._progress.update(task, completed=1)
        if not self._console.is_terminal:
            self._console.print(f"{'✗' if failed else '✓'} {title}, {elapsed:.1f} s")
