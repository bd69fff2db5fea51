// What a user of the generated types writes. It must compile, what is marked as wrong must not, and it must do what it
// says on a daemon with one simulated controller.
//   node client.js http://127.0.0.1:6683

import assert from "node:assert/strict";

import createClient from "openapi-fetch";
import WebSocket from "ws";

import type {components, paths} from "./rest.js";
import type {components as stream} from "./stream.js";

type Controller = components["schemas"]["Controller"];
type Sample = components["schemas"]["Sample"];
type Messages = stream["schemas"];
type Request = Messages["Subscribe"] | Messages["Unsubscribe"] | Messages["Set"] | Messages["Ping"];
type Message =
  | Messages["Hello"]
  | Messages["Heartbeat"]
  | Messages["Subscribed"]
  | Messages["Unsubscribed"]
  | Messages["Reply"]
  | Messages["CueDone"]
  | Messages["Pong"]
  | Messages["Error"]
  | Messages["Snapshot"]
  | Messages["MotionEvent"]
  | Messages["ButtonEvent"]
  | Messages["TriggerEvent"]
  | Messages["BatteryEvent"]
  | Messages["ControllerEvent"]
  | Messages["OutputEvent"]
  | Messages["RadioEvent"]
  | Messages["LogEvent"];

const baseUrl = process.argv[2];
assert(baseUrl, "the daemon's address is missing");
const client = createClient<paths>({baseUrl});
const first = {params: {path: {id: "1"}}};

async function reads(): Promise<Controller> {
  const root = await client.GET("/api/v1");
  assert.equal(root.data?.limits.body_bytes, 16384);
  const {data, error} = await client.GET("/api/v1/controllers");
  assert.equal(error, undefined);
  const controller: Controller | undefined = data?.[0];
  assert(controller);
  assert.equal(controller.model, "zcm1");
  const newest = await client.GET("/api/v1/controllers/{id}/sensors", {params: {path: {id: "1"}, query: {wait: "next"}}});
  const sample: Sample | undefined = newest.data;
  assert(sample && sample.sequence > 0);
  const north: number | undefined = sample.mag_ut?.y;
  assert.equal(typeof north, "number");
  return controller;
}

async function writes(): Promise<void> {
  const lit = await client.PUT("/api/v1/controllers/{id}/led", {...first, body: {color: "hotpink"}});
  assert(lit.data && "color" in lit.data);
  assert.equal(lit.data.color, "#ff69b4");
  const all = await client.PUT("/api/v1/controllers/{id}/rumble", {params: {path: {id: "all"}}, body: {value: 9, for_ms: 200}});
  assert(Array.isArray(all.data));
  assert.equal(all.data[0]?.value, 9);
  const pressed = await client.PATCH("/api/v1/controllers/{id}/simulation", {...first, body: {buttons: ["cross"]}});
  assert.deepEqual(pressed.data?.buttons, ["cross"]);
  const named = await client.PATCH("/api/v1/controllers/{id}", {...first, body: {name: "typed"}});
  assert.equal(named.data?.name, "typed");
}

async function plans(): Promise<void> {
  const at = {params: {path: {id: "typed"}}};
  const planned = await client.PUT("/api/v1/cues/{id}", {
    ...at,
    body: {in_ms: 100, outputs: [{controllers: ["1"], led: {color: "lime"}, rumble: {value: 7, for_ms: 50}}]},
  });
  assert.equal(planned.response.status, 202);
  assert.equal(planned.data?.state, "waiting");
  let cue: components["schemas"]["Cue"] | undefined = planned.data;
  while (cue && cue.state !== "done") cue = (await client.GET("/api/v1/cues/{id}", at)).data;
  assert.equal(cue?.results[0]?.led?.state, "applied");
  assert((cue?.late_us ?? -1) >= 0);
  assert.equal((await client.DELETE("/api/v1/cues/{id}", at)).response.status, 204);
}

async function tokens(): Promise<void> {
  const made = await client.POST("/api/v1/tokens", {body: {name: "typed", scopes: ["read"]}});
  const token: components["schemas"]["NewToken"] | undefined = made.data;
  assert(token);
  const listed = await client.GET("/api/v1/tokens");
  assert.deepEqual(listed.data?.map((one) => one.name), ["typed"]);
  const gone = await client.DELETE("/api/v1/tokens/{id}", {params: {path: {id: token.id}}});
  assert.equal(gone.response.status, 204);
}

async function calibrates(): Promise<void> {
  const begun = await client.POST("/api/v1/controllers/{id}/calibration", {...first, body: {action: "start"}});
  assert.equal(begun.data?.guided_fit?.can_finish, false);
  await client.POST("/api/v1/controllers/{id}/calibration", {...first, body: {action: "cancel"}});
  const brought = await client.PATCH("/api/v1/controllers/{id}/calibration", {
    ...first,
    body: {magnetometer_fit: {hard_iron_ut: {x: 1, y: 2, z: 3}, soft_iron: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], field_ut: 48}},
  });
  assert.equal(brought.data?.magnetometer_fit?.field_ut, 48);
}

async function errors(): Promise<void> {
  const {response, error} = await client.PUT("/api/v1/controllers/{id}/led", {...first, body: {red: 256}});
  assert.equal(response.status, 422);
  assert(error);
  const code: components["schemas"]["ErrorCode"] = error.code;
  assert.equal(code, "out_of_range");
  assert.equal(error.errors?.[0]?.pointer, "/red");
}

async function streams(controller: Controller): Promise<void> {
  const socket = new WebSocket(baseUrl!.replace("http", "ws") + "/api/v1/stream", ["psmoved.v1+json"]);
  const say = (request: Request) => socket.send(JSON.stringify(request));
  const seen = new Set<string>();
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed early")));
    socket.on("message", (text) => {
      const message = JSON.parse(String(text)) as Message;
      seen.add(message.type);
      switch (message.type) {
        case "hello":
          say({type: "subscribe", id: "typed", controllers: [controller.id], topics: ["motion", "radio", "log"], fields: ["orientation"]});
          say({type: "ping", t: 12.5});
          break;
        case "snapshot":
          assert.equal(message.controllers[0]?.id, controller.id);
          break;
        case "pong":
          assert.equal(message.t, 12.5);
          say({type: "set", id: "light", controllers: ["*"], led: {color: "blue"}, in_ms: 50});
          break;
        case "reply":
          assert.equal(message.to, "light");
          assert.equal(typeof message.cue, "string");
          break;
        case "cue":
          assert.equal(message.to, "light");
          assert.equal(message.cue.state, "done");
          break;
        case "radio":
          assert(message.reports_per_s > 0);
          assert.equal(message.gaps.counts.length, message.gaps.edges_ms.length + 1);
          break;
        case "log":
          assert.equal(typeof message.fields, "object");
          break;
        case "motion":
          assert.equal(message.samples[0]?.accel_m_s2, undefined);
          assert(Math.abs(message.samples[0]?.orientation?.w ?? 2) <= 1);
          if (seen.has("cue") && seen.has("radio")) resolve();
          break;
        case "error":
          reject(new Error(message.detail));
          break;
      }
    });
  });
  socket.removeAllListeners("close");
  socket.close(1000);
}

/** Never called: the compiler has to refuse what the contract refuses. */
export function refused(say: (request: Request) => void): void {
  // @ts-expect-error there is no such path
  void client.GET("/api/v1/nope");
  // @ts-expect-error nor such a method
  void client.POST("/api/v1/controllers", {});
  // @ts-expect-error a path has its parameters
  void client.GET("/api/v1/controllers/{id}", {});
  // @ts-expect-error rumble has a value
  void client.PUT("/api/v1/controllers/{id}/rumble", {...first, body: {for_ms: 5}});
  // @ts-expect-error a name is text
  void client.PATCH("/api/v1/controllers/{id}", {...first, body: {name: 5}});
  // @ts-expect-error one may wait for the next only
  void client.GET("/api/v1/controllers/{id}/sensors", {params: {path: {id: "1"}, query: {wait: "last"}}});
  // @ts-expect-error a cue has outputs
  void client.PUT("/api/v1/cues/{id}", {...first, body: {in_ms: 5}});
  // @ts-expect-error there is no such scope
  void client.POST("/api/v1/tokens", {body: {name: "x", scopes: ["root"]}});
  // @ts-expect-error a subscription has an id
  say({type: "subscribe"});
  // @ts-expect-error there is no such topic
  say({type: "subscribe", id: "x", topics: ["smell"]});
}

const controller = await reads();
await writes();
await plans();
await tokens();
await calibrates();
await errors();
await streams(controller);
console.log("the generated client works");
