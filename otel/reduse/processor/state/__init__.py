"""The processor's state on disk: an SQLite database with the outbox, a log and a snapshot beside it, and the quarantine.

It stores bytes and knows nothing of OTLP; what they mean is the core's business.
"""
