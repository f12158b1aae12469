# Forecourt as a service: no compiler and no torch in the image that runs, and no root.
#
#   docker build -t forecourt .
#   docker run -p 8000:8000 -v forecourt:/data forecourt

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python -m venv /opt/forecourt
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
# Wheels alone: a package that would have to be compiled fails here, not in production.
RUN /opt/forecourt/bin/pip install --only-binary :all: --no-binary forecourt \
    --constraint constraints.txt ".[postgres]" \
    && /opt/forecourt/bin/python -m compileall -q /opt/forecourt/lib \
    && /opt/forecourt/bin/pip uninstall --yes pip

FROM python:3.12-slim-bookworm
ENV PATH=/opt/forecourt/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FORECOURT_HOME=/data \
    FORECOURT_SERVE__HOST=0.0.0.0
RUN groupadd --system --gid 10001 forecourt \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin forecourt \
    && install --directory --owner=10001 --group=10001 /data
COPY --from=build /opt/forecourt /opt/forecourt
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# /readyz would restart a server whose database is away; that helps nobody.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["forecourt", "--json-logs"]
CMD ["serve"]
