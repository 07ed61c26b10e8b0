"""Reads a page as Prometheus does."""

from http.client import IncompleteRead
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.waiting import PATIENCE_SECONDS

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(port: int) -> Samples:
    """Every sample of one scrape, by name and labels.

    Raises:
        AssertionError: one is there twice.
        OSError: nobody answers, or the process ends while it does.
    """
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS) as reply:
        try:
            text = reply.read().decode()
        except IncompleteRead as error:
            raise ConnectionError from error
        if not text:
            raise ConnectionError("the process ended after the status line")
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples
            samples[key] = sample.value
    return samples


def named(samples: Samples, name: str) -> list[float]:
    """The values of one name."""
    return [value for (found, _), value in samples.items() if found == name]


def labelled(samples: Samples, name: str) -> list[dict[str, str]]:
    """The labels of one name's samples."""
    return [dict(labels) for found, labels in samples if found == name]
