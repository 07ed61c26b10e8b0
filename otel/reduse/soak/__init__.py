"""A soak: the whole stack under load for hours, while faults come at random from a seed, and every count is checked.

Layers: the command runs a piece of it on a site (the stack with what faults need); the verdict is computed from what
was sent, counted and watched, and neither asks nor waits.
"""
