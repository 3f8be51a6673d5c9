FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsdown.config.ts tsconfig.json tsconfig.build.json ./
COPY migrations ./migrations
COPY drizzle ./drizzle
COPY src ./src
COPY scripts/license-notices.ts ./scripts/
# Installing also builds.
RUN npm ci

FROM node:24-slim
# A young generation of 12 MiB, as `npm start` gives it: docs/performance.md says what that saves.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=12
WORKDIR /app
# Owned by root, run by another: the program can't change itself, and writes nothing, so the file system can be read-only.
COPY --from=build /app/package.json ./package.json
# The program has its dependencies in it, but for the embedded Postgres: the image always has a DATABASE_URL.
COPY --from=build /app/dist ./dist
# What people and scripts call in the container, and what the container itself runs.
RUN ln -s /app/dist/cli.js /usr/local/bin/clerk-sync
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))"]
# Stopping may take the 25 seconds in which the service finishes what it has accepted: `docker stop --timeout 30`.
ENTRYPOINT ["clerk-sync"]
CMD ["serve"]
