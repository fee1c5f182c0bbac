# syntax=docker/dockerfile:1

# The image of the portal: pages, styles, migrations and server in one file, on a base without a shell.
#
#   docker build --tag vestibule:0.1.0 .                             what is shipped
#   docker build --tag vestibule:dev --target development .          rebuilds and restarts while you edit: see deploy/compose
#
# `cargo xtask dist` builds it. The tools that it would fetch are layers, and what cargo has downloaded and compiled is kept in
# BuildKit's cache between builds.

# What makes wasm, scripts and styles small, at the versions that the project's lock file names.
FROM node:22.23.3-trixie-slim AS site-tools
WORKDIR /opt/site-tools
COPY xtask/tools/package.json xtask/tools/package-lock.json ./
RUN npm ci --no-audit --no-fund --loglevel=error


# Compiler and build tools. The version of Rust is that of rust-toolchain.toml.
FROM rust:1.95.0-trixie AS tools
RUN rustup component add clippy rustfmt \
 && rustup target add wasm32-unknown-unknown
COPY --from=site-tools /usr/local/bin/node /usr/local/bin/node
COPY --from=site-tools /opt/site-tools /opt/site-tools
ENV PATH=/opt/site-tools/node_modules/.bin:$PATH


# Watches the sources, which are mounted at /vestibule/src and never written to, and keeps what it builds beside them.
FROM tools AS development
# 0.3.11 needs a newer compiler. Its own release profile would take 22 minutes and gain nothing.
ARG CARGO_LEPTOS_VERSION=0.3.10
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install cargo-leptos --version "${CARGO_LEPTOS_VERSION}" --locked
# What cargo-leptos would fetch by itself, without a checksum. Without --locked: the lock that it was published with names a
# yanked crate.
ARG WASM_BINDGEN_VERSION=0.2.130
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install wasm-bindgen-cli --version "${WASM_BINDGEN_VERSION}"
RUN useradd --uid 1000 --create-home developer \
 && install -d -o developer -g developer /vestibule/src /vestibule/target /vestibule/data /usr/local/cargo/registry
ENV CARGO_TARGET_DIR=/vestibule/target \
    LEPTOS_SITE_ROOT=/vestibule/target/site \
    VESTIBULE_DATA_DIR=/vestibule/data \
    VESTIBULE_LISTEN=0.0.0.0:3000 \
    VESTIBULE_SITE_DIR=/vestibule/target/site
USER 1000:1000
WORKDIR /vestibule/src
EXPOSE 3000
CMD ["cargo", "leptos", "watch", "--cargo-locked"]


FROM tools AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo xtask dist \
 && install -D target/dist/vestibule /out/vestibule \
 && install -d /out/data


# glibc, libgcc, certificates of the public authorities and a user without rights; no shell, no package manager.
FROM gcr.io/distroless/cc-debian13:nonroot AS runtime
LABEL org.opencontainers.image.title="Vestibule" \
      org.opencontainers.image.description="A self-hosted auth portal: pages, JSON API and JWKS" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/vestibule /usr/local/bin/vestibule
COPY --from=build --chown=65532:65532 --chmod=0700 /out/data /data

# Production is the default: without settings the container says what is missing, and serves nothing half-configured.
# The private port (9464: metrics and health) stays on the container's loopback until a deployment opens it to its own network.
ENV VESTIBULE_MODE=production \
    VESTIBULE_LISTEN=0.0.0.0:3000 \
    VESTIBULE_DATA_DIR=/data
# By number: Kubernetes' runAsNonRoot does not know names.
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# Asks /health/ready of the private port from inside, so that it needs no shell and no curl.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/vestibule", "health"]
ENTRYPOINT ["/usr/local/bin/vestibule"]
CMD ["serve"]
