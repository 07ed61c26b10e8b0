"""Start times of processes: a process that was started within a window has counted during a part of it only."""

START = "reduse_totals_start_seconds"
"""Start time of the counters of a process as Unix time, as observed by the gateway; 0 if unknown."""


def over_time_there(rate: str, seconds: int, *, by: str, of: str) -> str:
    """PromQL of a rate over the last `seconds`, divided by the part of that time since the start.

    So a service, or process, that has just been started for the first time has its own rate at once. One that was there
    before has what it missed counted. `by`: the labels by which starts are told apart; `of`: series of the same labels
    that are there whenever the rate is: where nobody says when they started, it is the rate of the whole window.
    """
    return (
        f"{rate}\n/ on ({by}) group_left () (\n"
        f"  clamp_max((time() - min by ({by}) (min_over_time({START}[{seconds}s]))) / {seconds}, 1)\n"
        f"  or group by ({by}) ({of})\n)"
    )
