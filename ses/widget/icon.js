/** @param {string} path  In a square of 24. */
export function icon(path) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(picture.namespaceURI, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return /** @type {SVGElement} */ (picture);
}
