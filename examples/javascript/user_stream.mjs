// The per-user stream of docs/wire.md, by Node's standard library alone: OTLP over HTTP, protobuf written by hand.
import { createHmac, randomUUID } from "node:crypto";

const METRIC = "reduse.user.request.duration";
const DELTA = 1;
const POINTS_IN_A_REQUEST = 20_000;
const HELD_REQUESTS = 300;
const RETRYABLE = new Set([429, 502, 503, 504]);

/** The first 16 hex digits of HMAC-SHA-256(key, user id). */
export function userHash(key, user) {
  return createHmac("sha256", key).update(user, "utf8").digest("hex").slice(0, 16);
}

/** Counts requests by user, and sends what was since the export before. */
export class UserStream {
  /**
   * @param {{endpoint: string, service: string, key: Buffer, instance?: string, userLimit?: number}} options
   *     `endpoint` of the agent, for example http://127.0.0.1:4318; `instance` is unique for each process.
   */
  constructor({ endpoint, service, key, instance = randomUUID(), userLimit = 50_000 }) {
    this.url = `${endpoint.replace(/\/$/, "")}/v1/metrics`;
    this.resource = { "service.name": service, "service.instance.id": instance };
    this.key = key;
    this.userLimit = userLimit;
    this.start = now();
    this.waiting = []; // encoded requests, unchanged until they have arrived: a repeat is then known for one
    this.#clear();
  }

  #clear() {
    this.users = new Map(); // user id -> [requests, seconds]
    this.unidentified = [0, 0];
    this.overflow = [0, 0];
  }

  /** One request took so many seconds; `user` is null when nobody was let in. */
  record(user, seconds) {
    let load = user === null ? this.unidentified : this.users.get(user);
    if (load === undefined && this.users.size < this.userLimit) {
      this.users.set(user, (load = [0, 0]));
    }
    load ??= this.overflow;
    load[0] += 1;
    load[1] += seconds;
  }

  /** Close the interval, and send it and what is still waiting, in order. */
  async export() {
    const end = now() > this.start ? now() : this.start + 1_000_000n;
    const points = [...this.users].map(([user, load]) => [attribute("user.hash", userHash(this.key, user)), load]);
    if (this.overflow[0] > 0) points.push([mark("otel.metric.overflow"), this.overflow]);
    // Always the last, even of no requests: with it the instance is complete up to `end`.
    points.push([null, this.unidentified]);
    for (let first = 0; first < points.length; first += POINTS_IN_A_REQUEST) {
      this.waiting.push(request(this.resource, this.start, end, points.slice(first, first + POINTS_IN_A_REQUEST)));
    }
    this.start = end;
    this.#clear();
    for (const lost of this.waiting.splice(0, Math.max(0, this.waiting.length - HELD_REQUESTS))) {
      console.error(`the agent is away: ${lost.length} bytes of requests by user are lost`);
    }
    await this.#send();
  }

  async #send() {
    while (this.waiting.length > 0) {
      let status;
      try {
        const headers = { "content-type": "application/x-protobuf" };
        const answer = await fetch(this.url, { method: "POST", headers, body: this.waiting[0] });
        status = answer.status;
        const said = Buffer.from(await answer.arrayBuffer());
        // Partial success: some points were refused, and sending them again would not help.
        if (status === 200 && said.length > 0) console.error(`refused: ${said.toString("latin1")}`);
      } catch {
        return; // away: again with the next export
      }
      if (RETRYABLE.has(status)) return;
      if (status !== 200) console.error(`${this.url} answers ${status}`);
      this.waiting.shift();
    }
  }
}

const now = () => BigInt(Date.now()) * 1_000_000n;

// opentelemetry-proto: the numbers of fields are those of metrics.proto, resource.proto and common.proto.
function request(resource, start, end, points) {
  const attributes = Object.entries(resource).map(([name, value]) => message(1, attribute(name, value)));
  const dataPoints = points.map(([attributes, [count, sum]]) =>
    message(1, Buffer.concat([
      fixed64(2, start), fixed64(3, end), fixed64(4, BigInt(count)), double(5, sum),
      ...(attributes === null ? [] : [message(9, attributes)]),
    ])));
  const histogram = Buffer.concat([...dataPoints, number(2, DELTA)]);
  const metric = Buffer.concat([text(1, METRIC), text(3, "s"), message(9, histogram)]);
  const scopeMetrics = message(2, message(2, metric));
  return message(1, Buffer.concat([message(1, Buffer.concat(attributes)), scopeMetrics]));
}

const attribute = (name, value) => Buffer.concat([text(1, name), message(2, text(1, value))]);
const mark = (name) => Buffer.concat([text(1, name), message(2, number(2, 1))]);
const text = (field, value) => message(field, Buffer.from(value, "utf8"));
const message = (field, content) => Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);

function fixed64(field, value) {
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE(value);
  return Buffer.concat([varint((field << 3) | 1), content]);
}

function double(field, value) {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), content]);
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
