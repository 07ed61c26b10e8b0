"""What survives: snapshot, log and outbox in one SQLite file."""
