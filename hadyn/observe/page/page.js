// The live page of slots. Rule: whatever comes from hadyn is put in as text, never as markup;
// rows and slots are updated in place, so that focus, hover and an open detail stay.
"use strict";

const PAGE_BACKENDS = 25;
const FEW_BACKENDS = 3;      // so few are shown with their details unless closed
const EVERY_MILLISECONDS = 1000;
const SLOWEST_MILLISECONDS = 10000;
const STATES = { ready: "ready", drain: "draining", maint: "in maintenance", free: "free" };

const at = (id) => document.getElementById(id);
const rows = new Map();      // backend name -> its elements
const toggled = new Map();   // backend name -> opened or closed by hand
const view = { search: "", offset: 0, total: 0, pause: EVERY_MILLISECONDS, timer: 0, asked: 0 };

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function counted(number, one) {
  return `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
}

function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

function age(moment) {
  return duration(Math.max(0, (Date.now() - Date.parse(moment)) / 1000));
}

function described(entry) {
  const who = entry.endpoint || (entry.state === "free" ? "" : "unknown to the sources");
  const health = entry.state === "ready" && !entry.up ? ", held down by a check" : "";
  const lines = [`${entry.slot}: ${STATES[entry.state] || entry.state}${health} for ${age(entry.since)}`];
  if (entry.state !== "free") lines.push(who, `${entry.fqdn || ""} ${entry.address || ""}`.trim());
  if (entry.state !== "free") lines.push(`weight ${entry.weight}, ${counted(entry.sessions, "session")}`);
  return lines.filter(Boolean).join("\n");
}

// ---- one backend -------------------------------------------------------------------------

function newRow(name) {
  const body = element("tbody");
  const detail = element("tr", { className: "detail", hidden: true, id: `detail-${name}` });
  const button = element("button", { type: "button" });
  button.setAttribute("aria-controls", detail.id);
  const row = {
    name, body, button, detail, service: element("small"), slots: element("ul", { className: "slots" }), cells: [],
    ready: number("ready"), free: number("free"), sessions: number("sessions"), isOpen: false, entries: [],
  };
  const head = element("th", { scope: "row" }, button, row.service);
  body.append(element("tr", {}, head, row.ready, row.free, row.sessions, element("td", {}, row.slots)), detail);
  button.addEventListener("click", () => { toggled.set(name, !row.isOpen); open(row, !row.isOpen); });
  return row;
}

function number(name) {
  const cell = element("td", { className: "number" });
  cell.dataset.name = name;
  return cell;
}

function updateRow(row, backend) {
  row.entries = backend.entries;
  say(row.button, backend.backend);
  say(row.service, backend.service ? `${backend.service}, ${backend.discovery}` : "no longer wanted; goes with the next reload");
  say(row.ready, `${backend.ready} of ${backend.slots}`);
  say(row.free, String(backend.free));
  say(row.sessions, String(backend.sessions));
  row.slots.setAttribute("aria-label", `Slots of ${backend.backend}`);
  while (row.cells.length > backend.entries.length) row.cells.pop().remove();
  backend.entries.forEach((entry, index) => updateCell(row, entry, index));
  open(row, toggled.get(row.name) ?? view.total <= FEW_BACKENDS);
}

function updateCell(row, entry, index) {
  let cell = row.cells[index];
  if (!cell) {
    cell = element("li", { tabIndex: -1 });
    row.cells[index] = cell;
    row.slots.append(cell);
  }
  const kind = `slot ${entry.state}${entry.state === "ready" && !entry.up ? " down" : ""}`;
  if (cell.className !== kind) cell.className = kind;
  say(cell, entry.sessions ? String(entry.sessions) : "");
  const label = described(entry);
  if (cell.dataset.label !== label) {
    cell.dataset.label = label;
    cell.setAttribute("aria-label", label.replaceAll("\n", ", "));
    if (tip.cell === cell) say(at("tip"), label);
  }
}

function open(row, isOpen) {
  row.isOpen = isOpen;
  row.button.setAttribute("aria-expanded", String(isOpen));
  row.detail.hidden = !isOpen;
  if (isOpen) fillDetail(row);
}

function fillDetail(row) {
  const lines = row.entries.filter((entry) => entry.state !== "free").map((entry) => [
    entry.slot, STATES[entry.state] || entry.state, entry.endpoint || "–", entry.fqdn || entry.address || "–",
    `weight ${entry.weight}`, counted(entry.sessions, "session"), `for ${age(entry.since)}`,
  ]);
  let cells = [...row.detail.querySelectorAll("td td")];
  if (!row.detail.firstChild || cells.length !== lines.flat().length) {
    const made = lines.map((line) => element("tr", {}, ...line.map((_, column) => element("td", { className: column > 3 ? "number" : "" }))));
    const shown = lines.length ? element("table", {}, element("tbody", {}, ...made)) : "All slots are free.";
    row.detail.replaceChildren(element("td", { colSpan: 5 }, shown));
    cells = [...row.detail.querySelectorAll("td td")];
  }
  lines.flat().forEach((text, index) => say(cells[index], text));
}

// ---- the page ----------------------------------------------------------------------------

function showBackends(backends) {
  const table = at("backends");
  const names = new Set(backends.map((backend) => backend.backend));
  for (const [name, row] of rows) if (!names.has(name)) { row.body.remove(); rows.delete(name); }
  let before = table.tHead;
  for (const backend of backends) {
    const row = rows.get(backend.backend) || newRow(backend.backend);
    rows.set(backend.backend, row);
    updateRow(row, backend);
    if (before.nextElementSibling !== row.body) before.after(row.body);
    before = row.body;
  }
  const last = Math.min(view.offset + backends.length, view.total);
  say(at("range"), view.total ? `${(view.offset + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${view.total.toLocaleString("en")}` : "");
  at("previous").disabled = view.offset === 0;
  at("next").disabled = last >= view.total;
  at("nothing").hidden = view.total > 0;
  say(at("nothing"), view.search ? "No backend has such a name." : "There is no backend yet.");
  at("backends").hidden = view.total === 0;
  if (!document.querySelector('.slots [tabindex="0"]')) document.querySelector(".slots .slot")?.setAttribute("tabindex", "0");
}

function showStatus(status) {
  const { haproxy, reloads, problems } = status;
  say(at("version"), status.hadyn.version);
  const old = haproxy.old_workers ? `, ${counted(haproxy.old_workers, "old worker")}` : "";
  say(at("haproxy"), haproxy.running ? `${haproxy.version}, up ${duration(haproxy.uptime_seconds)}${old}` : "does not run");
  at("haproxy").classList.toggle("bad", !haproxy.running);
  say(at("count"), status.backends.toLocaleString("en"));
  say(at("routes"), status.routes.toLocaleString("en"));
  say(at("cycles"), status.cycles.toLocaleString("en"));
  const reasons = Object.entries(reloads.by_reason).filter(([, count]) => count).map(([reason, count]) => `${reason} ${count}`);
  const waiting = reloads.pending.length ? [`waiting: ${reloads.pending.join(" ")}`] : [];
  say(at("reloads"), [String(reloads.total), ...[...reasons, ...waiting].map((reason) => `· ${reason}`)].join(" "));
  say(at("problem-count"), String(problems.length));
  at("problem-count").classList.toggle("bad", problems.length > 0);
  showProblems(problems);
  if (!status.last_cycle) return;
  say(at("sentence"), status.last_cycle.sentence);
  say(at("when"), `${age(status.last_cycle.at)} ago, took ${(1000 * status.last_cycle.seconds).toFixed(1)} ms`);
}

function showProblems(problems) {
  at("problems").hidden = problems.length === 0;
  const key = JSON.stringify(problems);
  if (at("problems").dataset.key === key) return;
  at("problems").dataset.key = key;
  at("problem-list").replaceChildren(...problems.slice(0, 200).map((problem) => element("li", {},
    element("strong", {}, problem.object), ` ${problem.field ? `${problem.field}: ` : ""}${problem.said}. `,
    element("span", {}, [problem.remedy, problem.file].filter(Boolean).join(" · ")))));
}

async function fetched(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(SLOWEST_MILLISECONDS) });
  const body = await response.json();
  if (!response.ok) throw new Error(body.happened || `hadyn answered ${response.status}`);
  return { body, total: Number(response.headers.get("Hadyn-Total")) };
}

async function turn() {
  clearTimeout(view.timer);
  const asked = ++view.asked;
  const query = new URLSearchParams({ search: view.search, offset: view.offset, limit: PAGE_BACKENDS });
  try {
    const [slots, status] = await Promise.all([fetched(`/api/slots?${query}`), fetched("/api/status")]);
    if (asked !== view.asked) return;
    view.total = slots.total;
    view.pause = EVERY_MILLISECONDS;
    if (view.offset && view.offset >= view.total) return move(-view.offset);
    showBackends(slots.body);
    showStatus(status.body);
    at("lost").hidden = true;
    document.body.classList.remove("stale");
  } catch (error) {
    if (asked !== view.asked) return;
    view.pause = Math.min(2 * view.pause, SLOWEST_MILLISECONDS);
    const happened = error instanceof TypeError || error.name === "TimeoutError" ? "hadyn does not answer" : error.message;
    say(at("lost"), `${happened}. What is shown may be out of date; asking again.`);
    at("lost").hidden = false;
    document.body.classList.add("stale");
  }
  if (!document.hidden) view.timer = setTimeout(turn, view.pause);
}

function move(backends) {
  view.offset = Math.max(0, view.offset + backends);
  remember();
  return turn();
}

function remember() {
  const query = new URLSearchParams();
  if (view.search) query.set("search", view.search);
  if (view.offset) query.set("offset", view.offset);
  history.replaceState(null, "", query.size ? `/?${query}` : "/");
}

// ---- keyboard and pointer ----------------------------------------------------------------

const tip = { cell: null };

function showTip(cell) {
  tip.cell = cell;
  at("tip").hidden = !cell;
  if (!cell) return;
  say(at("tip"), cell.dataset.label);
  const box = cell.getBoundingClientRect();
  const size = at("tip").getBoundingClientRect();
  at("tip").style.left = `${Math.max(4, Math.min(box.left, innerWidth - size.width - 8))}px`;
  at("tip").style.top = `${box.bottom + size.height + 8 < innerHeight ? box.bottom + 6 : box.top - size.height - 6}px`;
}

function neighbour(cell, key) {
  const list = [...document.querySelectorAll(".slots")];
  const line = list.indexOf(cell.parentElement);
  const index = [...cell.parentElement.children].indexOf(cell);
  const within = (cells) => cells && cells.children[Math.min(index, cells.children.length - 1)];
  return {
    ArrowRight: cell.nextElementSibling, ArrowLeft: cell.previousElementSibling,
    ArrowDown: within(list[line + 1]), ArrowUp: within(list[line - 1]),
    Home: cell.parentElement.firstElementChild, End: cell.parentElement.lastElementChild,
  }[key];
}

function onKey(event) {
  if (event.key === "Escape") return showTip(null);
  if (event.key === "/" && document.activeElement !== at("search")) {
    event.preventDefault();
    return at("search").focus();
  }
  const cell = event.target.closest?.(".slots .slot");
  const next = cell && neighbour(cell, event.key);
  if (!next) return undefined;
  event.preventDefault();
  document.querySelectorAll('.slots [tabindex="0"]').forEach((other) => other.setAttribute("tabindex", "-1"));
  next.setAttribute("tabindex", "0");
  return next.focus();
}

function start() {
  const query = new URLSearchParams(location.search);
  view.search = query.get("search") || "";
  view.offset = Math.max(0, Number.parseInt(query.get("offset"), 10) || 0);
  at("search").value = view.search;
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("search").addEventListener("input", () => { view.search = at("search").value.trim(); view.offset = 0; remember(); turn(); });
  at("previous").addEventListener("click", () => move(-PAGE_BACKENDS));
  at("next").addEventListener("click", () => move(PAGE_BACKENDS));
  const slotOf = (event) => event.target.closest?.(".slots .slot") || null;
  at("backends").addEventListener("pointerover", (event) => showTip(slotOf(event)));
  at("backends").addEventListener("pointerleave", () => showTip(null));
  at("backends").addEventListener("focusin", (event) => showTip(slotOf(event)));
  at("backends").addEventListener("focusout", () => showTip(null));
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); });
  turn();
}

start();
