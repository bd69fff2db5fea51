// What a program does with the stream, on the WebSocket that browsers have and `ws` imitates. Tells what it saw.

export function conversation(WebSocket, url) {
  return new Promise((resolve) => {
    const saw = {messages: [], samples: 0, gaps: 0};
    const socket = new WebSocket(url, ["nobody.v1", "psmoved.v1+json"]);
    const say = (message) => socket.send(JSON.stringify(message));
    let last = null;
    const take = {
      hello: () => say({type: "subscribe", id: "größer 🎮", controllers: ["1"], topics: ["motion"], fields: ["trigger"], snapshot: false}),
      subscribed: (message) => (saw.id = message.id),
      motion: (message) => {
        for (const {sequence} of message.samples) {
          if (last !== null && sequence !== last + 1) ++saw.gaps;
          last = sequence;
          // Once: what comes after the question is of no interest.
          if (++saw.samples === 100) say({type: "set", id: "7", controllers: ["1"], led: {color: "#010203"}});
        }
      },
      reply: (message) => {
        saw.reply = message.to;
        say({type: "ping", t: 12.5});
      },
      pong: (message) => {
        saw.pong = message.t;
        socket.close(1000, "done");
      },
      error: (message) => {
        saw.error = message;
        socket.close();
      },
    };
    socket.onopen = () => (saw.protocol = socket.protocol);
    socket.onmessage = ({data}) => {
      const message = JSON.parse(data);
      if (saw.messages.at(-1) !== message.type) saw.messages.push(message.type);
      take[message.type]?.(message);
    };
    socket.onclose = ({code, wasClean}) => resolve({...saw, code, wasClean});
    socket.onerror = () => (saw.failed = true);
  });
}
