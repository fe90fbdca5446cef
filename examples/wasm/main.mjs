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

// What `next` returns if the handshake can't continue.
const FAILED = -(2 ** 31);

// Returns the module's buffer with this length. `buffer` may grow the module's memory, which
// detaches earlier views, so it comes first and each access takes a new view.
function view(length) {
    const address = buffer(length);
    return new Uint8Array(memory.buffer, address, length);
}
const put = bytes => view(bytes.length).set(bytes);
const put_text = text => put(new TextEncoder().encode(text));
const take = () => view(length_of_buffer()).slice();
const text = () => new TextDecoder().decode(take());
function must(status) {
    if (status !== 0) throw new Error(text());
}

// Reads 1 to `most` bytes, or none at the end of the stream.
async function read(socket, most) {
    for (;;) {
        // If nothing has arrived, `read(0)` makes the socket wait for more.
        const bytes = socket.read(Math.min(most, socket.readableLength));
        if (bytes !== null || socket.readableEnded || socket.destroyed) return bytes ?? new Uint8Array();
        const waiting = new AbortController();
        const events = ["readable", "end", "close"].map(event => once(socket, event, waiting));
        await Promise.race(events).finally(() => waiting.abort());
    }
}

async function connect(socket, target) {
    put_text(target);
    must(begin());
    for (;;) {
        const operation = next();
        if (operation === FAILED) throw new Error(text());
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

// Checks that a mistake of the host is an error, never a tunnel, and that later calls work.
function check_mistakes(target) {
    const fails = (status, code, message) => {
        assert.equal(status, code);
        assert.match(text(), message);
    };
    fails(next(), FAILED, /no handshake has begun/);
    fails(moved(1), 1, /no handshake has begun/);

    // The target is so long that the module's memory grows.
    put(new Uint8Array(2 * memory.buffer.byteLength).fill(0x61));
    assert.equal(begin(), 1);
    fails(next(), FAILED, /no handshake has begun/);

    // A target that can't be used ends the handshake before it.
    put_text(target);
    must(begin());
    put_text("no port");
    assert.equal(begin(), 1);
    fails(next(), FAILED, /no handshake has begun/);

    put_text(target);
    must(begin());
    must(moved(next()));
    const room = -next();
    assert.ok(room > 0);
    buffer(0);
    fails(moved(1), 1, /the buffer has 0 bytes/);
    assert.equal(next(), -room);
    buffer(40);
    fails(moved(40), 1, /40/);
    fails(next(), FAILED, /over/);

    put_text(target);
    must(begin());
    assert.ok(next() > 0);
    assert.equal(moved(-1), 1);
    assert.equal(next(), FAILED);
}

must(check());
if (port !== undefined) {
    const socket = net.connect(port, "127.0.0.1");
    console.log(`the proxy bound ${await connect(socket, target)}`);
    socket.destroy();
} else {
    check_mistakes(target);

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

    const no_method = net.connect(await proxy([[5, 0xff]]), "127.0.0.1");
    await assert.rejects(connect(no_method, target), /method selection refused/);
    assert.equal(next(), FAILED);
    no_method.destroy();
}
