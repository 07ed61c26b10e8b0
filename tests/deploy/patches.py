"""Strategic merge patches as kustomize lays them over objects, as far as they are used here."""

from typing import Any

DIRECTIVE = "$patch"
# By what the entries of a list are told apart; the entries of other lists are not, and a patch replaces these.
KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}

Object = dict[str, Any]


def patched(objects: list[Object], patch: Object) -> list[Object]:
    """The objects, with the patch laid over the one that it names."""
    (place,) = [number for number, each in enumerate(objects) if identity(each) == identity(patch)]
    new = [] if patch.get(DIRECTIVE) == "delete" else [merged(objects[place], patch)]
    return [*objects[:place], *new, *objects[place + 1 :]]


def identity(each: Object) -> tuple[str, str, str]:
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


def merged(base: Object, patch: Object) -> Object:
    """Maps key by key, lists of what has a name entry by entry: what is new comes first, as kustomize has it."""
    found = dict(base)
    for key, value in patch.items():
        if isinstance(value, dict) and key in base:
            found[key] = merged(base[key], value)
        elif key in KEYS and key in base:
            found[key] = _entries(base[key], value, KEYS[key])
        else:
            found[key] = value
    return found


def _entries(base: list[Object], patch: list[Object], key: str) -> list[Object]:
    changes = {each[key]: each for each in patch}
    known = {each[key] for each in base}
    new = [each for name, each in changes.items() if name not in known]
    kept = [merged(each, changes.get(each[key], {})) for each in base]
    return [each for each in [*new, *kept] if each.get(DIRECTIVE) != "delete"]
