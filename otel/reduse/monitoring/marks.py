"""Generated text inside a hand-written document, between two marks."""

BEGIN = "<!-- rows: made from the company's file by `./reduse render` -->"
END = "<!-- end of rows -->"


def replace_between_marks(document: str, generated: str, path: str) -> str:
    """`document` with `generated` between its marks.

    Raises:
        ValueError: `document` has lost a mark; the message names it by `path`.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has lost the marks around its table: {BEGIN} and {END}")
    return f"{before}{begin}\n{generated}\n{end}{after}"


def cell(text: str) -> str:
    """Text as it stands in a cell of a Markdown table."""
    return text.replace("|", "\\|")
