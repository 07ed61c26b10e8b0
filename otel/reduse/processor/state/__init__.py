"""The processor's state on disk: an SQLite database with the outbox; a log, a snapshot and the quarantine beside it.

It stores bytes and knows nothing of OTLP; what they mean is the core's business.
"""
