"""The note in generated files that says what they are generated from."""

from dataclasses import dataclass

COMMAND = "./reduse render"


@dataclass(frozen=True, slots=True)
class Origin:
    """`file`: the file to edit instead of the generated one, as it is displayed."""

    file: str

    @property
    def told(self) -> str:
        """The note as one line of text."""
        return f"Generated from {self.file} by `{COMMAND}`. Do not edit."

    def comment(self) -> str:
        """The note as a YAML comment."""
        return f"# {self.told}\n"

    def markdown(self) -> str:
        """The note as a Markdown comment."""
        return f"<!-- {self.told} -->\n"
