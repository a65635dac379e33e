// One job: the name of this browser, as the hub compares it with the program a clip came from.

// A browser names itself and, beside it, the Chromium it is built on: the first that matches is the nearest.
const NAMES = [
  ["Microsoft Edge", "edge"],
  ["Brave", "brave"],
  ["Opera", "opera"],
  ["Vivaldi", "vivaldi"],
  ["Google Chrome", "chrome"],
  ["Chromium", "chromium"],
];

/** A lower-case name, or undefined where the browser does not say. */
export function browserName(brands = navigator.userAgentData?.brands ?? []) {
  const own = new Set(brands.map(({ brand }) => brand));
  return NAMES.find(([brand]) => own.has(brand))?.[1];
}
