"use strict";
// Everything that is shown is set as text, and only where it changed: no flicker, and a hostile text stays a text.
const EVERY_MS = 400, PATIENCE_MS = 3000, LOST_MS = 2500;
const LEVELS = 5, ROWS = 12;
const key = new URLSearchParams(location.search).get("key") || "";
const at = id => document.getElementById(id);
let chosen = "", heard = performance.now(), last = null;

function put(node, text, name) {
  const said = text === null || text === undefined || text === "" ? "–" : String(text);
  if (node.textContent !== said) node.textContent = said;
  if (name !== undefined && node.className !== name) node.className = name;
}

function rows(body, count, cells) {
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) { const row = body.insertRow(); for (let i = 0; i < cells; i++) row.insertCell(); }
  return [...body.rows];
}

const number = value => value === null || value === undefined ? "–" : Number(value).toLocaleString("en-US");
const percent = (value, of) => (value / of).toFixed(1) + " %";
const words = text => text.toLowerCase().replaceAll("_", " ");

function head(facts) {
  const seat = facts.seat, owner = facts.cores.find(core => core.name === seat.owner);
  put(at("market"), facts.market);
  const calm = facts.stage === "trading" || facts.stage === "day is over";
  put(at("stage"), facts.stage === "trading" && facts.trading.phase ? `trading · ${words(facts.trading.phase)}` : facts.stage, calm ? "" : "alert");
  put(at("owner"), owner ? `${owner.name} · ${owner.make}` : "nobody");
  put(at("epoch"), seat.epoch);
  put(at("in-step"), (seat.in_step || []).join(", "));
  put(at("level"), seat.level);
  const probe = facts.probe;
  put(at("probe"), probe && probe.probes ? `${probe.median_ms.toFixed(1)} · ${probe.slowest_ms.toFixed(0)}` : "–");
  put(at("orders"), number(facts.trading.orders));
  put(at("trades"), number(facts.trading.trades));
}

function bar(wrongs) {
  const [first, ...rest] = wrongs.length ? wrongs : [{grade: "fine", text: "Both cores answer and agree, the market is where it should be, every process runs."}];
  at("bar").className = first.grade;
  put(at("bar-sign"), {bad: "✖ WRONG", mind: "▲ MIND", fine: "✔ FINE"}[first.grade]);
  put(at("bar-first"), first.text);
  const list = at("bar-rest");
  while (list.children.length > rest.length) list.lastChild.remove();
  while (list.children.length < rest.length) list.append(document.createElement("li"));
  rest.forEach((one, i) => put(list.children[i], one.text));
  document.title = `${{bad: "✖", mind: "▲", fine: "✔"}[first.grade]} ${at("owner").textContent} ${at("stage").textContent}`;
}

const CORE_ROWS = [
  ["role", core => [core.role, core.role === "owner" ? "good" : core.role.startsWith("follower, in") ? "" : "mind"]],
  ["state", core => [core.state === "SILENT" && core.role === "out for the day" ? "ended" : core.state, core.state === "SILENT" && core.role !== "out for the day" ? "bad" : ""]],
  ["position", core => [number(core.position), ""]],
  ["released", core => [number(core.released), ""]],
  ["lag", core => [core.lag_records === null && core.lag_ms === null ? "–" : `${number(core.lag_records)} records · ${number(core.lag_ms)} ms`, ""]],
  ["digest", core => [core.digest, "digest"]],
  ["comparison", core => core.clean === null ? ["–", ""] : core.clean ? ["clean", "good"] : ["DIFFERS", "bad"]],
  ["live orders", core => [number(core.live), ""]],
  ["sessions", core => [number(core.sessions), ""]],
  ["alarms", core => [number(core.alarms), core.alarms ? "mind" : ""]],
];

function cores(facts) {
  facts.cores.forEach((core, i) => put(at("core-" + i), `${core.name} · ${core.make}`));
  const body = at("core-rows");
  if (!body.rows.length) for (const [name] of CORE_ROWS) {
    const row = body.insertRow(), what = document.createElement("th");
    what.textContent = name;
    row.append(what); row.insertCell(); row.insertCell();
  }
  CORE_ROWS.forEach(([, of], i) => facts.cores.forEach((core, j) => {
    const cell = body.rows[i].cells[j + 1], [text, name] = of(core);
    put(cell, text, name);
    cell.title = [core.why, ...core.last_alarms].filter(Boolean).join("\n");
  }));
  const {position, equal} = facts.agreement, followed = facts.cores.every(core => core.role !== "out for the day");
  if (!position) put(at("agreement"), "No position was seen at both cores yet", "open");
  else if (!equal) put(at("agreement"), `✖ Digests DIFFER at position ${number(position)}`, "bad");
  else put(at("agreement"), `✔ Digests equal at position ${number(position)}${followed ? "" : ", the last that both had"}`, followed ? "good" : "open");
}

function curve(svg, values, now, top, text) {
  const known = values.filter(value => value !== null), highest = Math.max(...known, 0);
  put(now, values.length && values.at(-1) !== null ? text(values.at(-1)) : "–");
  put(top, text(highest));
  const left = 240 - values.length, scale = 56 / Math.max(highest, 1);
  let path = "", open = false;
  values.forEach((value, i) => {
    const x = left + i;
    if (value === null) { if (open) path += `L${x - 1} 60Z`; open = false; return; }
    path += `${open ? "L" : `M${x} 60L`}${x} ${(60 - value * scale).toFixed(1)}`;
    open = true;
  });
  svg.firstElementChild.setAttribute("d", path + (open ? "L239 60Z" : "") || "M0 60");
}

function trading(facts) {
  const list = facts.trading.most_traded, body = at("traded");
  rows(body, ROWS, 6).forEach((row, i) => {
    const one = list[i], name = one ? one.symbol : "";
    if (row.dataset.book !== name) row.dataset.book = name;
    const [text, sign] = one ? change(one.change) : ["", ""];
    const cells = one ? [one.symbol, words(one.phase), one.last, text, number(one.volume), number(one.trades)] : Array(6).fill(" ");
    cells.forEach((cell, j) => put(row.cells[j], cell, j < 2 ? "" : j === 3 ? "n " + sign : "n"));
    const shown = one && facts.trading.book && name === facts.trading.book.symbol ? "chosen" : "";
    if (row.className !== shown) row.className = shown;
    row.tabIndex = one ? 0 : -1;
  });
  book(facts.trading.book);
}

function change(hundredths) {
  if (hundredths === null || hundredths === undefined) return ["–", ""];
  const size = (Math.abs(hundredths) / 100).toFixed(2) + " %";
  return hundredths > 0 ? ["▲ +" + size, "up"] : hundredths < 0 ? ["▼ −" + size, "down"] : ["= " + size, ""];
}

function book(one) {
  if (!one) return;
  if (!chosen) chosen = one.symbol;
  put(at("book-name"), one.symbol);
  put(at("book-phase"), words(one.phase));
  const [text, sign] = change(one.change);
  put(at("book-last"), `${one.last_price || "no trade"}  ${text}`, sign);
  rows(at("levels"), LEVELS, 4).forEach((row, i) => {
    const bid = one.bids[i], ask = one.asks[i];
    const price = level => level.price === null ? "market" : level.price;
    [bid && number(bid.size), bid && price(bid), ask && price(ask), ask && number(ask.size)].forEach((cell, j) => put(row.cells[j], cell || " "));
  });
  const note = one.is_simulated ? `collecting: a match now at ${one.simulated_price || "no price"}, ${number(one.simulated_volume)} shares` : `limits ${one.limit_down_price || "none"} to ${one.limit_up_price || "none"}`;
  put(at("book-note"), `${note} · day ${one.low_price || "–"} to ${one.high_price || "–"}`);
}

const SIGNS = {HAND_RAISED: "! hand raised", NOT_CONNECTED: "✖ not connected", LOGGED_ON: "▲ logged on", CAUGHT_UP: "✔ caught up", READY: "✔ ready"};

function members(facts) {
  const board = facts.members, gauge = at("gauge").parentElement;
  at("threshold").style.left = percent(board.threshold_permille, 10).replace(" ", "");
  put(at("members-lines"), `${number(board.lines)} lines`);
  if (!board.told) {
    put(at("members-sum"), "");
    put(at("gauge-text"), "The owner tells no board.");
    at("gauge").style.width = "0";
    rows(at("lines"), 0, 5);
    return;
  }
  const counts = board.counts;
  put(at("members-sum"), `${number(counts.CAUGHT_UP + counts.READY)} ready · ${number(counts.LOGGED_ON)} logged on · ${number(counts.NOT_CONNECTED)} not connected · ${number(counts.HAND_RAISED)} raised a hand`);
  const enough = board.ready_permille >= board.threshold_permille;
  at("gauge").style.width = percent(board.ready_permille, 10).replace(" ", "");
  gauge.className = enough ? "gauge" : "gauge low";
  put(at("gauge-text"), `${enough ? "✔" : "✖"} ${percent(board.ready_permille, 10)} of today's volume is ready; reopening needs ${percent(board.threshold_permille, 10)}`);
  rows(at("lines"), board.rows.length, 5).forEach((row, i) => {
    const one = board.rows[i], idle = one.state === "NOT_CONNECTED" && one.free;
    const name = idle ? "soft" : {HAND_RAISED: "bad", NOT_CONNECTED: "bad", LOGGED_ON: "mind"}[one.state] || "good";
    [[one.line, "n"], [one.member, "n"], [idle ? "free" : SIGNS[one.state] || one.state, name], [(one.share / 10000).toFixed(2) + " %", "n"], [one.why || (one.since ? "since " + one.since : " "), one.why ? "why" : "soft"]]
      .forEach(([text, kind], j) => put(row.cells[j], text, kind));
    if (row.cells[4].title !== one.why) row.cells[4].title = one.why;
  });
}

function processes(facts) {
  const gone = facts.cores.filter(core => core.role === "out for the day").map(core => core.name);
  rows(at("process-rows"), facts.processes.length, 4).forEach((row, i) => {
    const one = facts.processes[i];
    const [text, name] = one.alive ? ["✔ runs", "good"] : one.done ? ["✔ done", "soft"] : gone.includes(one.name) ? ["– ended", "soft"] : ["✖ NOT RUNNING", "bad"];
    [[one.name, ""], [text, name], [one.pid, "n"], [number(one.lives), one.lives > 1 ? "n mind" : "n"]].forEach(([cell, kind], j) => put(row.cells[j], cell, kind));
  });
}

function incidents(list) {
  const box = at("incident-list"), state = JSON.stringify(list);
  if (!list.length || box.dataset.state === state) return;
  box.dataset.state = state;
  box.replaceChildren(...list.flatMap(steps => {
    const title = document.createElement("h3"), table = document.createElement("table"), body = table.createTBody();
    title.textContent = `${steps[0].at}  ${steps[0].said.replace(/^what /, "")}`;
    for (const step of steps.slice(1).reverse()) [step.ms + " ms", step.step, step.said].reduce((row, text, j) => { const cell = row.insertCell(); cell.textContent = text; if (!j) cell.className = "n"; return row; }, body.insertRow());
    return [title, table];
  }));
}

function show(facts) {
  if (facts.starting) { put(at("market"), facts.market); return; }
  head(facts);
  bar(facts.wrongs);
  cores(facts);
  curve(at("rate"), facts.curves.commands, at("rate-now"), at("rate-top"), number);
  curve(at("lag"), facts.curves.lag_ms, at("lag-now"), at("lag-top"), value => number(value) + " ms");
  trading(facts);
  members(facts);
  processes(facts);
  incidents(facts.incidents);
}

function lost() {
  const silent = performance.now() - heard, age = last && last.age_ms > LOST_MS ? last.age_ms : 0;
  const is = silent > LOST_MS || age > 0;
  document.body.classList.toggle("lost", is);
  if (is) bar([{grade: "bad", text: silent > LOST_MS ? `This page hears nothing: what is below is ${Math.round(silent / 1000)} s old` : `The page's own process sees nothing new for ${Math.round(age / 1000)} s`}]);
}

async function asked() {
  try {
    const answer = await fetch("/facts?" + new URLSearchParams({key, book: chosen}), {cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS)});
    return answer.ok ? await answer.json() : null;
  } catch { return null; }
}

async function poll() {
  const facts = await asked();
  try {
    if (facts) { last = facts; heard = performance.now(); show(facts); }
  } finally {
    lost();
    setTimeout(poll, EVERY_MS);
  }
}

function choose(event) {
  const row = event.target.closest("tr");
  if (row && row.dataset.book && (event.type === "click" || event.key === "Enter")) chosen = row.dataset.book;
}
at("traded").addEventListener("click", choose);
at("traded").addEventListener("keydown", choose);
poll();
