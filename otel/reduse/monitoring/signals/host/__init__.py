"""Signals of hosts: one file each."""
