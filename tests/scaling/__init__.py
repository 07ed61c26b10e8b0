"""Several processors behind the balancer."""
