"""Operators of the machines."""

import random
from collections import deque

from locust import task

from traffic.company_user import CompanyUser

CLAIMS_REMEMBERED = 20


class MesOperator(CompanyUser):
    """Looks for jobs, claims them and completes them."""

    service = "mes-api"
    weight = 3

    def on_start(self) -> None:
        """An operator with nothing to do yet."""
        self._operator = f"operator-{random.randint(1, 50):02d}"
        self._queued: list[str] = []
        self._claimed: deque[str] = deque(maxlen=CLAIMS_REMEMBERED)

    @task(1)
    def list_jobs(self) -> None:
        """Look at the oldest jobs that nobody has claimed."""
        page = self.send("GET", "/jobs?status=queued&limit=50", "/jobs")
        if page is not None:
            self._queued = [job["id"] for job in page["jobs"]]

    @task(3)
    def claim(self) -> None:
        """Claim a job; another operator may have been faster."""
        if not self._queued:
            self.list_jobs()
            return
        job = self._queued.pop(random.randrange(len(self._queued)))
        if self._post(job, "claim") is not None:
            self._claimed.append(job)

    @task(3)
    def complete(self) -> None:
        """Complete the job claimed first."""
        if self._claimed:
            self._post(self._claimed.popleft(), "complete")
        else:
            self.claim()

    def _post(self, job: str, action: str) -> object:
        return self.send(
            "POST", f"/jobs/{job}/{action}", f"/jobs/{{id}}/{action}", (409,), json={"operator": self._operator}
        )
