"""The processor on Kafka: exports come from a topic's partitions, what follows from them goes into another topic.

The partition is the log. Everything is a function of its records and of the times at which the broker appended them:
whoever takes a partition over loads its last snapshot, counts again what came after it, and says the same samples.
"""
