"""Signals of hosts: one file each.

The agent scrapes its host every 5 s. A value older than 30 s (six scrapes) is left out, so that a host that has stopped
reporting is shown as missing, not with its last value.
"""
