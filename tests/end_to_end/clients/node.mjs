// node node.mjs FOLDER URL: the conversation with the `ws` that is installed in that folder.
import {createRequire} from "node:module";
import {conversation} from "./conversation.mjs";

const [folder, url] = process.argv.slice(2);
const {WebSocket} = createRequire(folder + "/")("ws");
console.log(JSON.stringify(await conversation(WebSocket, url)));
