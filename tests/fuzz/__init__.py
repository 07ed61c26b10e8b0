"""Odd metrics from invented services, beside an innocent one that must not notice: `./reduse fuzz`."""
