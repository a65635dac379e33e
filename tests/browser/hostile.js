// Tries whatever a page can try at a server on this machine; answers, for each way, what the page learned.
async ({ bases, token }) => {
  const said = {};
  const tell = async (name, act) => {
    const silence = new Promise((resolve) => setTimeout(() => resolve("silence"), 5000));
    const outcome = Promise.resolve().then(act).catch((fault) => `error ${fault.name}`);
    said[name] = String(await Promise.race([outcome, silence]));
  };
  const shown = async (reply) => `${reply.type} ${reply.status} ${await reply.text()}`;
  const put = (tag, attributes) =>
    new Promise((resolve) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.onload = element.onloadeddata = () => resolve("load");
      element.onerror = () => resolve("error");
      document.body.append(element);
    });
  const opened = (source) =>
    new Promise((resolve) => {
      source.onopen = () => resolve("open");
      source.onerror = () => resolve("error");
    });
  const send = (method, url, headers, body) =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
      request.onload = () => resolve(`cors ${request.status} ${request.responseText}`);
      request.onerror = () => resolve("error");
      request.send(body);
    });
  const form = (action, enctype, method = "POST") =>
    new Promise((resolve) => {
      const name = `f${Math.random()}`;
      const frame = Object.assign(document.createElement("iframe"), { name, onload: () => resolve("frame") });
      const made = Object.assign(document.createElement("form"), { action, enctype, method, target: name });
      made.append(Object.assign(document.createElement("input"), { name: '{"a":"', value: '"}' }));
      document.body.append(frame, made);
      made.submit();
    });
  const style = (url) => put("style", { textContent: `body { background: url(${url}) }` });
  const click = (url) => {
    const link = Object.assign(document.createElement("a"), { href: "#", ping: url });
    document.body.append(link);
    link.click();
    return "sent";
  };

  const ways = [];
  const way = (name, act) => ways.push(tell(name, act));
  const bearer = { Authorization: `Bearer ${token}` };
  const json = { "Content-Type": "application/json" };
  for (const base of bases) {
    const at = (name, path, act) => way(`${name} ${base}${path}`, () => act(base + path));
    for (const path of ["/ping", "/clipboard", "/apispec.json"]) {
      at("fetch", path, async (url) => shown(await fetch(url)));
      at("fetch with cookies", path, async (url) => shown(await fetch(url, { credentials: "include" })));
      at("fetch with a stolen token", path, async (url) => shown(await fetch(url, { headers: bearer })));
      at("fetch no-cors", path, async (url) => shown(await fetch(url, { mode: "no-cors" })));
      at("image", path, (src) => put("img", { src }));
      at("script", path, (src) => put("script", { src }));
      at("module", path, (url) => import(url));
      at("sheet", path, (href) => put("link", { rel: "stylesheet", href }));
      at("background", path, style);
      at("frame", path, (src) => put("iframe", { src }));
      at("object", path, (data) => put("object", { data }));
      at("video", path, (src) => put("video", { src }));
      at("prefetch", path, (href) => put("link", { rel: "prefetch", href }));
      at("preload", path, (href) => put("link", { rel: "preload", as: "fetch", crossOrigin: "anonymous", href }));
      at("form", path, (url) => form(url, "", "GET"));
    }
    for (const path of ["/clipboard", "/tab-info", "/pair", "/_shutdown"]) {
      const post = (more) => async (url) => shown(await fetch(url, { method: "POST", body: "{}", ...more }));
      at("post", path, post({ headers: json }));
      at("post with a stolen token", path, post({ headers: { ...json, ...bearer } }));
      at("post as text", path, post({}));
      at("post no-cors", path, post({ mode: "no-cors" }));
      at("post no-cors, kept alive", path, post({ mode: "no-cors", keepalive: true }));
      at("post to this machine", path, post({ headers: json, targetAddressSpace: "loopback" }));
      at("request", path, (url) => send("POST", url, { "Content-Type": "text/plain" }, "{}"));
      at("request with a stolen token", path, (url) => send("POST", url, { ...json, ...bearer }, "{}"));
      at("beacon", path, (url) => navigator.sendBeacon(url, "{}"));
      at("beacon as JSON", path, (url) => navigator.sendBeacon(url, new Blob(["{}"], { type: "application/json" })));
      at("click", path, click);
      at("form as text", path, (url) => form(url, "text/plain"));
      at("form", path, (url) => form(url, "application/x-www-form-urlencoded"));
      at("form in parts", path, (url) => form(url, "multipart/form-data"));
    }
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      at(`fetch ${method}`, "/clipboard/x1", async (url) => shown(await fetch(url, { method, headers: bearer })));
    }
    at("events", "/events", (url) => opened(new EventSource(url)));
    at("socket", "/events", (url) => opened(new WebSocket(url.replace("http", "ws"))));
  }
  await Promise.all(ways);
  return said;
};
