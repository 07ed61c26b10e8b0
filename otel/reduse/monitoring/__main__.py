"""`python -m reduse.monitoring`, at the root of the repository: write the generated files again."""

import sys
from pathlib import Path

from reduse.monitoring.generated import write

if __name__ == "__main__":
    for path in write(Path.cwd()):
        sys.stdout.write(f"{path} written\n")
