"""`python -m behaviours`, at the root of the repository: write docs/behaviours.md as it is seen now."""

import sys
import tempfile
from pathlib import Path

from behaviours.table import DOCUMENT, document, measured, missing

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        ours, contribs = measured(Path(folder))
    for name, seen in missing(ours).items():
        sys.stderr.write(f"ours does not hold: {name}: {seen}\n")
    DOCUMENT.write_text(document(ours, contribs), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT} written\n")
    sys.exit(1 if missing(ours) else 0)
