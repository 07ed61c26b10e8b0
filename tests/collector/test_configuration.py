"""What the configurations promise, read from the files alone."""

import re
from pathlib import Path

import pytest

from tests.collector.configuration import AGENT, AGENT_DOCKER, BUILDER, COMPANY, GATEWAY, PROMETHEUS, read

GRPC_MESSAGE_LIMIT = 4 * 1024 * 1024
LARGEST_MESSAGES = {
    "otlp_grpc/gateway": read(GATEWAY)["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * 2**20,
    "otlp_grpc/processor": GRPC_MESSAGE_LIMIT,
}
"""What the servers behind the agent's queues take."""

MODULES = {
    "otlp": "otlpreceiver",
    "otlp_grpc": "otlpexporter",
    "file_storage": "filestorage",
    "prometheus_store": "store",
    "totals": "totals",
    "postgresql": "postgresql",
    "rabbitmq": "rabbitmq",
}
"""Component types whose Go module or package is not named after them and their kind."""


def used_modules() -> set[str]:
    """Last part of the Go module or package of each component that the configurations name."""
    return {
        MODULES.get(name.split("/")[0], name.split("/")[0].replace("_", "") + kind.removesuffix("s"))
        for path in (AGENT, AGENT_DOCKER, COMPANY, GATEWAY)
        for kind in ("receivers", "processors", "exporters", "extensions")
        for name in read(path).get(kind, {})
    }


def test_the_build_has_every_component_that_is_configured() -> None:
    builder = read(BUILDER)
    kinds = ("receivers", "processors", "exporters", "extensions")
    built = {
        entry.get("import", entry["gomod"].split()[0]).rsplit("/", 1)[1] for kind in kinds for entry in builder[kind]
    }
    assert used_modules() <= built


def test_every_module_of_the_build_is_pinned() -> None:
    builder = read(BUILDER)
    for kind in ("receivers", "processors", "exporters", "extensions", "providers"):
        for entry in builder[kind]:
            assert re.fullmatch(r"\S+ v\d+\.\d+\.\d+", entry["gomod"])


@pytest.mark.parametrize("name", LARGEST_MESSAGES)
def test_the_agent_keeps_what_it_took_on_disk_and_retries_for_ever(name: str) -> None:
    exporter = read(AGENT)["exporters"][name]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == 0
    queue = exporter["sending_queue"]
    assert queue["storage"] == "file_storage"
    assert queue["block_on_overflow"] is True
    assert queue["num_consumers"] == 1
    assert queue["sizer"] == queue["batch"]["sizer"] == "bytes"
    assert queue["batch"]["max_size"] < LARGEST_MESSAGES[name]


def test_a_batch_for_the_gateway_has_room_for_the_largest_call() -> None:
    """A single point that is larger than a batch would be dropped."""
    agent = read(AGENT)
    assert agent["receivers"]["otlp"]["protocols"]["http"]["max_request_body_size"] == GRPC_MESSAGE_LIMIT
    batch = agent["exporters"]["otlp_grpc/gateway"]["sending_queue"]["batch"]
    assert batch["max_size"] > GRPC_MESSAGE_LIMIT


def test_the_gateway_keeps_nothing_and_tells_the_sender() -> None:
    gateway = read(GATEWAY)
    assert gateway["exporters"].keys() == {"prometheus_store"}
    assert gateway["extensions"].keys() == {"health_check"}
    assert gateway["service"]["pipelines"]["metrics"]["processors"] == ["memory_limiter"]


def test_what_the_gateway_lets_through_prometheus_takes() -> None:
    """Also while a clock that is ahead as far as the gateway allows has moved Prometheus' window."""
    exporter = read(GATEWAY)["exporters"]["prometheus_store"]
    window = read(PROMETHEUS)["storage"]["tsdb"]["out_of_order_time_window"]

    def minutes(duration: str) -> int:
        [found] = re.findall(r"(\d+)m\b", duration)
        return int(found)

    assert minutes(exporter["oldest_sample"]) + minutes(exporter["newest_sample"]) < int(window.removesuffix("h")) * 60


@pytest.mark.parametrize("path", [AGENT, COMPANY, GATEWAY], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_listens_on_this_machine_only_unless_told_otherwise(path: Path) -> None:
    for default in re.findall(r"\$\{env:\w*(?:ENDPOINT|HOST|URL):-([^}]*)\}", path.read_text(encoding="utf-8")):
        assert default.removeprefix("http://").startswith("127.0.0.1")


def test_no_secret_is_in_the_files() -> None:
    receivers = read(COMPANY)["receivers"].values()
    assert receivers
    for receiver in receivers:
        assert "password" not in receiver
        assert re.fullmatch(r"\$\{env:REDUSE_SECRETS_DIR\}/\w+", receiver["password_file"])


def test_what_is_scraped_is_scraped_every_five_seconds() -> None:
    scraped = read(AGENT)["receivers"] | read(COMPANY)["receivers"]
    for name, receiver in read(AGENT_DOCKER)["receivers"].items():
        scraped[name] = scraped.get(name, {}) | receiver
    del scraped["otlp"]
    assert {receiver["collection_interval"] for receiver in scraped.values()} == {"5s"}


def test_no_scrape_lasts_until_the_next() -> None:
    assert {receiver["timeout"] for receiver in read(COMPANY)["receivers"].values()} == {"4s"}
