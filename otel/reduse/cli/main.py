"""All commands as one application."""

import sys

import typer

from reduse.cli import (
    bench,
    development,
    history,
    injection,
    operation,
    output,
    render,
    size,
    soak,
    stack,
    watch,
    what_if,
)
from reduse.cli.complaint import complain
from reduse.errors import StackError
from reduse.recommendation.errors import RecommendationError

app = typer.Typer(
    help="RED and USE monitoring for FastAPI, PostgreSQL and RabbitMQ: the whole pipeline on one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(stack.app)
app.add_typer(soak.app)
app.add_typer(operation.app)
app.add_typer(render.app)
app.add_typer(injection.app)
app.add_typer(development.app)
app.add_typer(history.app)
app.add_typer(size.app)
app.add_typer(what_if.app)
app.add_typer(bench.app, name="bench")
app.add_typer(watch.app, name="watch")


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
