"""A company with names and files of every kind."""

from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from reduse.watch.reading import parse

ORIGIN = Origin("watch.yaml")

ODD = """
company: Bakery
services: [{name: oven}]
databases:
  - {name: Orders DB, endpoint: "${env:ORDERS_HOST}:6432", password_file: secrets/password}
  - name: stock
    endpoint: stock.example.org:5432
    password_file: /etc/stock %1/password
    tls: {ca_file: "${env:CERTIFICATES:-/etc/ssl}/ca.crt"}
  - {name: archive, endpoint: "archive:${env:ARCHIVE_PORT}", password_file: Пароль}
brokers:
  - {name: rabbit, management_url: "https://rabbit.example.org", password_file: "${env:REDUSE_SECRETS_DIR}/rabbit"}
  - {name: other, management_url: "http://other.example.org:15673/prefix", password_file: secrets/other}
receivers:
  - {name: till, webhook_url_file: secrets/hook}
  - {name: oven, webhook_url_file: /etc/hook}
"""

SERVICES_ONLY = "company: Bakery\nservices: [{name: oven}]\n"

WITH_POLICIES = """
company: Bakery
services:
  - name: 100 % oven
    users: true
    policies:
      - {name: price, routes: [GET /price], limits: [{requests: 60, per: minute}, {requests: 5, per: day, burst: 2}]}
      - {name: cake, routes: [GET /cake]}
"""


def with_policies() -> Company:
    return parse(WITH_POLICIES)


def odd() -> Company:
    return parse(ODD)


def services_only() -> Company:
    return parse(SERVICES_ONLY)
