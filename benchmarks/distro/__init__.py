"""What instrumentation adds to the CPU time of a request: ours and the others, measured in one run."""
