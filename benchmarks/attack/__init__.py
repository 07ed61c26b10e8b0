"""Many invented users at once: what they cost, and whether anything else suffers. `./reduse bench attack`."""
