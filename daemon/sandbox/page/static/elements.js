// Makes elements without ever reading text as HTML.

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(made.dataset, value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) made.style.setProperty(k, v);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Keep one child for each item, so that focus and animations outlive an update. */
export function reconciled(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const child = known.get(key) ?? make(item);
    child.dataset.key = key;
    update(child, item);
    return child;
  });
  const isSame = wanted.length === parent.children.length && wanted.every((each, i) => parent.children[i] === each);
  if (!isSame) parent.replaceChildren(...wanted);
}
