"""What survives, as files: snapshot, log and outbox, and what was set apart. Knows nothing of the protocol."""
