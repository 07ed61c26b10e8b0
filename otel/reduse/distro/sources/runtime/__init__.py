"""The interpreter and its process: memory, threads, garbage collection, event loops."""
