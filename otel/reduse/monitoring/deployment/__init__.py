"""What puts a company's files to work elsewhere: under Docker Compose, systemd and Kubernetes."""

from collections.abc import Mapping

from reduse.monitoring.deployment import configuration, kubernetes, systemd
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company


def documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """The text of each file, by its path below the folder that a company's files are written to."""
    return {
        configuration.PATH: configuration.document(company, origin),
        **kubernetes.documents(company, origin),
        **systemd.documents(company, origin),
    }
