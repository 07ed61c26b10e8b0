"""What a soak has shown, as a page and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reduse.soak import alerts, growth, memory, product, verdict
from reduse.soak.alerts import Fired
from reduse.soak.counted import Sent
from reduse.soak.faults.definition import Fault
from reduse.soak.growth import Growth
from reduse.soak.memory import Memory
from reduse.soak.record import Done, Record
from reduse.soak.verdict import Check
from reduse.soak.watched import Seen


@dataclass(frozen=True, slots=True)
class Report:
    """All pieces together."""

    seed: int
    minutes: float
    pieces: int
    done: Sequence[Done]
    sent: Sent
    checks: Sequence[Check]
    failed: Sequence[Check]
    memory: Sequence[Memory]
    growth: Sequence[Growth]
    fired: Sequence[Fired]
    stayed: Sequence[str]
    stayed_before: Sequence[str]
    product: Mapping[str, float]
    lacking: Sequence[str]

    @classmethod
    def of(cls, record: Record, sent: Sent, seen: Sequence[Seen], lacking: Sequence[str]) -> "Report":
        return cls(
            record.seed,
            record.seconds / 60,
            len(record.pieces),
            record.done,
            sent,
            verdict.added([piece.checks for piece in record.pieces]),
            # Of each piece by itself: what one has too little is not made good by what another may lose.
            [check for piece in record.pieces for check in piece.checks if not check.passed],
            memory.judged(seen),
            growth.judged(seen),
            alerts.fired(seen),
            # As of one run: what an earlier piece did not wait for may end later.
            record.pieces[-1].stayed,
            sorted({name for piece in record.pieces for name in piece.stayed} - {*record.pieces[-1].stayed}),
            product.merged([piece.product for piece in record.pieces]),
            lacking,
        )

    @property
    def failures(self) -> list[str]:
        """A line for all that is not as it has to be."""
        return [
            *(f"fault {done.planned.number}, {_named(done)}: {done.wrong}" for done in self.done if done.wrong),
            *(
                f"{check.what} of {check.of}: {check.counted} counted, {check.sent} sent, "
                f"{check.least} to {check.most} allowed"
                for check in self.failed
            ),
            *(
                f"memory of {each.part}: {each.peak:.0f} MiB at most, {each.slope:+.1f} MiB an hour"
                for each in self.memory
                if not each.passed
            ),
            *(
                f"files of {each.folder}: {each.peak:.0f} MiB at most, {each.last:.0f} MiB and {each.files} files now"
                for each in self.growth
                if not each.passed
            ),
            *(f"alert that stays: {name}" for name in self.stayed),
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "minutes": round(self.minutes, 1),
            "pieces": self.pieces,
            "passed": not self.failures,
            "failures": self.failures,
            "faults": [asdict(done) for done in self.done],
            "sent": {
                "answers": [[*answer, number] for answer, number in sorted(self.sent.answers.items())],
                "unknown": dict(self.sent.unknown),
                "refused": dict(self.sent.refused),
                "users": len(self.sent.users),
            },
            "checks": [check.as_dict() for check in self.checks],
            "memory": [asdict(each) | {"passed": each.passed} for each in self.memory],
            "files": [asdict(each) | {"passed": each.passed} for each in self.growth],
            "alerts": [asdict(each) for each in self.fired],
            "stayed": list(self.stayed),
            "stayed_before": list(self.stayed_before),
            "product": dict(self.product),
            "not_made": list(self.lacking),
        }

    def markdown(self, faults: Sequence[Fault]) -> str:
        return "\n".join(self._lines(faults)) + "\n"

    def _lines(self, faults: Sequence[Fault]) -> Iterator[str]:
        unknown, refused = sum(self.sent.unknown.values()), sum(self.sent.refused.values())
        yield f"Seed {self.seed}, {self.minutes:.0f} minutes of faults in {self.pieces} piece(s): "
        yield f"{len(self.done)} faults, {sum(self.sent.answers.values())} requests answered, "
        yield f"{unknown} with unknown outcome, {refused} refused a connection."
        yield ""
        yield from (f"- not made here: {each}" for each in self.lacking)
        yield from (f"- FAILED: {each}" for each in self.failures)
        if not self.failures:
            yield "- Passed."
        yield from (
            f"- an earlier piece ended while this alert stayed, and it has ended since: {each}"
            for each in self.stayed_before
        )
        yield from ("", "| fault | times | all well again after, at most | what it may cost |", "|---|---|---|---|")
        by_kind = Counter(done.planned.kind for done in self.done)
        for fault in faults:
            if number := by_kind[fault.kind.name]:
                back = [done.back for done in self.done if done.planned.kind == fault.kind.name]
                longest = "never" if None in back else f"{max(each or 0.0 for each in back):.0f} s"
                yield f"| {fault.title} (`{fault.kind.name}`) | {number} | {longest} | {fault.loss} |"
        yield from ("", "| count | of | sent | counted | lost | allowed | |", "|---|---|---|---|---|---|---|")
        failed = {(check.what, check.of) for check in self.failed}
        for check in self.checks:
            lost = check.sent - check.counted
            kept = "FAILED" if (check.what, check.of) in failed else "exact" if check.exact else "within"
            yield (
                f"| {check.what} | {check.of} | {check.sent} | {check.counted} | {lost} | "
                f"{check.sent - check.least} lost, {check.most - check.sent} unknown | {kept} |"
            )
        yield from ("", "| part | most memory | slope | seen for |", "|---|---|---|---|")
        for each in self.memory:
            slope = f"{each.slope:+.1f} MiB/h" if each.seconds else "too short"
            yield f"| {each.part} | {each.peak:.0f} MiB | {slope} | {each.seconds / 60:.0f} min |"
        yield from ("", "| folder | most | at the end | files |", "|---|---|---|---|")
        for folder in self.growth:
            yield f"| {folder.folder} | {folder.peak:.1f} MiB | {folder.last:.1f} MiB | {folder.files} |"
        yield from ("", "| alert | seen for |", "|---|---|")
        for alert in self.fired:
            stays = ", STAYS" if alert.name in self.stayed else ""
            yield f"| `{alert.name}` | {alert.last - alert.first:.0f} s{stays} |"
        yield from ("", "| counted by the product itself | |", "|---|---|")
        for what, value in self.product.items():
            yield f"| {what} | {value:.0f} |"


def _named(done: Done) -> str:
    return f"{done.planned.kind} of {done.planned.target}"
