"""What is wrong with the file: one line for each mistake, with its place, what is wrong and what would be right."""

from collections.abc import Iterable
from dataclasses import dataclass

from reduse.errors import SettingError

Path = tuple[str | int, ...]

MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Mistake:
    """`path`: keys and positions from the top of the file; `line`: its line in the file, from 1, where it is known.

    Neither `wrong` nor `right` shows a value that may be a secret.
    """

    path: Path
    wrong: str
    right: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The path as people write it: `services[1].objectives[0].target`."""
        place = ""
        for step in self.path:
            place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else step
        return place or "the file"

    def __str__(self) -> str:
        where = f"{self.place} (line {self.line})" if self.line else self.place
        end = "" if self.right.endswith(("?", ".")) else "."
        return f"{where}: {self.wrong}; {self.right}{end}"


class WatchError(SettingError):
    """The file cannot be used; the message has a line for each mistake. Exit status 2."""

    def __init__(self, file: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        lines = [f"  {mistake}" for mistake in self.mistakes[:MOST_SHOWN]]
        if left := len(self.mistakes) - len(lines):
            lines.append(f"  and {left} more mistakes.")
        super().__init__("\n".join([f"{file} cannot be used:", *lines]))
