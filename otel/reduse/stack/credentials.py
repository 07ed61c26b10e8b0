"""The secrets of one installation: random, one file each with mode 0600, made once and kept."""

import json
import os
import secrets
from pathlib import Path

PASSWORDS = (
    "shop_db_superuser",
    "shop_db_shop_api",
    "shop_db_crm_api",
    "shop_db_monitoring",
    "mes_db_superuser",
    "mes_db_mes_api",
    "mes_db_monitoring",
    "broker_shop_api",
    "broker_crm_api",
    "broker_mes_api",
    "broker_monitoring",
    "user_hash_key",
    "erlang_cookie",
    "grafana_admin",
    "agent_token",
    "prometheus_password",
)
PARTNER_KEYS = "partner_keys.json"


def create(directory: Path, partners: int) -> None:
    """Make the secrets that are not there yet, and a key for each partner."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name in PASSWORDS:
        if not (directory / name).exists():
            write(directory / name, password())
    path = directory / PARTNER_KEYS
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = [f"partner-{number:05d}" for number in range(1, partners + 1)]
    if any(partner not in keys for partner in wanted):
        keys = {partner: keys.get(partner) or password() for partner in wanted} | keys
        write(path, json.dumps(keys, indent=1))


def read(directory: Path, name: str) -> str:
    return (directory / name).read_text()


def password() -> str:
    # A letter first: the collector reads these files as YAML, where digits alone would be a number.
    return "s" + secrets.token_hex(24)


def write(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in one move."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    partial.replace(path)
