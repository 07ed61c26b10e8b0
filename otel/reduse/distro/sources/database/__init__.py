"""Database clients: their connection pools and the names of their operations."""
