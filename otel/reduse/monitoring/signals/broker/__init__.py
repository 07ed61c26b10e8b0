"""Signals of brokers: one file each."""
