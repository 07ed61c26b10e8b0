"""A harbour: four services, three PostgreSQL instances and two brokers, under names of its own."""
