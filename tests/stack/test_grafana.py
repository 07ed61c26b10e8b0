"""Grafana gets the files of the repository, and the password of Prometheus by the name of its file only."""

from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import credentials, grafana
from reduse.yaml_text import read_yaml


def written(tmp_path: Path, *, security: bool) -> tuple[dict[str, object], dict[str, str]]:
    settings = Settings(state_dir=tmp_path, security=security)
    credentials.create(settings.secrets_dir, credentials.PASSWORDS)
    grafana.write_configuration(settings)
    (file,) = (grafana.provisioning(settings) / "datasources").iterdir()
    return read_yaml(file.read_text())["datasources"][0], grafana.environment(settings)


def test_without_security_the_files_are_as_they_are(tmp_path: Path) -> None:
    source, environment = written(tmp_path, security=False)
    root = Settings().root / "grafana" / "provisioning"
    assert source == read_yaml((root / "datasources" / "prometheus.yaml").read_text())["datasources"][0]
    assert environment["REDUSE_PROMETHEUS_URL"].startswith("http://")
    copied = {path.name for path in Path(environment["GF_PATHS_PROVISIONING"]).rglob("*")}
    assert copied == {path.name for path in root.rglob("*")}


def test_with_security_the_password_stays_in_its_file(tmp_path: Path) -> None:
    source, environment = written(tmp_path, security=True)
    password = tmp_path / "secrets" / "prometheus_password"
    assert source["basicAuth"]
    assert source["secureJsonData"] == {"basicAuthPassword": f"$__file{{{password}}}"}
    assert environment["REDUSE_PROMETHEUS_URL"].startswith("https://")
    assert environment["SSL_CERT_FILE"] == str(tmp_path / "secrets" / "certificates" / "ca.crt")
    assert password.read_text() not in str(source) + str(environment)


def test_nobody_is_let_in_without_a_name(tmp_path: Path) -> None:
    _, environment = written(tmp_path, security=False)
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == str(tmp_path / "secrets" / "grafana_admin")
