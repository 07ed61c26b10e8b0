"""The private parts of OpenTelemetry that the distro stands on, all of them here, for all versions that it takes.

There is no public way to do what is done by them. Where a version has not got a part, one line says what is lost by
that, and the service and all other numbers go on. `./reduse matrix` tries the oldest and the newest version.
"""
