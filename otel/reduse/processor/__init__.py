"""OTLP in, Python processors over closed event-time windows, OTLP out.

`core` is the computation: columns in, state, metrics out; time, bytes and durability are handed to it.
`otlp` speaks the protocol at both ends, `state` keeps what survives a kill, `host` runs them as one process.
"""
