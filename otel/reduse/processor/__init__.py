"""OTLP in, Python processors over closed event-time windows, OTLP out.

`core` is the computation: columns in, state, metrics out; time, bytes and durability are handed to it.
`otlp` is the protocol's bytes, `state` keeps what survives a kill, `pipeline` is the life of a request between the two,
`servers` are its doors; `host` runs them as one process.
"""
