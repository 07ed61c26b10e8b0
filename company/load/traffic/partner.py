"""Partners, each known by an API key."""

import random
import uuid
from collections import defaultdict, deque
from typing import Any, ClassVar

from locust import task

from traffic.company_user import CompanyUser
from traffic.partner_choice import PartnerChoice

MATERIALS = ("nylon", "abs", "aluminium", "steel", "titanium")
JOBS_REMEMBERED = 20


class Partner(CompanyUser):
    """Sends each request as another partner, drawn anew: the number of users does not bound that of partners."""

    service = "mes-api"
    weight = 8
    keys: ClassVar[dict[str, str]]
    choice: ClassVar[PartnerChoice]
    _jobs: ClassVar[defaultdict[str, deque[str]]] = defaultdict(lambda: deque(maxlen=JOBS_REMEMBERED))

    @task(6)
    def ask_price(self) -> None:
        """Ask what a part would cost."""
        self._send_as(self.choice.draw(), "POST", "/partner/price", "/partner/price", json=_part())

    @task(2)
    def submit_job(self) -> None:
        """Have a part or two made."""
        self._submit(self.choice.draw())

    @task(3)
    def track_job(self) -> None:
        """See how a job does; a partner without one submits one."""
        partner = self.choice.draw()
        if self._jobs[partner]:
            self._send_as(partner, "GET", f"/partner/jobs/{random.choice(self._jobs[partner])}", "/partner/jobs/{id}")
        else:
            self._submit(partner)

    def _submit(self, partner: str) -> None:
        parts = [_part() for _ in range(random.randint(1, 2))]
        key = {"Idempotency-Key": str(uuid.uuid4())}
        job = self._send_as(partner, "POST", "/partner/jobs", "/partner/jobs", json={"parts": parts}, headers=key)
        if job is not None:
            self._jobs[partner].append(job["id"])

    def _send_as(self, partner: str, method: str, path: str, name: str, **options: Any) -> Any:
        headers = {"x-api-key": self.keys[partner], **options.pop("headers", {})}
        return self.send(method, path, name, headers=headers, context={"partner": partner}, **options)


def _part() -> dict[str, object]:
    return {
        "material": random.choice(MATERIALS),
        "length_mm": random.randint(10, 80),
        "width_mm": random.randint(10, 60),
        "height_mm": random.randint(5, 40),
        "quantity": random.randint(5, 60),
    }
