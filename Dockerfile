# The one image of reduse: processor, the reference company's services, their load, and what sets databases up.
FROM python:3.11.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/reduse
WORKDIR /build
COPY requirements-stack.lock ./
RUN /opt/reduse/bin/pip install --require-hashes --requirement requirements-stack.lock
COPY pyproject.toml README.md LICENSE ./
COPY otel otel
RUN /opt/reduse/bin/pip install --no-deps --no-build-isolation .
# What installs and builds stays behind.
RUN /opt/reduse/bin/pip uninstall --yes hatchling pip

FROM python:3.11.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin reduse \
    && python -m pip uninstall --yes pip setuptools wheel \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/reduse
COPY --from=build /opt/reduse /opt/reduse
WORKDIR /app
COPY services services
COPY company company
ENV PATH=/opt/reduse/bin:$PATH \
    PYTHONPATH=/app/services \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/lib/reduse/compiled \
    REDUSE_ROOT=/app
USER 10001:10001
CMD ["reduse-processor"]
