"""What the configurations promise, read from the files alone."""

import re
from pathlib import Path

import pytest

from reduse.stack.kafka import server
from tests.collector.configuration import (
    AGENT,
    AGENT_DOCKER,
    AGENT_KAFKA,
    BUILDER,
    COMPANY,
    GATEWAY,
    GATEWAY_KAFKA,
    PROGRAM,
    PROMETHEUS,
    read,
)

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
    "shards": "shards",
    "fallback": "fallback",
    "postgresql": "postgresql",
    "rabbitmq": "rabbitmq",
}
"""Component types whose Go module or package is not named after them and their kind."""

KINDS = ("receivers", "processors", "exporters", "connectors", "extensions")
"""Of components, as both the build and the configurations name them."""


def used_modules() -> set[str]:
    """Last part of the Go module or package of each component that the configurations name."""
    return {
        MODULES.get(name.split("/")[0], name.split("/")[0].replace("_", "") + kind.removesuffix("s"))
        for path in (AGENT, AGENT_DOCKER, AGENT_KAFKA, COMPANY, GATEWAY, GATEWAY_KAFKA)
        for kind in KINDS
        for name in read(path).get(kind, {})
    }


def test_the_build_has_every_component_that_is_configured() -> None:
    builder = read(BUILDER)
    built = {
        entry.get("import", entry["gomod"].split()[0]).rsplit("/", 1)[1] for kind in KINDS for entry in builder[kind]
    }
    assert used_modules() <= built


def test_every_module_of_the_build_is_pinned() -> None:
    builder = read(BUILDER)
    for kind in (*KINDS, "providers"):
        for entry in builder[kind]:
            assert re.fullmatch(r"\S+ v\d+\.\d+\.\d+", entry["gomod"])


def test_the_program_is_what_the_builder_made_of_this_file() -> None:
    """`./reduse collector-lock` writes it anew; that it is the same is an extended test."""
    builder = read(BUILDER)
    listed = (PROGRAM / "components.go").read_text(encoding="utf-8")
    required = (PROGRAM / "go.mod").read_text(encoding="utf-8")
    entries = [entry for kind in KINDS for entry in builder[kind]]
    imported = set(re.findall(r'^\t\w+ "(\S+)"$', listed, flags=re.MULTILINE))
    # What the collector tells of itself by is not chosen.
    assert {entry.get("import", entry["gomod"].split()[0]) for entry in entries} == {
        name for name in imported if "/service/telemetry/" not in name
    }
    for entry in [*entries, *builder["providers"]]:
        assert f"\t{entry['gomod']}\n" in required
    for replacement in builder["replaces"]:
        assert f"replace {replacement}\n" in required


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


def test_the_agents_queue_for_kafka_is_as_the_others_without_batches() -> None:
    exporter = read(AGENT_KAFKA)["exporters"]["kafka"]
    other = read(AGENT)["exporters"]["otlp_grpc/gateway"]
    assert exporter["retry_on_failure"] == other["retry_on_failure"]
    assert exporter["sending_queue"] == {key: value for key, value in other["sending_queue"].items() if key != "batch"}
    assert GRPC_MESSAGE_LIMIT < exporter["producer"]["max_message_bytes"] < server.MESSAGE_BYTES
    assert exporter["producer"]["required_acks"] == "all"


def test_no_queue_keeps_what_a_call_has_in_its_metadata() -> None:
    """But for the shard: a token is among them."""
    agent, over = read(AGENT)["service"]["pipelines"], read(AGENT_KAFKA)["service"]["pipelines"]
    for name, pipeline in agent.items():
        if "otlp" in pipeline["receivers"]:
            added = [processor for processor in over[name]["processors"] if processor.startswith("shards/")]
            assert len(added) == 1
            assert [each for each in over[name]["processors"] if each not in added] == pipeline["processors"]


def test_the_gateway_marks_what_the_store_has_and_leaves_out_what_it_can_never_take() -> None:
    receiver = read(GATEWAY_KAFKA)["receivers"]["kafka"]
    assert receiver["message_marking"] == {"after": True, "on_error": False, "on_permanent_error": True}
    assert receiver["error_backoff"]["max_elapsed_time"] == 0
    assert receiver["initial_offset"] == "earliest"
    assert set(read(GATEWAY)["service"]["pipelines"]["metrics"]["receivers"]) < set(
        read(GATEWAY_KAFKA)["service"]["pipelines"]["metrics"]["receivers"]
    )


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
