"""Which rate limit to set, from what the processor says that each limit of a ladder would have done."""
