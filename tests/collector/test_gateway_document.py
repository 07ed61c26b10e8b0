"""docs/gateway.md lists what there is: every reason, every setting and every metric of the gateway's exporter."""

import re

from tests.collector.configuration import FOLDER, GATEWAY, read

ROOT = FOLDER.parent
DOCUMENT = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
STORE = ROOT / "collector" / "store"
SOURCE = "".join(path.read_text(encoding="utf-8") for path in sorted(STORE.glob("*.go")) if "_test" not in path.name)


def rows(title: str) -> set[str]:
    """The names in the first column of the table under a heading."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", DOCUMENT, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"^\| `(\w+)", section, flags=re.MULTILINE))


def test_every_reason_is_explained_and_no_other() -> None:
    reasons = set(re.findall(r"Reason = \"(\w+)\"", SOURCE))
    assert reasons
    assert rows("Reasons for dropped data points") == reasons


def test_every_setting_of_the_exporter_is_listed_with_its_default() -> None:
    given = dict(re.findall(r"\$\{env:(\w+):-([^}]+)\}", str(read(GATEWAY)["exporters"])))
    assert rows("Settings") == given.keys()
    for name, default in given.items():
        assert re.search(rf"^\| `{name}` \| `?{re.escape(default)}`? \|", DOCUMENT, flags=re.MULTILINE), name


def test_every_metric_is_listed_and_no_other() -> None:
    written = {"reduse.export.interval", "reduse.totals.start"}
    assert all(f'"{name}"' in SOURCE for name in written)
    made = set(re.findall(r"\"(reduse_\w+)\"", SOURCE)) | {f"{name.replace('.', '_')}_seconds" for name in written}
    assert rows("Metrics of the gateway") == made
