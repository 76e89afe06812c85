// Pinot's REST interface as functions. `base` is where the controller answers, without a slash at the end.

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

function told(status, text) {
  let message = text;
  try { const found = JSON.parse(text); message = found.error ?? found.message ?? text; } catch { /* it is plain text */ }
  return new Refused(status, message || `The controller answers ${status}`);
}

export function controller(base) {
  async function call(method, path, body) {
    const headers = { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    let answer;
    try {
      answer = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch {
      throw new Refused(0, "The controller does not answer. Is the engine still running?");
    }
    const text = await answer.text();
    if (!answer.ok) throw told(answer.status, text);
    return text ? JSON.parse(text) : null;
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    drop: (path) => call("DELETE", path),
    // fetch cannot tell how much of a body was sent; XMLHttpRequest can. `progress` gets a share from 0 to 1.
    upload: (path, file, progress) => new Promise((done, failed) => {
      const form = new FormData();
      form.append("file", file);
      const request = new XMLHttpRequest();
      request.open("POST", base + path);
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
      request.upload.addEventListener("load", () => progress(1));
      request.addEventListener("error", () => failed(new Refused(0, "The controller does not answer")));
      request.addEventListener("load", () => {
        if (request.status < 400) done(JSON.parse(request.responseText)); else failed(told(request.status, request.responseText));
      });
      request.send(form);
    }),
  };
}
