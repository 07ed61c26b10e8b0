"""The console: a page where a person sees the company live, and tries limits on what was recorded.

It reads the store and the history of the processor, and changes nothing.
"""
