"""Signals of databases: one file each."""
