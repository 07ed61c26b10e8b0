"""One company on this machine: the settings, the processes of its own, and what references in their file stand for."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from reduse.errors import StackError
from reduse.processes import reading
from reduse.processes.model import BrokerServer, DatabaseServer, Processes, ServiceProcess
from reduse.processes.own_settings import Value, values
from reduse.processes.references import Reference, replaced
from reduse.settings.stack import PREFIX, Settings

HERE = "127.0.0.1"
Server = TypeVar("Server", DatabaseServer, BrokerServer, ServiceProcess)


@dataclass(frozen=True)
class Installation:
    """The processes of one company, with where they listen.

    `folder`: of the company's files. `values`: of the settings that its processes bring with them, by name.
    `hosts`: of processes that listen elsewhere than on this machine.
    """

    settings: Settings
    folder: Path
    processes: Processes = reading.NONE
    values: Mapping[str, Value] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> "Installation":
        """The company of `settings.watch_file`. Raises SettingError, with a line for each mistake of its file."""
        processes = reading.beside(settings.watch_file)
        return cls(settings, settings.watch_file.parent, processes, values(processes, environment))

    def ports(self) -> dict[str, int]:
        """Every port that is listened on, by the name of its setting."""
        return self.settings.ports() | {
            listener.setting: int(self.values[listener.setting]) for listener in self.processes.listeners
        }

    def host(self, process: str) -> str:
        """Where a process listens."""
        return self.hosts.get(process, HERE)

    def port(self, reference: str) -> int:
        """The port of a process: `NAME`, or `NAME.management` and the like for a broker's other ones."""
        for listener in self.processes.listeners:
            if listener.reference == reference:
                return int(self.values[listener.setting])
        raise StackError(f"nothing of {self.folder / reading.NAME} that listens is called {reference}.")

    def address(self, reference: str) -> str:
        """host:port, as above."""
        return f"{self.host(reference.partition('.')[0])}:{self.port(reference)}"

    def url(self, reference: str) -> str:
        """The same as the address of a web server."""
        return f"http://{self.address(reference)}"

    def secret(self, name: str) -> Path:
        """The file of a secret."""
        return self.settings.secrets_dir / name

    def path(self, name: str) -> Path:
        """A path of the company's file in full: they are below its folder."""
        return Path(os.path.normpath(self.folder / name))

    def database(self, name: str) -> DatabaseServer:
        """Raises StackError when none has this name; so do the next two."""
        return self._named(name, self.processes.databases)

    def broker(self, name: str) -> BrokerServer:
        return self._named(name, self.processes.brokers)

    def service(self, name: str) -> ServiceProcess:
        return self._named(name, self.processes.services)

    def _named(self, name: str, servers: Sequence[Server]) -> Server:
        for server in servers:
            if server.name == name:
                return server
        raise StackError(f"nothing of that kind in {self.folder / reading.NAME} is called {name}.")

    def resolved(self, text: str) -> str:
        """`text` with what each reference in it stands for."""
        return replaced(text, self._value)

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The same for each value."""
        return {name: self.resolved(text) for name, text in environment.items()}

    def command(self, words: Sequence[str]) -> list[str]:
        """The same for each word; `python` and its programs are those of this environment."""
        program, *arguments = map(self.resolved, words)
        if program == "python":
            program = sys.executable
        elif "/" not in program and (beside := Path(sys.executable).with_name(program)).exists():
            program = str(beside)
        return [program, *arguments]

    def python_path(self, service: ServiceProcess) -> str:
        return os.pathsep.join(str(self.path(name)) for name in service.python_path)

    def _value(self, reference: Reference) -> str:
        match reference.kind:
            case "host":
                return self.host(reference.name.partition(".")[0])
            case "port":
                return str(self.port(reference.name))
            case "address":
                return self.address(reference.name)
            case "url":
                return self.url(reference.name)
            case "secret":
                return str(self.secret(reference.name))
            case "path":
                return str(self.path(reference.name))
            case _:
                return self._setting(reference.name)

    def _setting(self, name: str) -> str:
        if name in self.values:
            return str(self.values[name])
        return str(getattr(self.settings, name.removeprefix(PREFIX).lower(), ""))
