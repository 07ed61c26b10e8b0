"""What is compiled gives what Python gives, wherever it may be kept."""

from reduse.processor.core.compiled import compiled


def total(limit: int) -> int:
    found = 0
    for number in range(limit):
        found += number
    return found


def test_a_compiled_function_returns_the_same() -> None:
    assert compiled(total)(1000) == total(1000)


def test_without_a_place_to_keep_it_a_function_is_compiled_all_the_same() -> None:
    names: dict[str, object] = {}
    exec("def twice(number): return 2 * number", names)  # noqa: S102 - a function that is in no file
    twice = names["twice"]
    assert callable(twice)
    assert compiled(twice)(21) == 42
