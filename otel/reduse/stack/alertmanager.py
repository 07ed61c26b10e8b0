"""Alertmanager: the file that follows from the company's, with the receivers that the settings ask for."""

from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import alert_delivery, commands, company_files, programs


def path(settings: Settings) -> Path:
    return settings.run_dir / "alertmanager" / "alertmanager.yml"


def write_configuration(settings: Settings) -> None:
    """The configuration that Alertmanager reads; nobody else may, as it can hold a token."""
    target = path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(configuration(settings), encoding="utf-8")


def check(settings: Settings) -> None:
    """Raise SettingError for half a receiver, or a secret that cannot be read."""
    configuration(settings)


def check_written(settings: Settings) -> None:
    """Let Alertmanager's own tool read what was written. Raises CommandError with what it says."""
    commands.run(
        [str(programs.amtool(settings)), "check-config", str(path(settings))],
        log=settings.log_dir / "alertmanager-check.log",
        cure=f"Mend the receivers in {settings.watch_file}, or the REDUSE_ALERT_* settings.",
    )


def configuration(settings: Settings) -> str:
    """The company's, with the secrets in it. Raises SettingError for half a receiver."""
    company = company_files.company(settings)
    delivery = alert_delivery.with_secrets(settings, company)
    return company_files.alertmanager(settings, delivery)


def command(settings: Settings) -> list[str]:
    return [
        str(programs.alertmanager(settings)),
        f"--config.file={path(settings)}",
        f"--storage.path={settings.data_dir / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{settings.alertmanager_port}",
        # One Alertmanager: no gossip, no listener for it.
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
