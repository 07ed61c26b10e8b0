"""Shop API: the catalogue, and the orders that customers place."""
