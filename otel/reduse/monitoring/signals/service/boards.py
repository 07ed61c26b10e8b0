"""The dashboards on which services are shown, by their `uid`."""

RED = "reduse-red"
USE = "reduse-service-use"
USE_SECTION = "Utilisation, saturation, errors"
USERS = "reduse-users"
DATABASES = "reduse-databases"
"""The waiting times of services for a database are shown beside the metrics of the database."""
