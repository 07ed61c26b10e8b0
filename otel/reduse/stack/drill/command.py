"""`./reduse drill`: which drills, one after another, and what is shown of them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from reduse.errors import StackError
from reduse.stack.drill.definition import ALONE, Drill
from reduse.stack.drill.rehearsal import rehearsal
from reduse.stack.drill.running import Drilled, run
from reduse.stack.drill.seen import written
from reduse.stack.drill.webhook import Webhook
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor

Told = Callable[[str], None]


def chosen(drills: Sequence[Drill], name: str, *, everything: bool) -> Sequence[Drill]:
    """Raises StackError for a name that no drill has."""
    if everything:
        return drills
    found = [drill for drill in drills if drill.name == name]
    if not found:
        raise StackError(f"there is no drill {name}. There are: {', '.join(drill.name for drill in drills)}.")
    return found


def run_all(
    drills: Sequence[Drill], installation: Installation, supervisor: Supervisor, speed: float, told: Told
) -> list[Drilled]:
    """Raises StackError when the stack is not running, or an alert fires before its drill."""
    if supervisor.pid() is None:
        raise StackError("nothing is running: `./reduse up` starts the stack.")
    with Webhook() as webhook, rehearsal(installation.settings, supervisor, webhook.url, speed):

        def one_after_another(lane: Sequence[Drill]) -> list[Drilled]:
            results = []
            for drill in lane:
                if webhook.cancelled:
                    break
                told(f"{drill.name}: {drill.description} Waiting for {drill.alert} …")
                results.append(run(drill, installation, supervisor, webhook, speed))
            return results

        results = [drilled for lanes in _stages(drills) for drilled in _together(lanes, one_after_another, webhook)]
    return sorted(results, key=lambda drilled: drills.index(drilled.drill))


def _stages(drills: Sequence[Drill]) -> list[list[list[Drill]]]:
    """Lanes that can go side by side, and then the drills that have to be alone."""
    lanes: dict[str, list[Drill]] = {ALONE: []}
    for drill in drills:
        lanes.setdefault(drill.lane, []).append(drill)
    alone = lanes.pop(ALONE)
    return [list(lanes.values()), [alone]]


def _together(
    lanes: Sequence[Sequence[Drill]], work: Callable[[Sequence[Drill]], list[Drilled]], webhook: Webhook
) -> list[Drilled]:
    with ThreadPoolExecutor(max(1, len(lanes))) as threads:
        try:
            return [drilled for results in threads.map(work, lanes) for drilled in results]
        except BaseException:
            # Whoever still waits mends the fault at once.
            webhook.cancel()
            raise


@contextmanager
def progress(console: Console) -> Iterator[Told]:
    """Shows what goes on: a line that changes on a terminal, else a line each."""
    if not console.is_terminal:
        yield lambda text: console.print(text, highlight=False)
        return
    with console.status("Preparing …") as status:
        yield status.update


def listed(drills: Sequence[Drill]) -> Table:
    table = Table("drill", "fault", "alert", title="./reduse drill NAME", title_justify="left")
    for drill in drills:
        table.add_row(drill.name, drill.description, drill.alert)
    return table


def table(results: Sequence[Drilled]) -> Table:
    shown = Table("drill", "alert", "detected after", "resolved after", "")
    for result in results:
        shown.add_row(
            result.drill.name,
            result.drill.alert,
            _seconds(result.detected),
            _seconds(result.resolved),
            "[green]passed[/]" if result.passed else f"[red]failed[/] {written(result.seen)}",
        )
    return shown


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"
