"""The distro's tests on the oldest and the newest OpenTelemetry, on each Python found: `./reduse matrix`."""
