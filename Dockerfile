FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the optional dependency, an embedded Postgres: the image always has a DATABASE_URL.
RUN npm ci --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root, run by another: the program can't change itself, and writes nothing, so the file system can be read-only.
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY drizzle/catalog.json ./drizzle/catalog.json
COPY drizzle/columns.ts ./drizzle/columns.ts
COPY drizzle/schema ./drizzle/schema
COPY src ./src
# What people and scripts call in the container, and what the container itself runs.
RUN chmod 755 src/cli.ts && ln -s /app/src/cli.ts /usr/local/bin/clerk-sync
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))"]
# Stopping may take the 25 seconds in which the service finishes what it has accepted: `docker stop --timeout 30`.
ENTRYPOINT ["clerk-sync"]
CMD ["serve"]
