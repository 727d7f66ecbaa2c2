// Keeps an open page current: patches changed rows, lets ages grow, filters as you type, moves along the days.
// Every page works without this script; it only has to be loaded again.
"use strict";
const page = document.body.dataset.page;
const isBoard = page === "now";
const QUIET_MS = 10_000; // at most one spoken message in this time
const AGES_MS = 15_000;
const LOOK_MS = 30_000; // for changes without an event, such as a page whose answer grows old

/* Ages */
const joined = "\u00a0";
function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${joined}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${joined}min`;
  if (whole < 86400) {
    const minutes = Math.floor((whole % 3600) / 60);
    return `${Math.floor(whole / 3600)}${joined}h${minutes ? ` ${String(minutes).padStart(2, "0")}${joined}min` : ""}`;
  }
  const days = Math.floor(whole / 86400), hours = Math.floor((whole % 86400) / 3600);
  return `${days}${joined}day${days === 1 ? "" : "s"}${hours ? ` ${hours}${joined}h` : ""}`;
}
function ago(seconds) {
  if (seconds < 1) return "just now";
  if (seconds >= 21 * 86400) return `${Math.floor(seconds / 604800)}${joined}weeks ago`;
  if (seconds >= 86400) return `${Math.floor(seconds / 86400)}${joined}day${seconds < 172800 ? "" : "s"} ago`;
  return `${span(seconds)} ago`;
}
// The clock of the server: ages must not depend on a wrong one here.
const servedAt = Date.parse(document.documentElement.dataset.now);
const startedAt = performance.now();
const nowMs = () => servedAt + (performance.now() - startedAt);
function grow(root = document) {
  const visible = (element) => !element.closest("details:not([open])");
  for (const element of root.querySelectorAll("time[data-ago],time[data-span],time[data-until]")) {
    if (!visible(element)) continue;
    const seconds = (nowMs() - Date.parse(element.dateTime)) / 1000;
    const { ago: isAgo, span: isSpan } = element.dataset;
    const words = isAgo !== undefined ? ago(seconds) : isSpan !== undefined ? span(seconds) : seconds > -1 ? "now" : `in ${span(-seconds)}`;
    if (element.textContent !== words) element.textContent = words;
  }
}
if (!Number.isNaN(servedAt)) {
  setInterval(grow, AGES_MS);
  addEventListener("toggle", (event) => event.target.open && grow(event.target), true);
}

/* One message at a time, and not too many */
const announcer = document.querySelector("[data-announce]");
let spokenAt = -QUIET_MS, pendingWords = "";
function announce(words) {
  pendingWords = words;
  const wait = Math.max(0, spokenAt + QUIET_MS - performance.now());
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { spokenAt = performance.now(); announcer.textContent = pendingWords; }, wait);
}

/* The board: rows by provider */
const parser = new DOMParser();
const held = new Map(); // provider -> its rows
const remember = (row) => held.set(row.dataset.key, [...(held.get(row.dataset.key) ?? []), row]);
if (isBoard) document.querySelectorAll("tr[data-key]").forEach(remember);

async function load(only) {
  const address = new URL(location.href);
  for (const provider of only ?? []) address.searchParams.append("only", provider);
  if (only) address.searchParams.set("part", "rows");
  const answer = await fetch(address, { headers: { "X-Requested-With": "live" }, cache: "no-store" });
  if (!answer.ok) throw new Error(answer.status);
  const fresh = parser.parseFromString(await answer.text(), "text/html");
  // A different page, such as the first steps when no page is watched any more.
  if (fresh.body.dataset.page !== page) location.reload();
  return fresh;
}
function place(row) {
  const name = row.parentElement.dataset.list;
  const list = [...document.querySelectorAll("[data-list]")].find((each) => each.dataset.list === name);
  if (!list) return false;
  let low = 0, high = list.children.length; // rows are in order: look in halves
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.children[middle].dataset.order < row.dataset.order) low = middle + 1; else high = middle;
  }
  list.insertBefore(row, list.children[low] ?? null);
  return true;
}
function patch(fresh, only) {
  let isWhole = true, arrived = 0;
  for (const provider of only) {
    const before = held.get(provider) ?? [];
    const known = new Set(before.map((row) => row.dataset.version));
    held.delete(provider);
    const after = [...fresh.querySelectorAll("tr[data-key]")].filter((row) => row.dataset.key === provider);
    const focused = before.some((row) => row.contains(document.activeElement)) && document.activeElement.getAttribute("href");
    before.forEach((row) => row.remove());
    for (const row of after) {
      const adopted = document.adoptNode(row.cloneNode(true));
      const holder = document.createElement("tbody");
      holder.dataset.list = row.parentElement.dataset.list;
      holder.append(adopted);
      if (!place(adopted)) { isWhole = false; continue; }
      remember(adopted);
      if (!known.has(adopted.dataset.version)) { adopted.classList.add("new"); arrived += 1; }
      if (focused) [...adopted.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
    }
  }
  settle(fresh);
  if (arrived) announce(fresh.querySelector("[data-live=headline]").textContent);
  return isWhole;
}
function settle(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (other && other.innerHTML !== part.innerHTML) part.replaceChildren(...document.adoptNode(other.cloneNode(true)).childNodes);
  }
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").getAttribute("href");
  for (const section of document.querySelectorAll("main > section")) {
    const lists = [...section.querySelectorAll("[data-list]")];
    if (!lists.length) continue;
    const rows = lists.reduce((sum, list) => sum + list.children.length, 0);
    section.hidden = !rows;
    const number = section.querySelector("h2 .n");
    if (number) number.textContent = rows.toLocaleString("en");
  }
  for (const fold of document.querySelectorAll("details[data-fold]")) {
    const count = fold.querySelector("tbody").children.length;
    fold.hidden = !count;
    const said = fold.querySelector("[data-fold-count]");
    said.textContent = said.textContent.replace(/^[\d,]+/, count.toLocaleString("en"));
  }
}

/* Any other page: its main part, unless the focus or a text selection is in it */
function replace(fresh) {
  const main = document.querySelector("main");
  if (main.contains(document.activeElement) || getSelection().toString()) return;
  const open = [...main.querySelectorAll("details")].map((each) => each.open);
  const known = new Set([...main.querySelectorAll("[data-event]")].map((row) => row.dataset.event));
  const other = document.adoptNode(fresh.querySelector("main").cloneNode(true));
  if (known.size) other.querySelectorAll("[data-event]").forEach((row) => known.has(row.dataset.event) || row.classList.add("new"));
  main.replaceChildren(...other.childNodes);
  main.querySelectorAll("details").forEach((each, index) => { if (open[index]) each.open = true; });
  document.title = fresh.title;
  document.querySelectorAll("[data-live]").forEach((part) => {
    const now = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (now) part.replaceChildren(...document.adoptNode(now.cloneNode(true)).childNodes);
  });
  bindStrips();
}

const waiting = new Set();
let timer = 0, isLoading = false;
function due(provider) {
  if (provider) waiting.add(provider);
  if (!timer) timer = setTimeout(refresh, 100);
}
async function refresh() {
  timer = 0;
  if (isLoading) { timer = setTimeout(refresh, 100); return; }
  isLoading = true;
  const only = [...waiting].slice(0, 100);
  only.forEach((provider) => waiting.delete(provider));
  try {
    if (!isBoard) replace(await load());
    else if (!patch(await load(only), only)) location.reload();
    if (isBoard) search();
  } catch { only.forEach((provider) => waiting.add(provider)); setTimeout(due, 5000); }
  isLoading = false;
  if (waiting.size) due();
}
async function look() {
  if (!isBoard) { if (!document.hidden && ["provider", "health", "alerts"].includes(page)) due(); return; }
  // The server's list of providers with problems; one that is only in this page's list has changed without an event.
  const fresh = await load([]).catch(() => null);
  if (!fresh) return;
  const watched = (root) => root.querySelector("main").dataset.watched;
  if (watched(fresh) !== watched(document)) { location.reload(); return; }
  const there = new Map([...fresh.querySelectorAll("tr[data-key]")].map((row) => [row.dataset.key + row.parentElement.dataset.list, row.dataset.version]));
  for (const list of ["problems", "unread", "works"]) {
    for (const row of document.querySelector(`[data-list=${list}]`).children) {
      const version = there.get(row.dataset.key + list);
      if (version !== row.dataset.version) waiting.add(row.dataset.key);
    }
  }
  for (const row of fresh.querySelectorAll("tr[data-key]")) {
    const rows = held.get(row.dataset.key) ?? [];
    if (!rows.some((each) => each.dataset.version === row.dataset.version)) waiting.add(row.dataset.key);
  }
  if (waiting.size) due(); else settle(fresh);
}

/* The stream of events; when the connection is lost, the page says so rather than look current */
const clock = document.querySelector("[data-clock]");
let lostAt = 0, events = null;
function connect() {
  events = new EventSource("/events");
  const heard = (event) => {
    let provider = "";
    try { const said = JSON.parse(event.data); provider = said.provider ?? said.id ?? ""; } catch { return; }
    if (event.type === "reset") { look(); return; }
    const own = document.body.dataset.provider;
    if (!own || own === provider) due(provider);
  };
  events.onmessage = heard;
  for (const name of ["update", "state", "reset"]) events.addEventListener(name, heard);
  events.onopen = () => { if (lostAt) { lostAt = 0; look(); } };
  events.onerror = () => { lostAt ||= nowMs(); };
}
function tick() {
  if (!clock) return;
  const time = (ms) => new Date(ms).toISOString().slice(11, 19);
  clock.classList.toggle("lost", !!lostAt);
  clock.textContent = lostAt ? `· not live since ${time(lostAt)} UTC` : `· ${time(nowMs())} UTC`;
}
addEventListener("beforeprint", () => {
  const moment = document.querySelector("[data-paper]");
  if (moment && !Number.isNaN(servedAt)) moment.textContent = `${new Date(lostAt || nowMs()).toISOString().slice(0, 19).replace("T", " ")} UTC`;
});
if (page && page !== "public" && page !== "start" && window.EventSource) {
  connect();
  // A browser has few connections to spare: a hidden page fetches now and then instead of listening.
  document.addEventListener("visibilitychange", () => {
    events?.close();
    events = null;
    lostAt = 0;
    if (!document.hidden) { connect(); look(); grow(); }
  });
  setInterval(look, LOOK_MS);
  if (!Number.isNaN(servedAt)) setInterval(tick, 1000);
}
if (page === "start") setInterval(() => document.activeElement === document.body && location.reload(), LOOK_MS);

/* Search as you type */
const field = document.querySelector("[data-search]");
let wasOpen = null;
const texts = new WeakMap(); // row -> what is searched in it
function search() {
  if (!field) return;
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const folds = [...document.querySelectorAll("details[data-fold]")];
  if (words.length && !wasOpen) wasOpen = folds.map((fold) => fold.open);
  for (const row of document.querySelectorAll("tr[data-key]")) {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    const text = texts.get(row);
    const isHidden = !words.every((word) => text.includes(word));
    if (row.hidden !== isHidden) row.hidden = isHidden;
  }
  folds.forEach((fold, index) => {
    if (words.length) fold.open = !!fold.querySelector("tbody tr:not([hidden])");
    else if (wasOpen) fold.open = wasOpen[index];
  });
  if (!words.length) wasOpen = null;
}
field?.addEventListener("input", () => {
  search();
  const address = new URL(location.href);
  if (field.value) address.searchParams.set("q", field.value); else address.searchParams.delete("q");
  history.replaceState(null, "", address);
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, textarea, select")) return;
  const target = field ?? document.querySelector("[data-focus]");
  if (target) { event.preventDefault(); target.focus(); }
});

/* Along the days: one tab stop, arrows, Home and End */
function bindStrips() {
  for (const strip of document.querySelectorAll("[data-strip]:not([data-bound])")) {
    strip.dataset.bound = "";
    const days = [...strip.children];
    const said = strip.parentElement.querySelector("[data-day]");
    if (said) { said.hidden = false; said.textContent = matchMedia("(pointer: coarse)").matches ? "Touch a day to read about it." : "Arrow keys move along the days."; }
    let at = days.length - 1;
    const show = () => {
      days.forEach((day, index) => day.classList.toggle("at-day", index === at));
      if (said) said.textContent = days[at].textContent; else strip.title = days[at].textContent;
      announcer.textContent = days[at].textContent;
    };
    strip.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: days.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      at = Math.min(days.length - 1, Math.max(0, to));
      show();
    });
    strip.addEventListener("pointerover", (event) => {
      const index = days.indexOf(event.target.closest("li"));
      if (index >= 0 && said) said.textContent = days[index].textContent;
    });
    strip.addEventListener("blur", () => days.forEach((day) => day.classList.remove("at-day")));
  }
}
bindStrips();
