# One image for the daemon, the consumers and every command of the orchestrator.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/orchestrator
ENV PATH="/opt/orchestrator/bin:$PATH"
# The dependencies first: they change less often than the code.
COPY .ci/runtime.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY orchestrator ./orchestrator
COPY consumers ./consumers
RUN pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
# A volume that is mounted at /data belongs to whom the folder belongs.
RUN useradd --system --uid 10001 --home-dir /app orchestrator && install --directory --owner 10001 /data
WORKDIR /app
COPY --from=build /opt/orchestrator /opt/orchestrator
COPY rules ./rules
COPY schemas ./schemas
ENV PATH="/opt/orchestrator/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    ORCHESTRATOR_HTTP_HOST=0.0.0.0 \
    ORCHESTRATOR_HTTP_PORT=8080
USER 10001
EXPOSE 8080
# /live fails when the event loop hangs; /ready would also fail while a service is away, and
# restarting for that helps nobody.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['ORCHESTRATOR_HTTP_PORT'] + '/live', timeout=2)"]
ENTRYPOINT ["orchestrator"]
CMD ["run"]
