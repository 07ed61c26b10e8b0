"""What is written is read back, by libyaml and by Python's own code, which write the same text."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reduse.yaml_text import Dumper, Loader, read_yaml, read_yaml_documents, write_yaml

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=30) | st.sampled_from(
    ["", "no", "1_000", "0x1f", "~", "- a", "a: b", "# c", "two\nlines", "{{ $value }}", " led", "trailing ", "10s"]
)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
documents = st.recursive(values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def test_the_environment_has_libyaml() -> None:
    assert (Loader.__name__, Dumper.__name__) == ("CSafeLoader", "CSafeDumper")


@given(documents)
def test_what_is_written_is_read_by_both(document: Any) -> None:
    text = write_yaml(document, allow_unicode=True, sort_keys=False)
    assert read_yaml(text) == document
    assert yaml.safe_load(text) == document


def test_several_documents() -> None:
    assert list(read_yaml_documents("a: 1\n---\n- 2\n")) == [{"a": 1}, [2]]
