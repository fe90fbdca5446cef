// A host for node: `node main.mjs MODULE [PROXY-PORT TARGET]`. It has the socket, reads never
// beyond the proxy's reply, and uses the socket as its own after the handshake.
//
// Without a port, the proxies are in this process, and answer a byte at a time.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import net from "node:net";

const [file, port, target = "hello.invalid:80"] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(await readFile(file));
const { memory, buffer, length_of_buffer, begin, next, moved, check } = instance.exports;

// The module's memory may grow, so each access takes a new view.
const put = bytes => new Uint8Array(memory.buffer, buffer(bytes.length), bytes.length).set(bytes);
const take = () => new Uint8Array(memory.buffer, buffer(length_of_buffer()), length_of_buffer()).slice();
const text = () => new TextDecoder().decode(take());
function must(status) {
    if (status !== 0) throw new Error(text());
}

// Reads 1 to `most` bytes, or none at the end of the stream.
async function read(socket, most) {
    for (;;) {
        const length = Math.min(most, socket.readableLength);
        const bytes = length > 0 ? socket.read(length) : socket.read();
        if (bytes !== null || socket.readableEnded || socket.destroyed) return bytes ?? new Uint8Array();
        const waiting = new AbortController();
        const events = ["readable", "end", "close"].map(event => once(socket, event, waiting));
        await Promise.race(events).finally(() => waiting.abort());
    }
}

async function connect(socket, target) {
    put(new TextEncoder().encode(target));
    must(begin());
    for (;;) {
        const operation = next();
        if (operation === 0) return text();
        if (operation > 0) {
            socket.write(take());
            must(moved(operation));
        } else {
            const bytes = await read(socket, -operation);
            put(bytes);
            must(moved(bytes.length));
        }
    }
}

// A proxy that sends these bytes when it has received anything.
async function proxy(answers) {
    const server = net.createServer({ noDelay: true }, async client => {
        for (const answer of answers) {
            await once(client, "data");
            for (const byte of answer) {
                client.write(Uint8Array.of(byte));
                await new Promise(setImmediate);
            }
        }
    });
    await once(server.listen(0, "127.0.0.1").unref(), "listening");
    return server.address().port;
}

must(check());
if (port !== undefined) {
    const socket = net.connect(port, "127.0.0.1");
    console.log(`the proxy bound ${await connect(socket, target)}`);
    socket.destroy();
} else {
    const choice = [5, 0];
    const grant = [5, 0, 0, 1, 192, 0, 2, 7, 48, 57, ...new TextEncoder().encode("hello")];
    const socket = net.connect(await proxy([choice, grant]), "127.0.0.1");
    console.log(`the proxy bound ${await connect(socket, target)}`);
    assert.equal((await read(socket, 1)).toString(), "h");
    socket.destroy();

    const refusal = [5, 5, 0, 1, 0, 0, 0, 0, 0, 0];
    const refused = net.connect(await proxy([choice, refusal]), "127.0.0.1");
    await assert.rejects(connect(refused, target), /request refused: connection refused.*\(X'05'\)/);
    refused.destroy();
}
