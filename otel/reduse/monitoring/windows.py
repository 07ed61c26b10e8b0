"""The windows of the rules, as text, and the maximum ages of samples, in seconds."""

SECONDS_STALE_AT_1_S = 10.0
"""Maximum age of data that is sent every second: ten missed exports."""

SECONDS_STALE_AT_5_S = 20.0
"""Maximum age of data that is scraped every five seconds: four missed scrapes."""

INTERVALS_STALE = 3.5
"""Number of export intervals after which the newest sample of a service is too old, if that is longer than the maximum
age: three missed exports. The rules forget the interval of a process that has ended after as many (`red.yaml`)."""

WINDOW = (
    "Mean over the last 15 s (1 min or 200 s for a service that exports less often than every 3 s or 16 s: at least "
    "three export intervals)."
)
MINUTE_WINDOW = "Measured over the last minute (200 s for a service that exports less often than every 16 s)."
CPU_WINDOW = "Mean over the last 30 s (1 min or 200 s where exports are more than 7 s or 16 s apart)."
