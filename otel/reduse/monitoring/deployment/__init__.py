"""What puts a company's files to work elsewhere: under Docker Compose, systemd and Kubernetes."""

from collections.abc import Mapping

from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.deployment import compose, configuration, kubernetes, systemd
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company


def documents(company: Company, origin: Origin, delivery: Delivery | None = None) -> Mapping[str, str]:
    """The text of each file, by its path below the folder that a company's files are written to.

    `delivery`: how alerts are sent.

    Raises:
        SettingError: a receiver of alerts needs what nobody said.
    """
    return {
        configuration.PATH: configuration.document(company, origin),
        **compose.documents(company, origin),
        **kubernetes.documents(company, origin),
        **kubernetes.alerting_documents(company, origin, delivery or Delivery()),
        **systemd.documents(company, origin),
    }
