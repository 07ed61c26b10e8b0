"""From the processor with a server to workers on Kafka: its state becomes the first snapshots of their partitions.

`conversion` says what becomes of a state, without Kafka and without files; `source` reads it where a server has left
it, `destination` puts it where workers find it, and `mover` does the one after the other.
"""
