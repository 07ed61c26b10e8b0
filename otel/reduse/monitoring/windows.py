"""How long the windows of the rules are, and how old a sample may be: in words and in seconds."""

SECONDS_STALE_AT_1_S = 10.0
"""Maximum age of what is sent each second: ten sends missed."""

SECONDS_STALE_AT_5_S = 20.0
"""Maximum age of what is scraped every five seconds: four scrapes missed."""

INTERVALS_STALE = 3.5
"""Export intervals of a service after which its newest sample is too old, where that is longer than the maximum age:
three sends missed. Prometheus' rules forget the interval of a process that ended after as many (`red.yaml`)."""

WINDOW = (
    "Mean over the last 15 s (1 min or 200 s for a service that exports less often than every 3 s or 16 s: at least "
    "three export intervals)."
)
MINUTE_WINDOW = "Measured over the last minute (200 s for a service that exports less often than every 16 s)."
CPU_WINDOW = "Mean over the last 30 s (1 min or 200 s where exports are more than 7 s or 16 s apart)."
