// Starts Swagger UI over this hub's own document. Nothing is read from the page's address but the place to scroll to.
"use strict";

// Texts become elements, never HTML: Swagger UI's own renderer writes innerHTML, which the page's policy forbids.
function Markdown(createElement) {
  const MARKS = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/;
  const inline = (text) =>
    text.split(MARKS).map((piece, n) => {
      if (n % 2 === 0) return piece;
      if (piece.startsWith("`")) return createElement("code", { key: n }, piece.slice(1, -1));
      if (piece.startsWith("**")) return createElement("strong", { key: n }, inline(piece.slice(2, -2)));
      return createElement("em", { key: n }, inline(piece.slice(1, -1)));
    });
  return ({ source }) => {
    const paragraphs = typeof source === "string" ? source.split(/\n{2,}/).filter((text) => text.trim()) : [];
    return createElement("div", { className: "markdown" }, paragraphs.map((text, n) => createElement("p", { key: n }, inline(text))));
  };
}

const ours = (system) => ({
  wrapComponents: { Markdown: () => Markdown(system.React.createElement) },
  statePlugins: {
    spec: {
      wrapSelectors: {
        // The web listener is another origin: it answers no page, and this one may not ask it.
        allowTryItOutFor: (_, { specSelectors }) => (state, path) => !specSelectors.specJson().getIn(["paths", path, "servers", 0, "variables"]),
      },
    },
  },
});

// As the system wants it, light or dark; also when that changes while the page is open.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();

window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("api");
  place.replaceChildren();
  SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [ours],
    layout: "BaseLayout",
    validatorUrl: null,
    queryConfigEnabled: false,
    persistAuthorization: false,
    deepLinking: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    defaultModelRendering: "example",
    displayRequestDuration: true,
    onComplete: () => place.setAttribute("data-ready", ""),
  });
});
