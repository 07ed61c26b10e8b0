"""How many examples a property test tries whose examples are dear: a share of those of the profile.

The suite has few of them, and whoever changes the code under test asks for more by `--hypothesis-profile exhaustive`.
"""

from hypothesis import settings

LEAST = 4
"""Examples, whatever the profile is."""


def examples_over(divisor: int) -> int:
    """The examples of the profile that is loaded, divided; for `max_examples` of `hypothesis.settings`."""
    assert settings.default is not None
    return max(LEAST, settings.default.max_examples // divisor)
