"""What a data point costs on Kafka, beside our own server: `./reduse bench scaling`."""
