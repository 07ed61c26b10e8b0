"""Tickets that customers open, in Flask."""
