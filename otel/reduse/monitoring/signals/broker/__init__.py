"""Signals of brokers: one file each.

Their receivers scrape every 5 s. A value older than 30 s (six scrapes) is left out, so that what stopped reporting
shows as missing and not as its last number.
"""
