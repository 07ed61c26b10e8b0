"""Data points a second of CPU, and memory per user, of the processor and of other ways to the same figures."""
