# The simulator alone: docs/how-to/test-in-any-language.md, "With a container".
FROM python:3.13-slim AS build
COPY . /src
RUN python -m pip install --no-cache-dir hatchling
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist /src/packaging/simulator

FROM python:3.13-slim
COPY --from=build /dist /dist
RUN python -m pip install --no-cache-dir --find-links /dist "ari-notebook-simulator[full]"
USER 10001:10001
EXPOSE 8088
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8088/_simulator/health', timeout=2)"]
ENTRYPOINT ["ari-simulator", "--host", "0.0.0.0", "--port", "8088", "--control"]
