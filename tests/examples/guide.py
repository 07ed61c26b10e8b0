"""The commands of pages that are followed word for word, as they stand there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "bring-your-own-service.md"
YOUR_COMPANY = ROOT / "docs" / "your-company.md"
EXISTING_PROMETHEUS = ROOT / "docs" / "existing-prometheus.md"


def commands(heading: str, page: Path = GUIDE) -> list[str]:
    """The blocks of shell under the heading that begins with `heading`, in their order."""
    return blocks("bash", heading, page)


def blocks(language: str, heading: str, page: Path) -> list[str]:
    """The blocks in this language, likewise."""
    sections = re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE)
    (section,) = [text for text in sections if text.startswith(heading)]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
