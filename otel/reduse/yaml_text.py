"""YAML read and written by libyaml, which PyYAML's wheels have: the same text in a fifth of the time.

document = read_yaml(text)
text = write_yaml(document, sort_keys=False)
"""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    Loader = yaml.SafeLoader
    Dumper = yaml.SafeDumper
else:
    # A PyYAML that was built where libyaml was not has these alone.
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read_yaml(text: str | bytes | IO[str]) -> Any:
    """The one document of the text. Raises yaml.YAMLError."""
    return yaml.load(text, Loader)  # noqa: S506 - the safe one of both


def read_yaml_documents(text: str | bytes | IO[str]) -> Iterator[Any]:
    """All documents of the text. Raises yaml.YAMLError."""
    yield from yaml.load_all(text, Loader)


def write_yaml(document: object, **options: Any) -> str:
    """`options`: those of `yaml.dump`."""
    return str(yaml.dump(document, Dumper=Dumper, **options))
