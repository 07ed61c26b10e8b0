"""Apache Kafka on this machine: the log that users' points and derived metrics go by."""
