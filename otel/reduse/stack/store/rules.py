"""The rules of the product and of the company, from which a store makes the files that it reads."""

from collections.abc import Callable, Mapping
from pathlib import Path

from reduse.monitoring import runbooks
from reduse.settings.stack import Settings
from reduse.stack import company_files


def sources(settings: Settings) -> Mapping[str, str]:
    """The text of each rule file, by its name, with links to the runbooks of this stack."""
    files = sorted((settings.root / "prometheus" / "rules").glob("*.yaml"))
    texts = {file.name: file.read_text(encoding="utf-8") for file in files} | company_files.rules(settings)
    return {name: runbooks.at(settings.runbooks, text) for name, text in texts.items()}


def write(settings: Settings, folder: Path, change: Callable[[str], str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources(settings).items():
        (folder / name).write_text(change(text), encoding="utf-8")


def unchanged(text: str) -> str:
    return text
