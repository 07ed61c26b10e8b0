"""A company's file held against what is running: what can be reached with it, and what a new one would have in it."""
