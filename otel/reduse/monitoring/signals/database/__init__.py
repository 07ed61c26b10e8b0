"""Signals of databases: one file each.

Their receivers scrape every 5 s. A value older than 30 s (six scrapes) is left out, so that a part that has stopped
reporting is shown as missing, not with its last value.
"""
