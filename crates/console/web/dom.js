// Making elements. Whatever strangers wrote (names, reasons, documents) becomes text here, never
// markup.

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "hidden") element.hidden = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  // A string that is appended becomes a text node.
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const make = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// Tells a screen reader.
export function announce(text) {
  byId("announcer").textContent = text;
}

export const lastOf = (key) => key.slice(key.lastIndexOf("/") + 1);
