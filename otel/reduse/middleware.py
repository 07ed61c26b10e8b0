"""Public: the middleware for applications of ASGI frameworks that are not measured as they are.

    app = MetricsMiddleware(app, route=lambda scope: scope.get("my_framework.route_template"))

See `docs/instrument-your-service.md`. What else is public: `docs/python-api.md`.
"""

from reduse.distro.middleware import MetricsMiddleware, Route

__all__ = ["MetricsMiddleware", "Route"]
