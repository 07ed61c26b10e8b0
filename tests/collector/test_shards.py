"""What the agent knows of shards, in Go (collector/shards), is what `reduse.wire` says."""

from tests.collector import shard_vectors


def test_the_examples_of_the_go_tests_are_what_python_says() -> None:
    """`python -m tests.collector.shard_vectors` writes them anew."""
    assert shard_vectors.FILE.read_text("utf-8") == shard_vectors.written()
