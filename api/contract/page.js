"use strict";
(() => {
  const at = (id) => document.getElementById(id);

  // ---- an example chosen fills its text

  for (const chooser of document.querySelectorAll("select[data-fills]")) {
    chooser.addEventListener("change", () => {
      const text = at(chooser.dataset.fills);
      text.value = chooser.value;
      text.dataset.media = chooser.selectedOptions[0].dataset.media || "";
    });
  }

  // ---- requests

  const target = (form) => {
    let path = form.dataset.path;
    const query = [];
    for (const field of form.querySelectorAll("input")) {
      if (field.dataset.in === "path") path = path.replace("{" + field.name + "}", encodeURIComponent(field.value));
      if (field.dataset.in === "query" && field.value !== "") query.push(field.name + "=" + encodeURIComponent(field.value));
    }
    return query.length > 0 ? path + "?" + query.join("&") : path;
  };

  const readable = (text, type) => {
    if (!type.includes("json")) return text;
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  };

  const send = async (form) => {
    const output = form.querySelector("output");
    const body = form.querySelector("textarea");
    const headers = {};
    for (const field of form.querySelectorAll("input[data-in=header]")) {
      if (field.value !== "") headers[field.name] = field.value;
    }
    if (body && body.value !== "") headers["Content-Type"] = body.dataset.media;
    const path = target(form);
    output.textContent = "…";
    try {
      const answer = await fetch(path, {
        method: form.dataset.method,
        headers,
        body: body && body.value !== "" ? body.value : undefined,
        cache: "no-store",
      });
      const text = await answer.text();
      const lines = [form.dataset.method + " " + path, answer.status + " " + answer.statusText];
      for (const [name, value] of answer.headers) lines.push(name + ": " + value);
      output.textContent = lines.join("\n") + "\n\n" + readable(text, answer.headers.get("Content-Type") || "");
    } catch (error) {
      output.textContent = "No answer: " + error.message;
    }
  };

  for (const form of document.querySelectorAll("form[data-path]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }

  // ---- the stream

  const kept = 50;
  const log = at("stream-log");
  const state = at("stream-state");
  const sender = at("stream-message").querySelector("button");
  let socket = null;

  const note = (text) => {
    const line = document.createElement("li");
    line.textContent = text;
    log.prepend(line);
    while (log.children.length > kept) log.lastChild.remove();
  };

  const connected = (is) => {
    sender.disabled = !is;
    at("stream-connect").textContent = is ? "Disconnect" : "Connect";
  };

  at("stream-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (socket) {
      socket.close(1000);
      return;
    }
    const query = at("stream-query").value;
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    socket = new WebSocket(scheme + location.host + "/api/v1/stream" + (query ? "?" + query : ""), ["psmoved.v1+json"]);
    state.textContent = "Connecting…";
    socket.addEventListener("open", () => {
      connected(true);
      state.textContent = "Connected.";
    });
    socket.addEventListener("message", (message) => note("← " + message.data));
    socket.addEventListener("close", (closed) => {
      connected(false);
      state.textContent = "Closed with " + closed.code + (closed.reason ? ": " + closed.reason : "") + ".";
      socket = null;
    });
  });

  at("stream-message").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("stream-text").value;
    socket.send(text);
    note("→ " + text);
  });
})();
