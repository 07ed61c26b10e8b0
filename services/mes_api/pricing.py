"""The price of a part: the cheapest way to print so many of it.

The search is the point: for each machine, each way the part can lie, each height of a layer and each number of parts
on a plate it computes what the machine, the material and the people cost: a few milliseconds at the most.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Material = Literal["nylon", "abs", "aluminium", "steel", "titanium"]

# Cents for a cubic centimetre.
MATERIAL_CENTS_PER_CM3: dict[Material, float] = {
    "nylon": 9.0,
    "abs": 6.0,
    "aluminium": 32.0,
    "steel": 41.0,
    "titanium": 150.0,
}
LAYER_HEIGHTS_MM = (0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28, 0.3)
GAP_MM = 4.0
SECONDS_PER_CM3 = 95.0
PLATE_CHANGE_CENTS = 350.0
SETUP_CENTS = 2_500.0
# A plate that fails is printed again; the longer it takes, the likelier.
FAILURE_PER_HOUR = 0.004
MARGIN = 1.25
MOST_ON_A_PLATE = 40


class Machine(NamedTuple):
    """A printer with a square plate."""

    name: str
    plate_mm: float
    seconds_per_layer: float
    cents_per_hour: float


MACHINES = (
    Machine("small", 120.0, 5.0, 900.0),
    Machine("medium", 220.0, 6.0, 1_300.0),
    Machine("large", 320.0, 7.0, 1_800.0),
)

Millimetres = Annotated[float, Field(ge=1.0, le=300.0)]


class Part(BaseModel):
    """What is to be made, by its bounding box and how much of that is solid."""

    model_config = ConfigDict(extra="forbid")

    material: Material
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres
    fill: Annotated[float, Field(ge=0.05, le=1.0)] = 0.4
    tolerance_mm: Annotated[float, Field(ge=0.08, le=0.3)] = 0.2
    quantity: Annotated[int, Field(ge=1, le=10_000)]


class Price(NamedTuple):
    """The cheapest plan; money in integer cents."""

    total_cents: int
    machine: str
    layer_height_mm: float
    parts_on_plate: int
    machine_hours: float


def price_of(part: Part) -> Price:
    """The price of so many of this part; the same part has the same price always."""
    plans = (plan for machine in MACHINES for plan in _plans(part, machine))
    return min(plans, key=lambda plan: plan.total_cents)


def _plans(part: Part, machine: Machine) -> Iterator[Price]:
    """Every plan on this machine; none when the part does not fit on it."""
    volume_cm3 = part.length_mm * part.width_mm * part.height_mm / 1_000 * part.fill
    fixed_cents = SETUP_CENTS + volume_cm3 * MATERIAL_CENTS_PER_CM3[part.material] * part.quantity
    # Thicker layers are less precise; the thinnest meets every tolerance allowed.
    layer_heights = [height for height in LAYER_HEIGHTS_MM if height <= part.tolerance_mm]
    for base_a, base_b, height in _orientations(part):
        fitting = min(_fitting(machine.plate_mm, base_a, base_b), part.quantity, MOST_ON_A_PLATE)
        for layer_height in layer_heights:
            layer_hours = math.ceil(height / layer_height) * machine.seconds_per_layer / 3_600
            for on_plate in range(1, fitting + 1):
                plates = math.ceil(part.quantity / on_plate)
                hours = layer_hours + on_plate * volume_cm3 * SECONDS_PER_CM3 / 3_600
                prints = 1 / (1 - min(0.5, FAILURE_PER_HOUR * hours))
                machine_cents = plates * (hours * machine.cents_per_hour * prints + PLATE_CHANGE_CENTS)
                total_cents = math.ceil((fixed_cents + machine_cents) * MARGIN)
                yield Price(total_cents, machine.name, layer_height, on_plate, round(plates * hours, 3))


def _orientations(part: Part) -> list[tuple[float, float, float]]:
    """The ways a box can lie: its base, then its height."""
    a, b, c = part.length_mm, part.width_mm, part.height_mm
    return [(a, b, c), (b, c, a), (a, c, b)]


def _fitting(plate_mm: float, base_a: float, base_b: float) -> int:
    """How many such bases fit on a plate in rows, all turned the same way."""
    return int(plate_mm // (base_a + GAP_MM)) * int(plate_mm // (base_b + GAP_MM))
