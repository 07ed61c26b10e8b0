"""Somebody who follows a guide: a checkout, and terminals in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.examples.terminal import COMMAND_SECONDS, Terminal
from tests.waiting import wait_until


@dataclass(frozen=True)
class Newcomer:
    """`environment`: of each terminal; `logs`: an empty folder for what they print."""

    root: Path
    environment: dict[str, str]
    logs: Path

    def terminal(self, *blocks: str) -> Terminal:
        log = self.logs / f"terminal-{len(list(self.logs.iterdir()))}.log"
        return Terminal(blocks, self.root, self.environment, log)

    def run(self, *blocks: str, seconds: float = COMMAND_SECONDS, status: int = 0) -> str:
        with self.terminal(*blocks) as terminal:
            return terminal.finish(seconds, status)

    def shown(self, block: str, complete: Callable[[str], bool]) -> str:
        """What the block prints, once that is complete: asked again as somebody asks who waits for it."""
        output = ""

        def asked() -> bool:
            nonlocal output
            with self.terminal(block) as terminal:
                output = terminal.ended()
            return complete(output)

        try:
            wait_until(asked, block)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it prints:\n{output}") from None
        return output
