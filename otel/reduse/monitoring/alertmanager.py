"""Alertmanager's configuration of a company: routes, receivers and inhibitions.

In every company, alerts go to the receivers `team` and `on-call`, and the watchdog to `heartbeat`. The company's file
adds its own receivers and says which alerts they get.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from reduse.errors import SettingError
from reduse.monitoring.inhibitions import inhibitions
from reduse.monitoring.matchers import equal, none_of, one_of
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from reduse.watch.notification import Notification, Receiver, Severity
from reduse.watch.variables import from_environment
from reduse.yaml_text import Dumper

TEAM, ON_CALL, HEARTBEAT = "team", "on-call", "heartbeat"
"""Receivers of every company; a receiver of the same name in the company's file adds its integrations to it."""

Integrations = Mapping[str, list[Mapping[str, Any]]]
"""The integrations of one receiver, by Alertmanager's keys: `webhook_configs`, `email_configs`, `telegram_configs`."""


_OF_0_26 = {"url_file": "url", "bot_token_file": "bot_token"}
"""Keys for files with a secret that Alertmanager 0.25 (Debian 12) does not support, each with the key that takes the
secret itself. Source: https://github.com/prometheus/alertmanager/releases/tag/v0.26.0"""


def _as_a_file(name: str) -> Mapping[str, Any]:
    return {"url_file": name}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a company's file does not contain: the mail server, the secrets, and the receivers of all alerts.

    `default`: integrations of `team` and `on-call`; `heartbeat`: those of the watchdog. `mail`: keys that each entry of
    `email_configs` needs; `telegram`: the same for `telegram_configs`; None if unknown. `webhook_url_file`: keys for a
    URL that is in this file. `environment`: values for URLs with `${env:NAME}`.
    """

    default: Integrations = field(default_factory=dict)
    heartbeat: Integrations = field(default_factory=dict)
    mail: Mapping[str, Any] | None = None
    telegram: Mapping[str, Any] | None = None
    webhook_url_file: Callable[[str], Mapping[str, Any]] = _as_a_file
    environment: Mapping[str, str] = field(default_factory=dict)


def document(company: Company, origin: Origin, delivery: Delivery | None = None) -> str:
    """The file `alertmanager.yml`, as text.

    Raises:
        SettingError: a receiver of the company needs a value that `delivery` lacks; the message names the setting.
    """
    configuration = {
        "route": _route(company),
        "receivers": list(_receivers(company, delivery or Delivery())),
        "inhibit_rules": list(inhibitions(company)),
    }
    text = yaml.dump(configuration, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    needed = needed_version(text)
    return origin.comment() + (f"# {needed}\n" if needed else "") + text


def needed_version(text: str) -> str:
    """One line that says which version of Alertmanager this text needs and what to do with an older one; empty if every
    version can read it."""
    keys = {key: own for key, own in _OF_0_26.items() if re.search(rf"\b{key}: ", text)}
    if not keys:
        return ""
    return (
        f"This needs Alertmanager 0.26 or later, for {' and '.join(keys)}. Debian 12 has 0.25: there write "
        f"{' and '.join(keys.values())} with the secret itself."
    )


class _Dumper(Dumper):
    """Writes repeated objects in full, without YAML aliases."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _route(company: Company) -> Mapping[str, Any]:
    told = [route for notification in company.notify for route in _routes(notification, company)]
    return {
        "receiver": TEAM,
        "group_by": ["alertname", "job", "service"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "4h",
        "routes": [
            # It fires while samples are stored. Its receiver expects it every few minutes and notices when it stops.
            {
                "matchers": [equal("alertname", "Watchdog")],
                "receiver": HEARTBEAT,
                "group_wait": "0s",
                "group_interval": "1m",
                "repeat_interval": "5m",
            },
            *told,
            {
                "matchers": [equal("severity", Severity.CRITICAL)],
                "receiver": ON_CALL,
                "group_wait": "5s",
                "repeat_interval": "1h",
            },
            # Receivers of the routes above with `continue` are notified in addition to the team.
            *([{"receiver": TEAM}] if told else []),
        ],
    }


def _routes(notification: Notification, company: Company) -> Iterator[Mapping[str, Any]]:
    """An alert belongs to a part by its label `job`, or by `service` if the processor reports it for a service."""
    severity = [equal("severity", notification.severity)] if notification.severity else []
    jobs = [company.part(name).job for name in notification.parts]
    ways = [[one_of("job", jobs)], [none_of("job", jobs), one_of("service", jobs)]] if jobs else [[]]
    for matchers in ways:
        chosen = [*severity, *matchers]
        yield {
            **({"matchers": chosen} if chosen else {}),
            "receiver": notification.receiver,
            "continue": True,
        }


def _receivers(company: Company, delivery: Delivery) -> Iterator[Mapping[str, Any]]:
    default = {TEAM: delivery.default, ON_CALL: delivery.default, HEARTBEAT: delivery.heartbeat}
    own = {receiver.name: _integrations(receiver, delivery) for receiver in company.receivers}
    for name in (*default, *(name for name in own if name not in default)):
        yield {"name": name, **_together(default.get(name, {}), own.get(name, {}))}


def _together(first: Integrations, second: Integrations) -> Integrations:
    return {key: [*first.get(key, []), *second.get(key, [])] for key in dict.fromkeys((*first, *second))}


def _integrations(receiver: Receiver, delivery: Delivery) -> Integrations:
    # The end of the heartbeat must not be sent as a heartbeat.
    resolved = {"send_resolved": receiver.name != HEARTBEAT}
    ways: dict[str, list[Mapping[str, Any]]] = {}
    if receiver.webhook_url:
        ways["webhook_configs"] = [{"url": _url(receiver, receiver.webhook_url, delivery.environment), **resolved}]
    if receiver.webhook_url_file:
        ways["webhook_configs"] = [{**delivery.webhook_url_file(receiver.webhook_url_file), **resolved}]
    if receiver.email_to:
        known = _known(receiver, "is mailed", delivery.mail, "REDUSE_ALERT_SMTP_SERVER and REDUSE_ALERT_EMAIL_FROM")
        ways["email_configs"] = [{"to": receiver.email_to, **known, **resolved}]
    if receiver.telegram_chat:
        known = _known(receiver, "is told by Telegram", delivery.telegram, "REDUSE_ALERT_TELEGRAM_TOKEN_FILE")
        ways["telegram_configs"] = [{"chat_id": receiver.telegram_chat, **known, **resolved}]
    return ways


def _url(receiver: Receiver, url: str, environment: Mapping[str, str]) -> str:
    try:
        return from_environment(url, environment)
    except KeyError as error:
        raise SettingError(f"receiver {receiver.name}: {error.args[0]} is not set, and its URL needs it.") from None


def _known(receiver: Receiver, told: str, keys: Mapping[str, Any] | None, settings: str) -> Mapping[str, Any]:
    if keys is None:
        raise SettingError(f"receiver {receiver.name} {told}: set {settings} too.")
    return keys
