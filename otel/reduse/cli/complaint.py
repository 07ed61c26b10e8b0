"""A message of an error, on standard error."""

from rich.console import Console
from rich.markup import escape


def complain(message: str) -> None:
    Console(stderr=True).print(f"[red]reduse:[/] {escape(message)}", highlight=False, soft_wrap=True)
