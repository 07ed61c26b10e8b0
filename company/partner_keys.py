"""Makes the keys of the partners: `python partner_keys.py FILE NUMBER`. Those that are in the file are kept."""

import json
import sys
from pathlib import Path

from reduse.settings import secret_files


def make(file: Path, number: int) -> None:
    """Give each of so many partners a key, where it has none yet."""
    keys: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    wanted = [f"partner-{position:05d}" for position in range(1, number + 1)]
    if any(partner not in keys for partner in wanted):
        keys = {partner: keys.get(partner) or secret_files.password() for partner in wanted} | keys
        secret_files.write(file, json.dumps(keys, indent=1))


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
