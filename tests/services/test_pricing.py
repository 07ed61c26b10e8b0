"""Prices are plausible, and cost some work but never much."""

import time

import pytest

from mes_api.pricing import Part, price_of


def part(quantity: int = 25, **changes: object) -> Part:
    size = {"material": "steel", "length_mm": 40, "width_mm": 30, "height_mm": 20, "quantity": quantity}
    return Part.model_validate({**size, **changes})


def test_the_same_part_has_the_same_price() -> None:
    assert price_of(part()) == price_of(part())


def test_more_parts_cost_more_but_each_costs_less() -> None:
    prices = {quantity: price_of(part(quantity)).total_cents for quantity in (1, 10, 100, 1000)}
    totals = list(prices.values())
    assert totals == sorted(totals)
    each = [total / quantity for quantity, total in prices.items()]
    assert each == sorted(each, reverse=True)


def test_dear_material_costs_more() -> None:
    assert price_of(part(material="titanium")).total_cents > price_of(part(material="abs")).total_cents


def test_a_tighter_tolerance_is_kept_and_never_cheaper() -> None:
    tight, loose = price_of(part(tolerance_mm=0.1)), price_of(part(tolerance_mm=0.3))
    assert tight.layer_height_mm <= 0.1
    assert tight.total_cents >= loose.total_cents


@pytest.mark.parametrize("side", [1, 300])
@pytest.mark.parametrize("quantity", [1, 10_000])
@pytest.mark.parametrize("tolerance", [0.08, 0.3])
def test_every_part_allowed_has_a_price_soon(side: int, quantity: int, tolerance: float) -> None:
    cube = part(quantity, length_mm=side, width_mm=side, height_mm=side, tolerance_mm=tolerance)
    began = time.thread_time()
    assert price_of(cube).total_cents > 0
    assert time.thread_time() - began < 0.1
