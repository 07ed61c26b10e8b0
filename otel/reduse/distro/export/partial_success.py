"""What an answer says of an export that was taken, but not all of it.

Source: opentelemetry-proto, metrics_service.proto: `ExportMetricsPartialSuccess`.
"""

from reduse.distro.export.protobuf import fields
from reduse.otlp import PartialSuccess


def partial_success(response: bytes) -> tuple[int, str]:
    """How many points were rejected, and why; 0 and nothing where all is well, or the response is no such message."""
    rejected, reason = 0, ""
    try:
        for field, value in fields(response):
            if field == PartialSuccess.IN_RESPONSE and isinstance(value, bytes):
                for inner, content in fields(value):
                    if inner == PartialSuccess.REJECTED_DATA_POINTS and isinstance(content, int):
                        rejected = content
                    elif inner == PartialSuccess.ERROR_MESSAGE and isinstance(content, bytes):
                        reason = content.decode("utf-8", "replace")
    except ValueError:
        return 0, ""
    return rejected, reason
