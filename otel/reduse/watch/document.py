"""YAML as data: what each place holds, on which line, and everything in it that is not what it seems.

The file is a stranger's: its size, depth and repetitions are bounded, and a tag makes no object.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reduse.watch.mistakes import Mistake, Path
from reduse.yaml_text import Loader

MOST_BYTES = 1 << 20
MOST_DEPTH = 20
MOST_VALUES = 100_000
"""As they are when each alias is written out."""

# The same language in C, many times as fast.
_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_SCALARS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_QUOTE = "put the value in quotes"


@dataclass
class Document:
    """`value`: dictionaries, lists and scalars; `lines`: the line of each place, from 1; `written`: of scalars without
    quotes, as they stand in the file; `mistakes`: what of it cannot be used as it is."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


class _Unusable(Exception):  # noqa: N818 - it carries the mistake that ends the reading
    def __init__(self, wrong: str, right: str, line: int | None) -> None:
        super().__init__(wrong)
        self.mistake = Mistake((), wrong, right, line)


def load(text: str) -> Document:
    """The document in `text`. One that is no YAML, or too much of it, has a mistake and no value."""
    document = Document()
    try:
        _check_size(text)
        document.value = _Construction(document).value(_node(text), ())
    except _Unusable as unusable:
        document.mistakes = [unusable.mistake]
    except yaml.YAMLError as error:
        document.mistakes = [_no_yaml(error, text)]
    return document


def _node(text: str) -> yaml.Node:
    node = yaml.compose(text, Loader=Loader)
    if node is None:
        raise _Unusable("is empty", "begin with `company: NAME`; `./reduse watch init` writes such a file", None)
    return node


def _check_size(text: str) -> None:
    """Before anything is made of it: a deep document would be read by as deep a recursion."""
    if len(text) > MOST_BYTES:
        raise _Unusable(f"is larger than {MOST_BYTES:,} characters", "is this the right file?", None)
    depth = 0
    anchors: set[str] = set()
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                raise _Unusable(f"is nested more than {MOST_DEPTH} deep", "no key of this file is that deep", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                right = f"name one that is, or {_QUOTE}"
                raise _Unusable("has an alias (`*`) of an anchor that is not above it", right, line)
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            if event.anchor in anchors:
                raise _Unusable("has two anchors (`&`) of one name", f"rename one of them, or {_QUOTE}", line)
            anchors.add(event.anchor)


class _Construction:
    """Of data from nodes, which anchors share: each is walked again where it is used, within a bound."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = yaml.constructor.SafeConstructor()
        self._values = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._values += 1
        line = node.start_mark.line + 1
        if self._values > MOST_VALUES:
            raise _Unusable(f"holds more than {MOST_VALUES:,} values", "use fewer aliases", line)
        if len(path) > MOST_DEPTH:
            raise _Unusable("has an alias within what it stands for", "write it out", line)
        self._document.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, path, _TAG + "map")
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, path, _TAG + "seq")
            return [self.value(each, (*path, number)) for number, each in enumerate(node.value)]
        return self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        for key, value in self._entries(node, path):
            here = (*path, key.value)
            line = key.start_mark.line + 1
            if key.value in own:
                first = self._document.lines[here]
                self._mistake(here, f"is there twice, on line {first} too", "leave one of them out", line)
                continue
            # Reserved before its value is made, whose line is the key's.
            self._document.lines[here] = line
            own[key.value] = self.value(value, here)
        for merged in self._merged(node, path):
            own = merged | own
        return own

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            # `no` and `1` as keys are the words that they are written with: every key of the file is a word.
            if isinstance(key, yaml.ScalarNode) and key.tag in _SCALARS:
                yield key, value
            else:
                right = f"if braces or brackets were to be text, {_QUOTE}"
                self._mistake(path, "has a key that is no word", right, key.start_mark.line + 1)

    def _merged(self, node: yaml.MappingNode, path: Path) -> Iterator[dict[str, Any]]:
        """What `<<` brings in: entries that the mapping does not have itself, of the first that has them."""
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(each, yaml.MappingNode):
                    yield self._mapping_beside(each, path)
                else:
                    right = "write `<<: *name` with the anchor of a mapping"
                    self._mistake(path, "merges (`<<`) what is no mapping", right, key.start_mark.line + 1)

    def _mapping_beside(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        """As `_mapping`, of places that the mapping at this path does not have itself."""
        merged = Document()
        construction = _Construction(merged)
        construction._values = self._values
        value = construction.value(node, path)
        self._values = construction._values
        known = set(self._document.lines)
        for place, line in merged.lines.items():
            if place not in known:
                self._document.lines[place] = line
                if place in merged.written:
                    self._document.written[place] = merged.written[place]
        self._document.mistakes += merged.mistakes
        return value if isinstance(value, dict) else {}

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        line = node.start_mark.line + 1
        if not self._check_tag(node, path, *_SCALARS):
            return node.value
        if not node.style:
            self._document.written[path] = node.value
        try:
            return self._scalars.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError):
            kind = "date" if node.tag == _TAG + "timestamp" else "number"
            self._mistake(path, f"looks like a {kind} and is none", _QUOTE, line)
            return node.value

    def _check_tag(self, node: yaml.Node, path: Path, *known: str) -> bool:
        if node.tag in known:
            return True
        right = f"leave the word out that begins with `!`, or {_QUOTE}"
        self._mistake(path, "has a tag, which has no meaning in this file", right, node.start_mark.line + 1)
        return False

    def _mistake(self, path: Path, wrong: str, right: str, line: int) -> None:
        self._document.mistakes.append(Mistake(path, wrong, right, line))


def _no_yaml(error: yaml.YAMLError, text: str) -> Mistake:
    """In words of our own: those of the parser may hold a value, which may be a secret."""
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        line = text.count("\n", 0, position) + 1
        return Mistake((), "holds a character that is no text", "is this the right file?", line)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return Mistake((), "is no YAML", "is this the right file?")
    lines = text.splitlines() or [""]
    # Of an end that came too early, the last line that says something.
    number = min(mark.line, len(lines) - 1)
    problem = str(getattr(error, "problem", "") or "")
    wrong, right = _told(problem, lines[number])
    return Mistake((), wrong, right, number + 1)


def _told(problem: str, line: str) -> tuple[str, str]:
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation:
        return "is indented with a tab", "use spaces: YAML takes no tabs there"
    for sign, told in _PROBLEMS.items():
        if sign in problem:
            return told
    if "{" in line or "[" in line:
        return "is no YAML", f"look at this line and the one above; where `{{` or `[` is part of a value, {_QUOTE}"
    return "is no YAML", f"look at this line and the one above; where `: ` or ` #` is part of a value, {_QUOTE}"


_PROBLEMS = {
    "mapping values are not allowed": ("has a `:` where none can be", f"indent it as its neighbours are, or {_QUOTE}"),
    "another document": ("has a second document (`---`)", "one file holds one company: leave the rest out"),
    "found unexpected end of stream": ("ends within quotes", "close the quotes"),
    "cannot start any token": ("has a value that begins with a sign of YAML", _QUOTE),
    "found unknown escape": ("has a backslash within double quotes", "use single quotes"),
    "tag": ("has a tag, which has no meaning in this file", f"leave the word out that begins with `!`, or {_QUOTE}"),
}
