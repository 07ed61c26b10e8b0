"""Columns in, state, metrics out: no server, no store, time passed in."""
