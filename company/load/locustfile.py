"""The load of the reference company: `locust -f company/load/locustfile.py --headless -u 20 -r 10 -t 20s`.

Settings: LOAD_SHOP_URL, LOAD_CRM_URL, LOAD_MES_URL, LOAD_PARTNER_KEYS_FILE, LOAD_RATE, LOAD_REPORT_FILE and the others
in `traffic/settings.py`.
"""

import logging
import time
from typing import Any

from locust import constant_throughput, events
from locust.env import Environment

from traffic.company_user import STOP_TIMEOUT_SECONDS, CompanyUser
from traffic.crm import CrmClerk
from traffic.mes import MesOperator
from traffic.partner import Partner
from traffic.partner_choice import PartnerChoice, partner_weights
from traffic.request_count import Answer, RequestCount
from traffic.settings import load_settings, read_partner_keys
from traffic.shop import ShopCustomer

log = logging.getLogger(__name__)
settings = load_settings()
count = RequestCount()

ShopCustomer.host = settings.shop_url
CrmClerk.host = settings.crm_url
MesOperator.host = settings.mes_url
Partner.host = settings.mes_url

if settings.partner_keys_file is None:
    log.warning("no partners come: LOAD_PARTNER_KEYS_FILE is not set")
    Partner.abstract = True
else:
    Partner.keys = read_partner_keys(settings.partner_keys_file)
    Partner.choice = PartnerChoice(
        list(Partner.keys), partner_weights(len(Partner.keys), settings.zipf_exponent, settings.greedy_share)
    )


def prepare(environment: Environment, **_: object) -> None:
    """Requests under way at the end are waited for, and the rate asked for is shared out among the users."""
    environment.stop_timeout = environment.stop_timeout or STOP_TIMEOUT_SECONDS
    if settings.rate is not None:
        users = getattr(environment.parsed_options, "num_users", None) or 1
        CompanyUser.wait_time = constant_throughput(settings.rate / users)


def count_request(
    request_type: str, name: str, context: dict[str, str], response: Any, exception: Exception | None, **_: object
) -> None:
    """Count one request; a response that never came has status 0."""
    service = context["service"]
    if response is not None and response.status_code > 0:
        answer = Answer(service, request_type, name, response.status_code)
        count.record(answer, int(time.time()), context.get("partner"), failed=exception is not None)
    else:
        count.record_unanswered(service, refused=isinstance(exception, ConnectionRefusedError))


def write_report(**_: object) -> None:
    """By now every user has ended."""
    if settings.report_file is not None:
        count.write(settings.report_file)


events.init.add_listener(prepare)  # type: ignore[no-untyped-call]
events.request.add_listener(count_request)  # type: ignore[no-untyped-call]
events.quit.add_listener(write_report)  # type: ignore[no-untyped-call]
