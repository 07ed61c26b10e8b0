"""Images made of this machine's own programs, in the place of those that docker-compose.yml names."""
