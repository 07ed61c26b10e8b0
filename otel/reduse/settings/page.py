"""The reference page of all settings, from the table."""

from collections.abc import Sequence

from reduse.settings.setting import Setting
from reduse.settings.stack import CHECKOUT

HEAD = """<!-- Written by `./reduse settings --markdown`; do not edit. -->
# Settings

Each is an environment variable. `./reduse settings` lists them with the value that each has here and where it comes
from, `--json` for a script. A name that begins with `REDUSE_` and is not among them is refused, with the one that was
meant; one that belongs to another part may always be set.

"""


def written(rows: Sequence[Setting]) -> str:
    """The page in Markdown."""
    lines = ["| setting | read by | type | default | |", "|---|---|---|---|---|"]
    lines += [
        f"| `{row.name}` | {', '.join(row.readers)} | {row.kind} | {_default(row.default)} | {_cell(row.help)} |"
        for row in rows
    ]
    return HEAD + "\n".join(lines) + "\n"


def _default(default: str | None) -> str:
    if default is None:
        return ""
    # Of the machine that the page is written on nothing is to be in it.
    here = str(CHECKOUT)
    if default == here:
        return "the checkout"
    return f"`{default.replace(f'{here}/', '')}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
