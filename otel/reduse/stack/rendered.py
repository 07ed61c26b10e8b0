"""Everything that follows from a company's file, as `./reduse render --to` writes it.

That of a running stack is kept, so that it can be told what a change would change.
"""

import shutil
from pathlib import Path

from reduse.monitoring import companies, folder
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Files, Surroundings, documents
from reduse.settings.stack import Settings
from reduse.stack import alert_delivery
from reduse.stack.store import prometheus
from reduse.watch.company import Company


def follows(settings: Settings, file: Path) -> tuple[Company, Origin, Surroundings]:
    """What all files are made of. Raises SettingError: the file has mistakes, or a receiver of alerts is half one."""
    # As people call it, wherever it is: what is written must not depend on the folder that somebody works in.
    called = file.relative_to(settings.root).as_posix() if file.is_relative_to(settings.root) else file.name
    addresses = prometheus.addresses(settings, {"prometheus": settings.prometheus_port})
    surroundings = Surroundings(settings.root, alert_delivery.by_files(settings), addresses, settings.runbooks)
    return companies.load(file), Origin(called), surroundings


def files(settings: Settings, file: Path) -> Files:
    """All texts, by path. Raises as above."""
    return documents(*follows(settings, file))


def of_the_stack(settings: Settings) -> Path:
    """The folder with those that followed when the stack was started last."""
    return settings.run_dir / "rendered"


def keep(settings: Settings) -> None:
    """Write that folder."""
    kept = of_the_stack(settings)
    shutil.rmtree(kept, ignore_errors=True)
    folder.write(kept, files(settings, settings.watch_file))
