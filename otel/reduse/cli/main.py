"""All commands as one application."""

import sys

import typer

from reduse.cli import output
from reduse.cli.complaint import complain
from reduse.cli.on_demand import OPTIONS, OnDemand
from reduse.errors import StackError
from reduse.recommendation.errors import RecommendationError

app = typer.Typer(
    cls=OnDemand,
    help="RED and USE monitoring for FastAPI, PostgreSQL and RabbitMQ: the whole pipeline on one machine.",
    no_args_is_help=True,
    add_completion=False,
    **OPTIONS,
)


@app.callback()
def _all() -> None:
    """Without it an application that has no command of its own is none."""


def main() -> None:
    """Run the command line; an error is one message and an exit status, never a traceback."""
    output.prepare()
    try:
        try:
            app(prog_name="reduse")
        finally:
            sys.stdout.flush()
    except (StackError, RecommendationError) as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        output.forget(sys.stdout)
        sys.exit(1)
    except OSError as error:
        output.forget(sys.stdout)
        complain(f"{error.filename or 'the system'}: {error.strerror or error}.")
        sys.exit(1)
