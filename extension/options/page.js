// One job: what the parts of the options page share: elements, text with code in it, asking the worker.

export const $ = (id) => document.getElementById(id);

/** Asks the worker to act: the page writes no storage itself, the worker is the one writer. */
export const ask = (message) => chrome.runtime.sendMessage(message);

// A live region is read aloud at each change of its text, also to the same text.
export function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** As setText, hidden where there is none; what stands between backticks is shown as code. */
export function setRichText(id, text) {
  $(id).hidden = text === "";
  if ($(id).dataset.text === text) return;
  $(id).dataset.text = text;
  $(id).replaceChildren(...richText(text));
}

export function stepItem(step) {
  const item = document.createElement("li");
  item.append(...richText(step));
  return item;
}

function richText(text) {
  return text.split("`").map((part, position) => {
    if (position % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
}
