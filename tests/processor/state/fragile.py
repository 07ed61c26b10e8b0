"""A core with a defect."""

from reduse.processor.core.columns import Bool, Export
from reduse.processor.core.engine import Emission, Engine, Outcome
from reduse.processor.core.service import ServiceState

POISON = 666


class Fragile(Engine):
    """Raises when it has half counted an export of this user, and when it closes a window of a service named so."""

    def _add(self, service: ServiceState, export: Export, fresh: Bool, outcome: Outcome) -> None:
        super()._add(service, export, fresh, outcome)
        if POISON in export.users:
            raise ZeroDivisionError("half counted")

    def _close(self, service: ServiceState, index: int) -> Emission:
        emission = super()._close(service, index)
        if service.name == str(POISON):
            raise ZeroDivisionError("half closed")
        return emission
