// Asks the page's own server; what it refuses is an Error with its sentence.

const TIMEOUT_MS = 10_000;

export async function ask(path, { method = "GET", body } = {}) {
  const answer = await fetch(path, {
    method,
    headers: { "X-Demo": "1", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new Error("The demo does not answer. Is it still running?");
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error || "That did not work.");
  return content;
}

const path = (side, person, id) =>
  `/api/${side}/entries${id ? `/${encodeURIComponent(id)}` : ""}?person=${encodeURIComponent(person)}`;

export const add = (side, person, body) => ask(path(side, person), { method: "POST", body });
export const change = (side, person, id, body) =>
  ask(path(side, person, id), { method: "PATCH", body });
export const remove = (side, person, id) => ask(path(side, person, id), { method: "DELETE" });
export const answer = (side, person, id, said) =>
  ask(path(side, person, id).replace("?", "/answer?"), { method: "POST", body: { answer: said } });
export const fault = (name, on) =>
  ask(`/api/faults/${encodeURIComponent(name)}`, { method: "POST", body: { on } });
