"""What so many users and services need on Kafka: arithmetic over measured costs."""
