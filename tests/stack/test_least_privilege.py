"""A part can read the secrets that it is told of, writes its own data, and reaches nothing else."""

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import folders, least_privilege
from reduse.stack.identity import Identity
from reduse.stack.installation import Installation
from reduse.stack.part import AGENT, SERVICES, Part

ROOT = os.geteuid() == 0


@pytest.fixture
def settings() -> Iterator[Settings]:
    """With a state folder that other users can enter, and three secrets."""
    with tempfile.TemporaryDirectory(prefix="reduse-rights-") as folder:
        Path(folder).chmod(0o755)
        made = Settings(state_dir=Path(folder, "state"))
        least_privilege.make_folders(made)
        made.certificates_dir.mkdir(parents=True)
        for name in ("own", "shared", "nobodys", "certificates/agent.key"):
            secret_files.write(made.secrets_dir / name, f"the secret {name}")
        yield made


def reads(part: Part, path: Path) -> bool:
    """Whether a process that runs as this part can read the file."""
    return _succeeds(part, "/bin/cat", path)


def writes(part: Part, folder: Path) -> bool:
    """Whether it can make a file in the folder."""
    return _succeeds(part, "/usr/bin/touch", folder / "x")


def _succeeds(part: Part, program: str, path: Path) -> bool:
    prefix = part.identity.prefix() if part.identity else []
    return subprocess.run([*prefix, program, path], capture_output=True, check=False).returncode == 0


def named(settings: Settings, *names: str) -> dict[str, str]:
    return {f"FILE_{number}": str(settings.secrets_dir / name) for number, name in enumerate(names)}


def test_a_secret_is_read_by_the_parts_that_are_told_of_it_and_by_no_other(settings: Settings) -> None:
    shop = Part("shop", SERVICES, ["/bin/true"], named(settings, "own", "shared"))
    crm = Part("crm", SERVICES, ["/bin/true", f"--token={settings.secrets_dir / 'shared'}"])
    agent = Part("agent", AGENT, ["/bin/true"], {"KEY": "secrets/certificates/agent.key"}, directory=settings.state_dir)
    shop, crm, agent = least_privilege.restricted([shop, crm, agent], settings)
    files = ("own", "shared", "nobodys", "certificates/agent.key")
    readable = {
        part.name: [name for name in files if reads(part, settings.secrets_dir / name)] for part in (shop, crm, agent)
    }
    expected = {"shop": ["own", "shared"], "crm": ["shared"], "agent": ["certificates/agent.key"]}
    assert readable == (expected if ROOT else {name: list(files) for name in expected})


def test_a_part_writes_its_own_data_and_no_others(settings: Settings) -> None:
    mine, others = settings.data_dir / "mine", settings.data_dir / "others"
    mine.mkdir()
    (mine / "left by an earlier release").touch(mode=0o600)
    parts = [Part("mine", AGENT, ["/bin/true"], owns=(mine,)), Part("others", AGENT, ["/bin/true"], owns=(others,))]
    own, other = least_privilege.restricted(parts, settings)
    if not ROOT:
        assert own.identity is None
        return
    assert reads(own, mine / "left by an earlier release")
    assert writes(own, mine)
    assert not writes(own, others)
    assert not reads(other, mine / "left by an earlier release")
    for closed in (settings.log_dir, settings.run_dir, settings.secrets_dir, settings.data_dir):
        assert not writes(own, closed)


def test_who_joins_a_part_reads_its_data_and_cannot_change_it(settings: Settings) -> None:
    data = settings.data_dir / "processor"
    (data / "history").mkdir(parents=True, mode=0o700)
    secret_files.write(data / "history" / "old", "rows")
    parts = [
        Part("processor", AGENT, ["/bin/true"], owns=(data,)),
        Part("console", AGENT, ["/bin/true"], joins=("processor",)),
    ]
    _, console = least_privilege.restricted(parts, settings)
    assert reads(console, data / "history" / "old")
    assert not ROOT or not writes(console, data / "history")


def test_a_private_file_elsewhere_is_handed_to_the_part_that_names_it(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        password = Path(elsewhere, "password")
        password.write_text("from elsewhere")
        password.chmod(0o600)
        wanted = Part("agent", AGENT, ["/bin/true"], {"PASSWORD_FILE": str(password)})
        other = Part("other", AGENT, ["/bin/true"])
        agent, other = least_privilege.restricted([wanted, other], settings)
        found = Path(agent.environment["PASSWORD_FILE"])
        assert reads(agent, found)
        assert found.read_text() == "from elsewhere"
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        if ROOT:
            assert not reads(other, found)


def test_a_file_that_everybody_can_read_stays_where_it_is(settings: Settings) -> None:
    part = Part("agent", AGENT, ["/bin/true"], {"HOSTS": "/etc/hosts"})
    assert least_privilege.restricted([part], settings)[0].environment["HOSTS"] == "/etc/hosts"


def test_a_secret_that_is_written_anew_stays_readable_for_its_parts(settings: Settings) -> None:
    """Such as a certificate that is renewed while the stack runs."""
    part = Part("shop", SERVICES, ["/bin/true"], named(settings, "own"))
    (shop,) = least_privilege.restricted([part], settings)
    secret_files.write(settings.secrets_dir / "own", "anew")
    secret_files.close(settings.secrets_dir)
    assert reads(shop, settings.secrets_dir / "own")


def test_root_follows_no_link_that_a_part_has_put_into_its_folder(settings: Settings) -> None:
    data, target = settings.data_dir / "broker", settings.run_dir / "of root"
    target.write_text("untouched")
    least_privilege.restricted([Part("broker", AGENT, ["/bin/true"], owns=(data,))], settings)
    (data / "configuration").symlink_to(target)
    if not ROOT:
        return
    with pytest.raises(PermissionError), least_privilege.as_owner_of(data):
        (data / "configuration").write_text("overwritten")
    assert target.read_text() == "untouched"
    assert os.geteuid() == 0
    assert os.getegid() == 0


def test_a_folder_that_parts_cannot_enter_is_told_with_the_cure(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    closed = Settings(state_dir=tmp_path / "state", cache_dir=Path("/var/cache"))
    with pytest.raises(SettingError, match=rf"REDUSE_STATE_DIR={tmp_path}/state: .* cannot enter /.*Use a folder"):
        folders.check_open_to_parts(Installation(closed, Path("/")))


def test_groups_and_modes_decide_who_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "file")
        file.touch()
        status = file.stat()
        for mode, identity, expected in (
            (0o400, Identity(status.st_uid, 1), True),
            (0o040, Identity(70_000, status.st_gid), True),
            (0o040, Identity(70_000, 1, (status.st_gid,)), True),
            (0o640, Identity(70_000, 1), False),
            (0o004, Identity(70_000, 1), True),
        ):
            file.chmod(mode)
            assert least_privilege.can_read(file, identity) is expected
