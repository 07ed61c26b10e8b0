"""What a site keeps of an earlier piece of its soak, and what it takes from the checkout that is run now."""

import json
from pathlib import Path

from reduse.settings.stack import load_settings
from reduse.soak import site


def test_the_company_is_the_one_of_this_checkout_though_an_earlier_piece_was_run_from_another(tmp_path: Path) -> None:
    """That checkout may be gone, or have another release's files."""
    company = load_settings({})
    folder = tmp_path / "company"
    folder.mkdir()
    for name in ("watch.yaml", "dashboards"):
        (folder / name).symlink_to(tmp_path / "gone" / name)
    watch = site._company(folder, company, dict.fromkeys(site.WAYS, 4318), {})
    assert watch.resolve() == company.watch_file.resolve()
    assert all(path.exists() for path in folder.iterdir())


def test_ports_are_kept_and_a_setting_that_is_new_since_gets_one(tmp_path: Path) -> None:
    company, file = load_settings({}), tmp_path / "ports.json"
    first = site._ports(file, company, {})
    left = dict(first)
    del left[site.WAYS[0]]
    file.write_text(json.dumps(left))
    again = site._ports(file, company, {})
    assert again.keys() == first.keys()
    assert left.items() <= again.items()
    assert site._ports(file, company, {}) == again
