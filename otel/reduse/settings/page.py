"""The reference page of all settings, from the table."""

from collections.abc import Sequence

from reduse.settings.setting import Setting
from reduse.settings.stack import CHECKOUT

HEAD = """<!-- Written by `./reduse settings --markdown`; do not edit. -->
# Settings

Each setting is an environment variable. `./reduse settings` lists all settings with their current values and where
these come from; `--json` prints this for scripts. An unknown name that begins with `REDUSE_` is an error, and the
message suggests the name that was probably meant. Settings of other parts may always be set.

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
