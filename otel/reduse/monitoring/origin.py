"""What generated files say of where they come from."""

from dataclasses import dataclass

COMMAND = "./reduse render"


@dataclass(frozen=True, slots=True)
class Origin:
    """`file`: what is to be changed in place of the generated file, as people call it."""

    file: str

    @property
    def told(self) -> str:
        """One line of text."""
        return f"Generated from {self.file} by `{COMMAND}`. Do not edit."

    def comment(self) -> str:
        """At the head of a file of YAML."""
        return f"# {self.told}\n"

    def markdown(self) -> str:
        """At the head of a file of Markdown."""
        return f"<!-- {self.told} -->\n"
