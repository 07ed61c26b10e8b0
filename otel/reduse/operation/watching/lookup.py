"""What values of the file stand for on this machine: variables of the environment, and files beside the file."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reduse.operation.watching.finding import Finding, missing
from reduse.watch.stores import Tls
from reduse.watch.variables import from_environment

MOST_BYTES = 4_096
"""Of a password: more is another file."""


class NotThereError(Exception):
    """Something that a part needs is not there; the finding says what, and the cure."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.told)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Lookup:
    """`folder`: of the file; relative paths in it are below this one."""

    folder: Path
    environment: Mapping[str, str]

    def known(self, of: str, key: str, value: str) -> str:
        """The value of this key with what the environment says. Raises NotThereError."""
        try:
            return from_environment(value, self.environment)
        except KeyError as error:
            name = error.args[0]
            told = f"`{key}` needs the environment variable {name}, which is not set"
            cure = f"set {name} here and for the agent, or write `${{env:{name}:-DEFAULT}}`"
            raise NotThereError(missing(of, told, cure)) from None

    def path(self, of: str, key: str, value: str) -> Path:
        """The file that this key names. Raises NotThereError."""
        return self.folder / self.known(of, key, value)

    def secret(self, of: str, key: str, value: str) -> tuple[str, list[Finding]]:
        """What is in the file that this key names, and what is wrong with the file. Raises NotThereError."""
        path = self.path(of, key, value)
        # Somebody may have written the secret itself in the place of the file's name: only what is a path is shown.
        where = str(path) if "/" in value else f"in {self.folder}"
        content = _content(of, f"the file of `{key}`", path, where)
        secret = content.rstrip("\r\n")
        if not secret:
            raise NotThereError(missing(of, f"the file of `{key}` is empty", "write the secret into it, on one line"))
        if "\n" in secret or len(content) > MOST_BYTES:
            told = f"the file of `{key}` has several lines, or is no text"
            raise NotThereError(missing(of, told, "leave only the secret in it, on one line"))
        findings = []
        if path.stat().st_mode & stat.S_IROTH:
            told = f"the file of `{key}` can be read by everybody on this machine"
            findings.append(missing(of, told, f"chmod o-rwx {path}"))
        if secret != secret.strip():
            told = f"the file of `{key}` begins or ends with a space"
            findings.append(missing(of, told, "leave the space out, unless it is part of the secret"))
        return secret, findings

    def tls_files(self, of: str, tls: Tls) -> dict[str, Path]:
        """The files of `tls` that are given. Raises NotThereError when one of them is not there."""
        found = {}
        for key in ("ca_file", "cert_file", "key_file"):
            value = getattr(tls, key)
            if value is None:
                continue
            path = self.path(of, f"tls.{key}", value)
            if not path.is_file():
                told = f"the file of `tls.{key}` is not there"
                raise NotThereError(missing(of, told, f"put it to {path}, or name another one", "tls"))
            found[key] = path
        return found


def _content(of: str, file: str, path: Path, where: str) -> str:
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_BYTES + 1).decode()
    except FileNotFoundError:
        cure = f"write the secret into it, on one line, readable by its owner only ({where})"
        raise NotThereError(missing(of, f"{file} is not there", cure)) from None
    except PermissionError:
        cure = f"run this as the user of the agent, or give the right ({where})"
        raise NotThereError(missing(of, f"{file} may not be read by this user", cure)) from None
    except OSError as error:
        cure = f"name a file with the secret alone ({where})"
        raise NotThereError(missing(of, f"{file} cannot be read: {error.strerror}", cure)) from None
    except UnicodeDecodeError:
        cure = "leave only the secret in it, on one line"
        raise NotThereError(missing(of, f"{file} has several lines, or is no text", cure)) from None
