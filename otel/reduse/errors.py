"""What can go wrong, as one line each: what happened and what to do. The CLI turns them into exit codes."""


class StackError(Exception):
    """The stack could not do what was asked. Exit status 1."""

    exit_code = 1


class SettingError(StackError):
    """A setting is unknown, has the wrong type or names something that cannot be used. Exit status 2."""

    exit_code = 2
