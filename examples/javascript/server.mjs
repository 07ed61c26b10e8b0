// A service that says who sent how much. `X-User` stands for whatever your service has checked.
import { createServer } from "node:http";
import { UserStream } from "./user_stream.mjs";

const stream = new UserStream({
  endpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "http://127.0.0.1:4318",
  service: process.env.OTEL_SERVICE_NAME,
  key: Buffer.from(process.env.REDUSE_USER_HASH_KEY.trim(), "utf8"),
});

const server = createServer((request, response) => {
  const began = performance.now();
  response.on("close", () => {
    const refused = response.statusCode === 401 || response.statusCode === 403;
    // Node takes the bytes of a header for Latin-1; the hash is of the bytes that were sent.
    const user = Buffer.from(request.headers["x-user"] ?? "", "latin1").toString("utf8");
    stream.record((!refused && user) || null, (performance.now() - began) / 1000);
  });
  response.statusCode = request.url === "/refused" ? 401 : 200;
  response.end("ok\n");
});

const interval = setInterval(() => stream.export(), 1000);

process.on("SIGTERM", () => {
  clearInterval(interval);
  server.close(async () => {
    await stream.export();
    process.exit(0);
  });
  server.closeIdleConnections();
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
