"""The supervisor that runs the parts: its configuration, its start, and what is asked of it over XML-RPC."""

import http.client
import os
import re
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.states import STOPPED_STATES
from supervisor.xmlrpc import Faults, SupervisorTransport

from reduse.errors import StackError
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import least_privilege, leftovers, restarts
from reduse.stack.leftovers import Leftover
from reduse.stack.part import Part
from reduse.stack.waiting import POLL_SECONDS, wait

LOG_BYTES = "10MB"
LOG_BACKUPS = 2
STOP_SECONDS = 20
ANSWER_SECONDS = 15
# The supervisor's option before the path of its file.
CONFIGURED = "-c"
# It comes before all parts when it is itself left over: it stops them.
SUPERVISOR_STAGE = 9
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
        # By the folder's descriptor: the address of a socket holds no more than 107 bytes, and a path can be longer.
        folder = os.open(self._folder, os.O_PATH)
        transport = SupervisorTransport(None, None, f"unix:///proc/self/fd/{folder}/{self._socket.name}")
        try:
            yield cast("Any", xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport))
        finally:
            transport.close()
            os.close(folder)

    def pid(self) -> int | None:
        """The supervisor's process id while it runs."""
        try:
            pid = int(self._pid_file.read_text())
            command = psutil.Process(pid).cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        configured = command[command.index(CONFIGURED) + 1 :][:1] if CONFIGURED in command else []
        return pid if any(leftovers.same_place(each, str(self._configuration)) for each in configured) else None

    def start(self, parts: Sequence[Part]) -> None:
        """Start the supervisor with no part running yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        secret_files.write(self._configuration, configuration(parts, self._settings))
        self._socket.unlink(missing_ok=True)
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        finished = subprocess.run(
            # Whatever the locale: its file is UTF-8.
            [sys.executable, "-X", "utf8", "-m", "supervisor.supervisord", CONFIGURED, str(self._configuration)],
            env=environment | leftovers.marks(self._settings, "supervisord", SUPERVISOR_STAGE, "TERM"),
            cwd=self._settings.state_dir,
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
                rpc.supervisor.getState()
        except (OSError, xmlrpc.client.Error) as error:
            return str(error)
        return None

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        """Raises StackError when the supervisor has ended, or refuses."""
        try:
            with self._rpc() as rpc:
                yield rpc
        except xmlrpc.client.Fault as fault:
            raise StackError(f"the supervisor refused: {fault.faultString}. See `./reduse status`.") from None
        except (OSError, http.client.HTTPException) as error:
            log = self._settings.log_dir / "supervisord.log"
            raise StackError(f"the supervisor does not answer ({error}): see {log}") from None

    def start_parts(self, parts: Sequence[Part]) -> None:
        with self._asked() as rpc:
            for part in parts:
                with _one_that_ends_at_once():
                    rpc.supervisor.startProcess(part.name, False)

    def stop_part(self, name: str) -> None:
        """Stop it, and return when it has ended."""
        with self._asked() as rpc:
            rpc.supervisor.stopProcess(name)

    def start_part(self, name: str) -> None:
        """Start it again."""
        with self._asked() as rpc:
            rpc.supervisor.startProcess(name, False)

    def processes(self) -> list[Mapping[str, Any]]:
        """What the supervisor says of each part: name, statename, pid, start, exitstatus and restarts, among others."""
        with self._asked() as rpc:
            found = cast("list[dict[str, Any]]", rpc.supervisor.getAllProcessInfo())
            counts = cast("dict[str, int]", getattr(rpc, restarts.NAMESPACE).counts())
        return [{**process, "restarts": counts.get(process["name"], 0)} for process in found]

    def leftovers(self) -> list[Leftover]:
        """Parts of this state folder that a supervisor left behind when it was killed; none while one runs."""
        return [] if self.pid() is not None else leftovers.find(self._settings)

    def stop(self) -> bool:
        """Stop every part and the supervisor, and wait until all are gone; False when nothing ran."""
        pid = self.pid()
        if pid is not None:
            with suppress(psutil.NoSuchProcess):
                supervisor = psutil.Process(pid)
                family = [supervisor, *supervisor.children(recursive=True)]
                try:
                    self._stop_stages()
                finally:
                    supervisor.terminate()
                leftovers.end_family(family, STOP_SECONDS + ANSWER_SECONDS)
        left = leftovers.find(self._settings)
        leftovers.end(left)
        self._pid_file.unlink(missing_ok=True)
        return pid is not None or bool(left)

    def _stop_stages(self) -> None:
        """Stop the parts of each stage side by side; told to end, the supervisor would stop one part after another.

        Where it does not answer, that is what is left to it.
        """
        with suppress(StackError), self._asked() as rpc:
            stages: dict[int, set[str]] = {}
            for part in cast("list[dict[str, Any]]", rpc.supervisor.getAllConfigInfo()):
                stages.setdefault(part["process_prio"], set()).add(part["name"])
            for _, names in sorted(stages.items(), reverse=True):
                for name in names & _alive(rpc):
                    # It may have ended meanwhile.
                    with suppress(xmlrpc.client.Fault):
                        rpc.supervisor.stopProcess(name, False)
                # It kills those that do not end in time.
                deadline = time.monotonic() + STOP_SECONDS + ANSWER_SECONDS
                while names & _alive(rpc) and time.monotonic() < deadline:
                    time.sleep(POLL_SECONDS)


@contextmanager
def _one_that_ends_at_once() -> Iterator[None]:
    """One that ends at once is refused if that has been seen by then: as any that does not stay up it is told later."""
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != Faults.SPAWN_ERROR:
            raise


def _alive(rpc: Any) -> set[str]:
    """The parts that have not ended, or will be started again."""
    return {
        process["name"]
        for process in cast("list[dict[str, Any]]", rpc.supervisor.getAllProcessInfo())
        if process["state"] not in STOPPED_STATES
    }


def configuration(parts: Sequence[Part], settings: Settings) -> str:
    """The supervisor's configuration file. It runs in the state folder: no path here has odd letters."""
    run_dir, log_dir = (folder.relative_to(settings.state_dir) for folder in (settings.run_dir, settings.log_dir))
    head = [
        "[supervisord]",
        f"pidfile={run_dir / 'supervisord.pid'}",
        f"logfile={log_dir / 'supervisord.log'}",
        f"logfile_maxbytes={LOG_BYTES}",
        f"logfile_backups={LOG_BACKUPS}",
        f"childlogdir={log_dir}",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        # It makes other paths absolute, and the address of a socket holds no long one.
        f"file=/proc/self/cwd/{run_dir / 'supervisor.sock'}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        f"[rpcinterface:{restarts.NAMESPACE}]",
        f"supervisor.rpcinterface_factory={restarts.__name__}:{restarts.make.__name__}",
        "",
    ]
    return "\n".join(head) + "".join(program(part, log_dir, settings) for part in parts)


def program(part: Part, log_dir: Path, settings: Settings) -> str:
    """The section of one part."""
    lines = [
        f"[program:{part.name}]",
        f"command={command_line(part, settings)}",
        f"umask={least_privilege.OWN_UMASK if part.identity else least_privilege.CLOSED_UMASK:03o}",
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
    return "\n".join(lines)


def command_line(part: Part, settings: Settings) -> str:
    """Identity, folder, environment and command in one: in the supervisor's file this alone is quoted as in a shell."""
    words = part.arguments(leftovers.marks(settings, part.name, part.stage, part.stop_signal))
    # The supervisor expands %(name)s, and takes for a comment what follows a space and one of these.
    return re.sub(r"(?<=\s)(?=[;#])", "''", shlex.join(words)).replace("%", "%%")
