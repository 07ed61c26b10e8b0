"""MES API, as partners see it."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.services.company import ROOT, Company
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

PART = {"material": "steel", "length_mm": 40, "width_mm": 30, "height_mm": 20, "quantity": 25}


def key_of(company: Company, partner: str) -> dict[str, str]:
    return {"x-api-key": company.partner_keys[partner]}


def load_partners(company: Company, keys_file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mes_api.partners", "--keys-file", str(keys_file)],
        env=company.mes.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"x-api-key": ""}])
def test_without_a_valid_key_every_partner_endpoint_is_401(company: Company, headers: dict[str, str]) -> None:
    assert company.mes.post("/partner/price", PART, headers=headers).status_code == 401
    assert company.mes.post("/partner/jobs", {"parts": [PART]}, headers=headers).status_code == 401
    assert company.mes.get(f"/partner/jobs/{uuid.uuid4()}", headers=headers).status_code == 401


def test_a_price_is_the_same_for_every_partner(company: Company) -> None:
    prices = [
        company.mes.post("/partner/price", PART, headers=key_of(company, partner)) for partner in company.partner_keys
    ]
    assert {price.status_code for price in prices} == {200}
    assert len({price.json()["total_cents"] for price in prices}) == 1


def test_a_partner_tracks_its_own_jobs_only(company: Company) -> None:
    job = company.mes.post("/partner/jobs", {"parts": [PART]}, headers=key_of(company, "partner-001"))
    assert job.status_code == 201
    path = f"/partner/jobs/{job.json()['id']}"
    assert company.mes.get(path, headers=key_of(company, "partner-001")).json() == job.json()
    assert company.mes.get(path, headers=key_of(company, "partner-002")).status_code == 404


def test_a_job_sent_again_with_its_key_is_made_once(company: Company) -> None:
    headers = {**key_of(company, "partner-001"), "Idempotency-Key": str(uuid.uuid4())}
    first = company.mes.post("/partner/jobs", {"parts": [PART]}, headers=headers)
    second = company.mes.post("/partner/jobs", {"parts": [PART]}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert company.mes.post("/partner/jobs", {"parts": [PART, PART]}, headers=headers).status_code == 422
    # Another partner's keys are its own.
    headers |= key_of(company, "partner-002")
    assert company.mes.post("/partner/jobs", {"parts": [PART]}, headers=headers).status_code == 201


def test_a_partners_job_is_worked_on_like_any_other(company: Company) -> None:
    headers = key_of(company, "partner-003")
    job = company.mes.post("/partner/jobs", {"parts": [PART]}, headers=headers).json()
    for action, status in (("claim", "in_progress"), ("complete", "completed")):
        assert company.mes.post(f"/jobs/{job['id']}/{action}", {"operator": "operator-09"}).status_code == 200
        assert company.mes.get(f"/partner/jobs/{job['id']}", headers=headers).json()["status"] == status


def test_jobs_are_listed_by_status_in_pages(company: Company) -> None:
    for _ in range(3):
        company.mes.post("/partner/jobs", {"parts": [PART]}, headers=key_of(company, "partner-004"))
    first = company.mes.get("/jobs", params={"status": "queued", "limit": 2}).json()
    second = company.mes.get("/jobs", params={"status": "queued", "limit": 2, "cursor": first["next_cursor"]}).json()
    listed = [job["id"] for job in first["jobs"] + second["jobs"]]
    assert len(set(listed)) == len(listed) > 2
    assert {job["status"] for job in first["jobs"] + second["jobs"]} == {"queued"}


def test_an_unknown_job_is_404(company: Company) -> None:
    assert company.mes.post(f"/jobs/{uuid.uuid4()}/claim", {"operator": "operator-01"}).status_code == 404


@pytest.mark.parametrize("part", [{**PART, "quantity": 0}, {**PART, "material": "wood"}, {**PART, "length_mm": 301}])
def test_a_part_that_cannot_be_made_is_422(company: Company, part: dict[str, object]) -> None:
    headers = key_of(company, "partner-001")
    assert company.mes.post("/partner/price", part, headers=headers).status_code == 422
    assert company.mes.post("/partner/jobs", {"parts": [part]}, headers=headers).status_code == 422


def test_partners_are_loaded_from_a_file_as_often_as_wanted(company: Company, tmp_path: Path) -> None:
    keys_file = tmp_path / "keys.json"
    for key in ("the-first-key-of-a-test", "the-second-key-of-a-test"):
        keys_file.write_text(json.dumps({"partner-new": key}))
        loaded = load_partners(company, keys_file)
        assert (loaded.returncode, loaded.stdout) == (0, "1 partners loaded\n"), loaded.stderr
        assert company.mes.post("/partner/price", PART, headers={"x-api-key": key}).status_code == 200


def test_a_bad_keys_file_is_one_line_that_repeats_no_key(company: Company, tmp_path: Path) -> None:
    keys_file = tmp_path / "keys.json"
    keys_file.write_text(json.dumps({"partner-new": "too-short"}))
    refused = load_partners(company, keys_file)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --keys-file: ")
    assert refused.stderr.count("\n") == 1
    assert "too-short" not in refused.stderr
