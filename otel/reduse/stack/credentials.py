"""The secrets of one installation: random, one file each with mode 0600, made once and kept."""

import json
from pathlib import Path

from reduse.settings.secret_files import password, write

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
