"""The kinds of values in the file, each with what is wrong with one and what would be right."""

import re
import warnings
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from reduse import duration
from reduse.policies import parse_endpoint
from reduse.watch.variables import check_references, with_defaults
from reduse.watch.wrong import refused
from reduse.wire import POLICY_NAME

LONGEST_TEXT = 1_000
LONGEST_SECONDS = 366 * 86_400.0
LONGEST_SCRAPE_SECONDS = 10.0
"""Rules about databases and brokers look back for 30 s: three of these."""

_UNITS = ("ms", "s", "m", "h", "d")
_PERCENT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*%", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_NAMES = re.compile(r'["`\\${}]')
_HOST = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]")
_URL = re.compile(r"https?://([^/?#\s]+)[^\s]*")
# What Python's expressions have and Go's have not: https://github.com/google/re2/wiki/Syntax
_NOT_IN_GO = re.compile(r"\(\?[=!>(#]|\(\?<[=!]|\(\?P=|\\[1-9Z]|[*+?}]\+")

# As JSON Schema has them, for editors.
DURATION = r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$"
# At most ten seconds.
SCRAPE = r"^0*((\d{1,4}(\.\d+)?|10000(\.0+)?)\s*ms|(\d(\.\d+)?|10(\.0+)?)\s*s|(\.\d+)\s*[mhd])$"
SHARE = r"^\d+(\.\d+)?\s*%$"
NAME = r'^[^"`\\${}\x00-\x1f]+$'

NO_DURATION = "must be a duration with its unit"
NO_PERCENTAGE = "must be a percentage with its sign"


def is_number(value: object) -> bool:
    """Whether it is one; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _duration(value: object) -> float:
    if is_number(value):
        raise refused(NO_DURATION, f"write {value}s for seconds, {value}ms for thousandths")
    seconds = duration.parse(value, _UNITS) if isinstance(value, str) else None
    if seconds is None:
        raise refused(NO_DURATION, "write it like 500ms, 1s, 5m, 1h or 1d")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise refused("must be more than nothing and at most a year", "write it like 500ms, 1s or 5m")
    return seconds


def _scrape(seconds: float) -> float:
    if seconds > LONGEST_SCRAPE_SECONDS:
        raise refused("is too long: rules look back for three scrapes, 30s", "write 10s or less")
    return seconds


def _share(value: object) -> float:
    if isinstance(value, int | float) and is_number(value) and 0 < value < 100:
        percent = f"{value * 100 if value < 1 else value:.12g}%"
        raise refused(NO_PERCENTAGE, f"write {percent}" if value != 1 else "write 1% or 99.9%")
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise refused(NO_PERCENTAGE, "write it like 99.5%")
    # Rounded: 99.5 / 100 has no exact float, and it is shown to people.
    share = round(float(found[1]) / 100, 12)
    if not 0 < share < 1:
        raise refused("must be between 0% and 100%, and neither of them", "write it like 99.5%")
    return share


def one_line(value: str) -> str:
    """`value`, when it is a line of text."""
    if not value.strip():
        raise refused("must not be empty", "write a line of text")
    if _CONTROL.search(value):
        raise refused("must be one line, without control characters", "write one line of text")
    if len(value) > LONGEST_TEXT:
        raise refused(f"is longer than {LONGEST_TEXT:,} characters", "write a shorter text")
    return value


def _name(value: str) -> str:
    one_line(value)
    if "$" in value:
        raise refused(
            "a name cannot come from the environment: it is written into rules and dashboards", "write the name itself"
        )
    if found := _NOT_IN_NAMES.search(value):
        raise refused(f"a name cannot have a {found[0]} in it", "use letters, digits, dots and dashes")
    if value != value.strip():
        raise refused("begins or ends with a space", "leave the space out")
    return value


def _policy_name(value: str) -> str:
    if POLICY_NAME.fullmatch(value) is None:
        raise refused(
            "is no name of a policy", "use at most 32 of a-z, 0-9, _ and -, and begin with a letter or a digit"
        )
    return value


def _endpoint(value: str) -> str:
    try:
        return str(parse_endpoint(one_line(value)))
    except ValueError:
        raise refused(
            "is no method and route", "write one as http_route has it, such as POST /partner/price or '* /jobs*'"
        ) from None


def _foreign_name(value: str) -> str:
    return check_references(one_line(value))


def _foreign_label(value: str) -> str:
    if "${env:" in one_line(value):
        raise refused("cannot come from the environment: it is written into rules", "write the name itself")
    return value


def _host_and_port(value: str) -> str:
    known = with_defaults(check_references(one_line(value)))
    if known is None:
        return value
    host, _, port = known.rpartition(":")
    if not _HOST.fullmatch(host) or not (port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65_536):
        raise refused("must be host:port", "write it like db.example.org:5432, without user, password and database")
    return value


def _web_address(value: str) -> str:
    known = with_defaults(check_references(one_line(value)))
    if known is None:
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise refused("must hold no user and no password", "give them as `username` and `password_file`")
        return value
    found = _URL.fullmatch(known)
    if found is None:
        raise refused("must be a URL", "write it like https://example.org:8080")
    host, _, port = found[1].rpartition(":") if re.search(r":\d*$", found[1]) else (found[1], "", "80")
    if "@" in found[1]:
        raise refused("must hold no user and no password", "give them as `username` and `password_file`")
    if not _HOST.fullmatch(host) or not (port.isdigit() and 0 < int(port[:9]) < 65_536):
        raise refused("names no host", "write it like https://example.org:8080")
    return value.rstrip("/")


def _pattern(value: str) -> str:
    one_line(value)
    if _NOT_IN_GO.search(value.replace(r"\\", "")):
        raise refused(
            "has what Go's regular expressions do not have (look-around, references back, possessive repetition)",
            "write it without, see https://github.com/google/re2/wiki/Syntax",
        )
    try:
        _compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise refused(f"is no regular expression: {error}", r"write one like ^failed\. or dlq$") from None
    return value


def _compile(value: str) -> None:
    with warnings.catch_warnings():
        # Of what a later Python may read in another way.
        warnings.simplefilter("ignore")
        re.compile(value)


def shown_share(share: float) -> str:
    """A part of a whole as it is written in the file."""
    return f"{share * 100:.12g}%"


Seconds = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(duration.text, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["500ms", "1s", "5m"]}),
]
"""A duration in seconds; in the file with its unit."""

ScrapeSeconds = Annotated[
    Seconds,
    AfterValidator(_scrape),
    WithJsonSchema({"type": "string", "pattern": SCRAPE, "examples": ["1s", "5s", "10s"]}),
]
"""A duration in seconds that rules about what is scraped can follow."""

Share = Annotated[
    float,
    BeforeValidator(_share),
    PlainSerializer(shown_share, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": SHARE, "examples": ["99.5%"]}),
]
"""A part of a whole, from 0 to 1; in the file in percent, with the sign."""

Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": NAME})]
"""As it stands in a label: any letters, dots and dashes."""

PolicyName = Annotated[
    str, AfterValidator(_policy_name), Field(json_schema_extra={"pattern": f"^{POLICY_NAME.pattern}$"})
]
"""As it stands in a label, in points of users and in settings."""

EndpointText = Annotated[str, AfterValidator(_endpoint), Field(json_schema_extra={"examples": ["POST /partner/price"]})]
"""A method and a route."""

ForeignName = Annotated[str, AfterValidator(_foreign_name)]
"""What somebody else has named: a user, a container, a file. It may come from the environment."""

ForeignLabel = Annotated[str, AfterValidator(_foreign_label)]
"""What somebody else has named, as it stands in a label: a queue, a virtual host, a route."""

HostAndPort = Annotated[str, AfterValidator(_host_and_port), Field(json_schema_extra={"examples": ["127.0.0.1:5432"]})]
WebAddress = Annotated[
    str, AfterValidator(_web_address), Field(json_schema_extra={"examples": ["http://127.0.0.1:15672"]})
]
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression that a part of the name has to match, as in Go's RE2."""

Flag = Annotated[bool, Field(strict=True)]
"""`true` or `false`; text is neither."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number, not a text that reads like one."""
