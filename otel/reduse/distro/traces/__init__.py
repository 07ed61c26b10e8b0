"""Spans, when an exporter takes them: contrib's instrumentations make them, and exemplars name them."""
