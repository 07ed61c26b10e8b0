"""Mutated real traffic at one port, a million times, beside somebody who must not notice: `./reduse fuzz --port`."""
