"""The arguments of a library's method, as they were given: read, or one replaced, and never refused by us."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Given = tuple[tuple[Any, ...], dict[str, Any]]


class Parameters:
    """Those of a method, without `self`. A call that does not fit is the method's to refuse, in its own words."""

    def __init__(self, method: Callable[..., Any]) -> None:
        _self, *parameters = inspect.signature(method).parameters.values()
        self._places = {each.name: place for place, each in enumerate(parameters)}
        self._defaults = {each.name: each.default for each in parameters if each.default is not each.empty}

    def get(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str) -> Any:
        """The argument of this name, or its default; None where there is neither."""
        place = self._places.get(name)
        if place is not None and place < len(args):
            return args[place]
        return kwargs[name] if name in kwargs else self._defaults.get(name)

    def with_another(self, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, value: Any) -> Given:
        """The arguments of a call that has one of this name, with another value for it."""
        place = self._places[name]
        if place < len(args):
            return (*args[:place], value, *args[place + 1 :]), kwargs
        return args, {**kwargs, name: value}
