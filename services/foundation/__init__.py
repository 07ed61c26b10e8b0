"""What the three services share: settings, database, broker, outbox, consumers, health and HTTP errors."""
