"""The dashboards on which services are shown, by their `uid`."""

RED = "reduse-red"
USE = "reduse-service-use"
USE_SECTION = "Utilisation, saturation, errors"
USERS = "reduse-users"
DATABASES = "reduse-databases"
"""What a service waits for its database stands beside what the database says of itself."""
