"""The supervisor that runs the parts: its configuration, its start, and what is asked of it over XML-RPC."""

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from reduse.stack.errors import SettingError, StackError
from reduse.stack.parts import Part
from reduse.stack.settings import Settings
from reduse.stack.waiting import wait

LOG_BYTES = "10MB"
LOG_BACKUPS = 2
STOP_SECONDS = 20
ANSWER_SECONDS = 15
# sockaddr_un holds 108 bytes, and the supervisor binds a temporary name first: the path with a dot and its process id.
SOCKET_PATH_BYTES = 107 - 11

# What a part gets of the caller's environment: its own settings come from its definition alone.
INHERITED = ("PATH", "LANG", "HOME", "TMPDIR", "SSL_CERT_FILE")


class Supervisor:
    """The supervisor of one state folder, running or not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.run_dir
        self._socket = settings.run_dir / "supervisor.sock"
        self._configuration = settings.run_dir / "supervisord.conf"
        self._pid_file = settings.run_dir / "supervisord.pid"

    @contextmanager
    def _rpc(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            yield cast("Any", xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)).supervisor
        finally:
            transport.close()

    def pid(self) -> int | None:
        """The supervisor's process id while it runs."""
        try:
            pid = int(self._pid_file.read_text())
            command = psutil.Process(pid).cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if str(self._configuration) in command else None

    def start(self, parts: Sequence[Part]) -> None:
        """Start the supervisor with no part running yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES:
            raise SettingError(
                f"{self._socket} is too long for a socket: set REDUSE_STATE_DIR to a folder with a shorter path."
            )
        self._configuration.write_text(configuration(parts, self._settings))
        self._socket.unlink(missing_ok=True)
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        finished = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise StackError(f"the supervisor did not start: {finished.stderr.strip() or finished.stdout.strip()}")
        log = self._settings.log_dir / "supervisord.log"
        wait(self._unanswered, ANSWER_SECONDS, lambda reason: f"the supervisor did not answer ({reason}): see {log}")

    def _unanswered(self) -> str | None:
        try:
            with self._rpc() as rpc:
                rpc.getState()
        except (OSError, xmlrpc.client.Error) as error:
            return str(error)
        return None

    def start_parts(self, parts: Sequence[Part]) -> None:
        with self._rpc() as rpc:
            for part in parts:
                rpc.startProcess(part.name, False)

    def stop_part(self, name: str) -> None:
        """Stop it, and return when it has ended."""
        with self._rpc() as rpc:
            rpc.stopProcess(name)

    def start_part(self, name: str) -> None:
        with self._rpc() as rpc:
            rpc.startProcess(name, False)

    def processes(self) -> list[Mapping[str, Any]]:
        """What the supervisor says of each part: name, statename, pid, start, description, exitstatus."""
        with self._rpc() as rpc:
            return cast("list[Mapping[str, Any]]", rpc.getAllProcessInfo())

    def stop(self) -> bool:
        """Stop every part and the supervisor, and wait until all are gone; False when nothing ran."""
        pid = self.pid()
        if pid is None:
            return False
        supervisor = psutil.Process(pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        supervisor.terminate()
        _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS + ANSWER_SECONDS)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=ANSWER_SECONDS)
        self._pid_file.unlink(missing_ok=True)
        return True


def configuration(parts: Sequence[Part], settings: Settings) -> str:
    """The supervisor's configuration file."""
    run_dir, log_dir = settings.run_dir, settings.log_dir
    head = [
        "[supervisord]",
        f"pidfile={run_dir / 'supervisord.pid'}",
        f"logfile={log_dir / 'supervisord.log'}",
        f"logfile_maxbytes={LOG_BYTES}",
        f"logfile_backups={LOG_BACKUPS}",
        f"childlogdir={log_dir}",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        f"file={run_dir / 'supervisor.sock'}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        "",
    ]
    return escape("\n".join(head)) + "".join(program(part, log_dir) for part in parts)


def program(part: Part, log_dir: Path) -> str:
    """The section of one part."""
    environment = ",".join(f'{name}="{value}"' for name, value in sorted(part.environment.items()))
    lines = [
        f"[program:{part.name}]",
        f"command={shlex.join(part.command)}",
        f"directory={part.directory}",
        *([f"environment={environment}"] if environment else []),
        *([f"user={part.user}"] if part.user else []),
        f"priority={part.stage}",
        "autostart=false",
        f"autorestart={'true' if part.restarts else 'false'}",
        "startsecs=1",
        "startretries=20",
        f"stopsignal={part.stop_signal}",
        f"stopwaitsecs={STOP_SECONDS}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={log_dir / part.name}.log",
        f"stdout_logfile_maxbytes={LOG_BYTES}",
        f"stdout_logfile_backups={LOG_BACKUPS}",
        "",
    ]
    return escape("\n".join(lines))


def escape(text: str) -> str:
    # The supervisor expands %(name)s everywhere in its file.
    return text.replace("%", "%%")
