"""Signals of the monitoring itself: one file each."""
