"""Loads partners and the digests of their API keys: `python -m mes_api.partners --keys-file FILE`."""

import argparse
import sys
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from foundation.database import Database, DatabaseUnavailable
from foundation.identifier import Identifier
from foundation.settings import DatabaseSettings, load_settings, read_secret, refuse
from mes_api.authentication import digest_of

SHORTEST_KEY = 16

ApiKey = Annotated[str, StringConstraints(min_length=SHORTEST_KEY, max_length=256)]
PARTNER_KEYS = TypeAdapter(dict[Identifier, ApiKey])


def load_partners(database: Database, keys: dict[str, str]) -> None:
    """Add each partner, or give it its new key; partners that are not named keep theirs."""
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO partner (id, name, key_sha256)"
            " SELECT id, id, key_sha256 FROM unnest(%s::text[], %s::bytea[]) AS partner (id, key_sha256)"
            " ON CONFLICT (id) DO UPDATE SET key_sha256 = excluded.key_sha256"
            " WHERE partner.key_sha256 <> excluded.key_sha256",
            (list(keys), [digest_of(key) for key in keys.values()]),
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m mes_api.partners", description="Load partners and their API keys.")
    parser.add_argument("--keys-file", type=Path, required=True, help='JSON: {"partner id": "API key", …}')
    path: Path = parser.parse_args().keys_file
    try:
        keys = PARTNER_KEYS.validate_json(read_secret(path))
    except ValidationError as error:
        # Never what was found: it may be a key.
        first = error.errors(include_input=False, include_url=False)[0]
        refuse(f"--keys-file: {path} at {'.'.join(map(str, first['loc'])) or 'top'}: {first['msg']}")
    except ValueError as error:
        refuse(f"--keys-file: {error}")
    database = Database(load_settings(DatabaseSettings), "mes-partners")
    try:
        load_partners(database, keys)
    except DatabaseUnavailable as error:
        sys.exit(f"error: the database cannot be reached: {error}")
    finally:
        database.close()
    print(f"{len(keys)} partners loaded")  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
