"""What a company has watched: the model of its file, `watch.yaml`, and the reading of it.

From a `Company` follows everything else, as functions in `reduse.monitoring`.
"""
