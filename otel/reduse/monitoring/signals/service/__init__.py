"""Signals of services: one file each."""
