"""An outage of the gateway with many services, in less time than it stands for. `./reduse bench outage`."""
