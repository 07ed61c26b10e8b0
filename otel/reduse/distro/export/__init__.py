"""What was counted, on its way out of the process."""
