// The simulator as a process: `linearbot sim`, driven by its control API.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const binary = process.env.LINEARBOT;
if (!binary) {
  throw new Error("set LINEARBOT to the path of the linearbot binary; make test-clients does");
}

/** Starts a simulator. stop() ends it. */
export async function startSim(...flags) {
  const child = spawn(binary, ["sim", "--json", "--addr", "127.0.0.1:0", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const first = await new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`the simulator ended with ${code}`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) {
        resolve(text);
      }
    });
  });
  const info = JSON.parse(first);
  const control = async (method, path, body) => {
    const answer = await fetch(info.control + path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const out = await answer.json();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${out.error}`);
    }
    return out;
  };
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  return { ...info, control, stop, secret: (app) => variable(info.env[app], "LINEAR_WEBHOOK_SECRET") };
}

function variable(env, name) {
  return env.find((line) => line.startsWith(name + "=")).slice(name.length + 1);
}

/** A web server on a free port that hands every request to handle(request: Request): Response. */
export async function startServer(handle) {
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) {
      chunks.push(chunk);
    }
    const request = new Request(`http://127.0.0.1${req.url}`, { method: req.method, headers: req.headers, body: Buffer.concat(chunks) });
    const answer = await handle(request);
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    res.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

/** Waits until cond() gives a truthy value, and returns it. */
export async function until(what, cond, ms = 10000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await cond();
    if (got) {
      return got;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
