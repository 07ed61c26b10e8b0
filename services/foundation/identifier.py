"""Names that people and other systems give to things: customers, operators, partners."""

from typing import Annotated

from pydantic import StringConstraints

# No blanks and no control characters: what the database cannot hold never reaches it.
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.@-]+$")]
