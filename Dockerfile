# One image for all services of docker-compose.yml; the command of a container decides which service it is.

# The newest patch of Python 3.13 at the time of the build; deploy/compose/images.env has an exact one.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/tracker
WORKDIR /src
COPY requirements.lock ./
RUN /opt/tracker/bin/pip install --require-hashes --only-binary=:all: -r requirements.lock
COPY . .
# setuptools comes from the lock, so that nothing is fetched here; neither it nor pip is needed afterwards.
RUN /opt/tracker/bin/pip install --no-deps --no-build-isolation . \
 && /opt/tracker/bin/pip uninstall --yes setuptools pip

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="status-page-tracker" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/tracker/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TRACKER_DATA_DIR=/data
COPY deploy/health.sh /usr/local/bin/health
# A new volume gets the owner of the directory that it is mounted on.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tracker \
 && install -d -m 0750 -o tracker -g tracker /data /secrets/tracker /secrets/flower /secrets/web \
 && install -d -m 0755 -o tracker -g tracker /secrets/redis /secrets/metrics /secrets/grafana \
 && chmod 0755 /usr/local/bin/health
COPY --from=build /opt/tracker /opt/tracker
# Celery looks for modules in the working directory first: it belongs to root.
WORKDIR /opt/tracker
USER 10001:10001
CMD ["tracker", "--help"]
