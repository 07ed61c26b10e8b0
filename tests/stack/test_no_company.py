"""The stack and the settings know no company: none of the reference company's names is in their code."""

import re
from pathlib import Path

import pytest

from reduse.processes import reading
from reduse.watch.reading import read

ROOT = Path(__file__).parents[2]
FOLDERS = ("stack", "settings", "processes")
# RabbitMQ is a product; the others are words of this project too.
OF_ANYBODY = {"rabbitmq", "broker", "monitoring", "load", "reduse"}


def names() -> set[str]:
    """Of parts, processes, roles, databases and queues of the reference company."""
    file = ROOT / "company" / "watch.yaml"
    company, processes = read(file), reading.beside(file)
    found = {name for part in company.parts for name in (part.name, str(part.shown))}
    found |= {queue.queue for service in company.services for queue in service.consumes}
    found |= {name for server in processes.servers for name in (server.name, server.prefixed)}
    found |= {role for database in processes.databases for role in database.roles}
    found |= {content.name for database in processes.databases for content in database.databases}
    found |= {secret.name for secret in processes.secrets}
    found |= {"partner", "partners", "dead-letters"}
    return {name for name in found if name.lower() not in OF_ANYBODY}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_of_the_reference_company_is_in_the_code(folder: str) -> None:
    wanted = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, sorted(names())))})(?![a-z])", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "otel" / "reduse" / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if wanted.search(line)
    ]
    assert found == []
