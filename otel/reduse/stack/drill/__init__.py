"""Drills: a real fault on the running stack, the alert it must raise, and its end."""
