"""The commands of docs/bring-your-own-service.md, word for word as they stand there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "bring-your-own-service.md"


def commands(heading: str) -> list[str]:
    """The blocks of shell under the heading that begins with `heading`, in their order."""
    sections = re.split(r"^## ", GUIDE.read_text("utf-8"), flags=re.MULTILINE)
    (section,) = [text for text in sections if text.startswith(heading)]
    return re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
