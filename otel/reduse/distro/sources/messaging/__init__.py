"""Messages sent and consumed."""
