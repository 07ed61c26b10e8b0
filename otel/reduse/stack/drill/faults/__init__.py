"""Faults by kind: of databases and brokers that the stack starts, of its own parts, and of what services send."""
