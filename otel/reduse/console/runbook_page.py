"""A runbook as a page."""

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from reduse.monitoring.runbooks import HEADER, documents

_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="icon" href="/static/icon.svg">'
    '<link rel="stylesheet" href="/static/styles/colors.css"><link rel="stylesheet" href="/static/styles/page.css">'
    '<script src="/static/theme.js" type="module"></script>'
)
_OTHER_RUNBOOK = re.compile(r"(?:\.?/)?([A-Za-z0-9]+)\.md(#.*)?")


def page(name: str) -> str | None:
    """The page of this alert's runbook; None when it has none."""
    text = documents().get(name)
    if text is None:
        return None
    # No HTML of the text's own.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text.replace(HEADER, ""))
    for token in tokens:
        _lead_here(token.children or [])
    return (
        f"{_HEAD}<title>{escape(name)} · reduse</title></head>"
        '<body><main class="runbook"><p><a href="/#/alerts">← Alerts</a></p>'
        f"{markdown.renderer.render(tokens, markdown.options, {})}</main></body></html>"
    )


def _lead_here(tokens: list[Token]) -> None:
    """Links to other runbooks lead to their pages; those to other files of the checkout say which, and lead nowhere."""
    for token in tokens:
        if token.type != "link_open":
            continue
        address = str(token.attrGet("href"))
        if (other := _OTHER_RUNBOOK.fullmatch(address)) and other[1] in documents():
            token.attrSet("href", f"/runbooks/{other[1]}")
        elif not address.startswith(("http://", "https://")):
            token.attrs = {"title": address}
