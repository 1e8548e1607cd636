"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const units = (prices) => prices.map((p) => (p === null ? null : p / 10000));
const rgba = (hex, alpha) => `rgba(${[1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).join(",")},${alpha})`;
const state = { instrument: 0, call: 0 };
const config = { displaylogo: false, responsive: true, displayModeBar: "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

function axis(more) {
  return { gridcolor: css("--grid"), linecolor: css("--line"), zerolinecolor: css("--line"), tickfont: { color: css("--soft") },
    automargin: true, ...more };
}
function timeAxis(more) {
  return axis({ type: "date", tickformat: "%H:%M", hoverformat: "%H:%M:%S", showgrid: false,
    rangebreaks: data.breaks.map((bounds) => ({ bounds })), ...more });
}
function layout(more) {
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "inherit", color: css("--ink"), size: 12.5 },
    margin: { l: 56, r: 16, t: 12, b: 36 }, hovermode: "x unified", showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--quiet"), activecolor: css("--accent") },
    hoverlabel: { bgcolor: css("--sheet"), bordercolor: css("--line"), font: { color: css("--ink") } },
    legend: { orientation: "h", y: 1.08, x: 0, font: { color: css("--soft") } }, ...more };
}
function draw(id, traces, shape, empty) {
  const place = document.getElementById(id);
  if (!place) return;
  if (!traces.length) {
    Plotly.purge(place);
    place.classList.remove("chart");
    place.innerHTML = `<p class="empty">${empty}</p>`;
    return;
  }
  if (!place.classList.contains("chart")) { place.innerHTML = ""; place.classList.add("chart"); }
  Plotly.react(place, traces, shape, config);
}
function prices(one) {
  const bars = one.bars, up = css("--up"), down = css("--down");
  if (!bars.time.length && !one.indicative.time.length) return draw("prices", [], {}, "No trade in this security.");
  const rising = bars.close.map((close, i) => close >= bars.open[i]);
  const calls = one.auctions.filter((a) => a.kind === "open" || a.kind === "close");
  const others = one.auctions.filter((a) => !calls.includes(a));
  const mark = (found, name, color, size) => ({ type: "scatter", mode: "markers", name, x: found.map((a) => a.time),
    y: units(found.map((a) => a.price)), text: found.map((a) => `${a.kind} auction, ${a.volume.toLocaleString("en")} shares`),
    hovertemplate: "%{y} · %{text}<extra></extra>", marker: { symbol: "diamond", size, color, line: { color: css("--sheet"), width: 1.5 } } });
  const traces = [
    { type: "candlestick", name: "minute", x: bars.time, open: units(bars.open), high: units(bars.high), low: units(bars.low),
      close: units(bars.close), increasing: { line: { color: up, width: 1 }, fillcolor: up },
      decreasing: { line: { color: down, width: 1 }, fillcolor: down } },
    { type: "scatter", mode: "lines", name: "indicative", x: one.indicative.time, y: units(one.indicative.price), connectgaps: false,
      line: { color: css("--accent"), width: 1.4, dash: "dot", shape: "hv" } },
    mark(others, "auction", css("--accent"), 8), mark(calls, "opening, closing", css("--warm"), 13),
    { type: "bar", name: "volume", x: bars.time, y: bars.volume, yaxis: "y2", marker: { color: rising.map((r) => rgba(r ? up : down, 0.55)) } },
  ];
  gaps(traces[1]);
  const reference = one.reference === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: one.reference / 10000,
    y1: one.reference / 10000, line: { color: css("--quiet"), width: 1, dash: "dash" } }];
  const every = bars.high.concat(bars.low, one.auctions.map((a) => a.price));
  const span = every.length ? [Math.min(...every), Math.max(...every)] : null;
  const pad = span ? Math.max((span[1] - span[0]) * 0.06, 100) : 0;
  draw("prices", traces, layout({ shapes: reference, xaxis: timeAxis({ rangeslider: { visible: false }, anchor: "y2" }),
    yaxis: axis({ domain: [0.27, 1], side: "left", range: span ? [(span[0] - pad) / 10000, (span[1] + pad) / 10000] : undefined }),
    yaxis2: axis({ domain: [0, 0.2], nticks: 3, showgrid: false }) }));
}
function gaps(trace) {
  const x = [], y = [];
  trace.x.forEach((time, i) => {
    if (i && new Date(time) - new Date(trace.x[i - 1]) > 120000) { x.push(time); y.push(null); }
    x.push(time); y.push(trace.y[i]);
  });
  trace.x = x; trace.y = y;
}
function curves(one) {
  const place = document.getElementById("calls");
  place.innerHTML = "";
  const shown = one.curves.filter((c) => c.price !== null).slice(0, 12);
  state.call = Math.min(state.call, Math.max(shown.length - 1, 0));
  shown.forEach((curve, i) => place.append(button(`${curve.kind}`, curve.time.slice(11, 16), i === state.call, () => { state.call = i; curves(one); })));
  const curve = shown[state.call];
  if (!curve) return draw("curves", [], {}, "No auction of this security was drawn.");
  const wide = Math.max(curve.price * 0.03, 500);
  const step = (side, name, color, shape, edge) => ({ type: "scatter", mode: "lines", name, x: units(side.price.concat(edge)),
    y: side.total.concat(side.total.slice(-1)), line: { color, width: 2, shape }, fill: "tozeroy", fillcolor: rgba(color, 0.1),
    hovertemplate: "%{y:,} shares<extra>" + name + "</extra>" });
  const traces = [step(curve.demand, "demand", css("--up"), "vh", curve.price - wide), step(curve.supply, "supply", css("--down"), "vh", curve.price + wide)];
  const near = [curve.demand, curve.supply].flatMap((side) => side.total.filter((_, i) => Math.abs(side.price[i] - curve.price) <= wide));
  const note = { x: curve.price / 10000, y: 1, yref: "paper", xanchor: "left", yanchor: "top", showarrow: false, align: "left", xshift: 8,
    bgcolor: css("--sheet"), bordercolor: css("--warm"), borderpad: 5, font: { color: css("--ink"), size: 13 },
    text: `<b>${curve.price / 10000}</b>, ${curve.volume.toLocaleString("en")} shares` };
  draw("curves", traces, layout({ showlegend: true, annotations: [note],
    shapes: [{ type: "line", x0: note.x, x1: note.x, yref: "paper", y0: 0, y1: 1, line: { color: css("--warm"), width: 2 } }],
    xaxis: axis({ title: { text: "price" }, range: [(curve.price - wide) / 10000, (curve.price + wide) / 10000] }),
    yaxis: axis({ range: [0, Math.max(...near, curve.volume) * 1.08] }) }));
}
function depth(one) {
  const points = one.depth;
  if (!points.time.length) return draw("depth", [], {}, "The depth of this security was not watched.");
  const most = Math.log1p(quantile(points.qty, 0.98));
  const side = (which, name, color) => {
    const at = points.side.flatMap((s, i) => (s === which ? [i] : []));
    return { type: "scatter", mode: "markers", name, x: at.map((i) => points.time[i]), y: at.map((i) => points.price[i] / 10000),
      customdata: at.map((i) => points.qty[i]), hovertemplate: "%{y} · %{customdata:,} shares<extra>" + name + "</extra>",
      marker: { symbol: "square", size: 5, color: at.map((i) => rgba(color, 0.08 + 0.8 * Math.min(1, Math.log1p(points.qty[i]) / most) ** 4)) } };
  };
  const last = { type: "scatter", mode: "lines", name: "last", x: one.bars.time, y: units(one.bars.close), line: { color: css("--ink"), width: 1.3 } };
  const middle = one.bars.close.length ? one.bars.close : points.price;
  const pad = Math.max((Math.max(...middle) - Math.min(...middle)) * 0.15, middle[0] * 0.002);
  draw("depth", [side("B", "bids", css("--up")), side("S", "asks", css("--down")), last], layout({ hovermode: "closest", xaxis: timeAxis(),
    yaxis: axis({ range: [(Math.min(...middle) - pad) / 10000, (Math.max(...middle) + pad) / 10000] }) }));
}
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor((sorted.length - 1) * share)] || 1;
}
function activity() {
  const found = data.activity;
  draw("activity", found.time.length ? [
    { type: "bar", name: "orders", x: found.time, y: found.orders, marker: { color: rgba(css("--accent"), 0.75) } },
    { type: "scatter", mode: "lines", name: "trades", x: found.time, y: found.trades, line: { color: css("--warm"), width: 1.6 } },
  ] : [], layout({ showlegend: true, bargap: 0.1, xaxis: timeAxis(), yaxis: axis({}) }), "Nothing happened.");
}
function timeline() {
  const colors = { volatility: css("--up"), "postponed open": css("--accent"), "postponed close": css("--warm"), "postponed periodic": css("--down"), resumption: css("--soft") };
  const kinds = [...new Set(data.stabilisations.map((s) => s.kind))];
  const ends = [];
  const lanes = data.stabilisations.map((s) => {
    const start = new Date(s.start), free = ends.findIndex((end) => end < start - 60000);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = new Date(s.end);
    return lane + 1;
  });
  const traces = kinds.map((kind) => {
    const own = data.stabilisations.flatMap((s, i) => (s.kind === kind ? [[s, lanes[i]]] : []));
    return { type: "scatter", mode: "lines+markers", name: kind, line: { width: 4, color: colors[kind] }, marker: { size: 5, color: colors[kind] },
      x: own.flatMap(([s]) => [s.start, s.end, null]), y: own.flatMap(([, lane]) => [lane, lane, null]),
      text: own.flatMap(([s]) => [`${s.code}: ${s.price} against ${s.reference}`, `${s.code}: matched at ${s.match || "no price"}`, ""]),
      hovertemplate: "%{x|%H:%M:%S} · %{text}<extra></extra>" };
  });
  if (ends.length) document.getElementById("timeline").style.height = `${Math.min(420, 150 + 14 * ends.length)}px`;
  draw("timeline", traces, layout({ showlegend: true, hovermode: "closest", xaxis: timeAxis(), yaxis: axis({ rangemode: "tozero", title: { text: "at the same time" } }) }), "");
  const table = document.getElementById("stabilised");
  if (!table) return;
  const cells = (row) => [row.code, row.kind, row.start.slice(11), row.end.slice(11), `${row.seconds} s`, row.price, row.reference, row.match];
  table.innerHTML = "<tr>" + ["code", "what", "from", "to", "took", "price", "measured against", "matched at"].map((h) => `<th>${h}</th>`).join("") + "</tr>" +
    data.stabilisations.map((row) => `<tr>${cells(row).map((c) => `<td>${c}</td>`).join("")}</tr>`).join("");
}
function outcomes() {
  const colors = { filled: "--filled", part_filled: "--part", live: "--live", cancelled: "--cancelled", expired: "--expired", refused: "--refused" };
  const found = data.outcomes, totals = found.groups.map((_, i) => Object.values(found.counts).reduce((sum, c) => sum + c[i], 0));
  const traces = Object.entries(found.counts).filter(([, counts]) => counts.some((c) => c)).map(([word, counts]) => ({ type: "bar", orientation: "h",
    name: word.replace("_", " "), y: found.groups.map((g, i) => `${g}  (${totals[i].toLocaleString("en")})`), x: counts.map((c, i) => (100 * c) / totals[i]), customdata: counts,
    hovertemplate: "%{customdata:,} · %{x:.1f} %<extra>" + word.replace("_", " ") + "</extra>", marker: { color: css(colors[word]) } }));
  const place = document.getElementById("outcomes");
  place.style.height = `${110 + 34 * found.groups.length}px`;
  draw("outcomes", traces, layout({ barmode: "stack", showlegend: true, hovermode: "closest", bargap: 0.35,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal", font: { color: css("--soft") } },
    xaxis: axis({ ticksuffix: " %", range: [0, 100] }), yaxis: axis({ autorange: "reversed" }) }), "No order came.");
}
function latency() {
  const found = data.latency;
  draw("latency", found.ms.length ? [{ type: "bar", x: found.ms, y: found.pieces, marker: { color: rgba(css("--accent"), 0.75) },
    width: found.ms.map((ms) => ms * 0.12), hovertemplate: "%{x:.3f} ms: %{y} pieces<extra></extra>" }] : [],
    layout({ hovermode: "closest", xaxis: axis({ type: "log", ticksuffix: " ms", title: { text: "core time a piece" } }), yaxis: axis({ nticks: 4 }) }), "");
}
function button(text, small, pressed, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (small) { const more = document.createElement("small"); more.textContent = small; made.append(more); }
  made.setAttribute("aria-pressed", String(pressed));
  made.onclick = act;
  return made;
}
function instrument() {
  const place = document.getElementById("chosen");
  place.innerHTML = "";
  data.instruments.forEach((one, i) => place.append(button(one.code, one.name, i === state.instrument, () => { state.instrument = i; state.call = 0; instrument(); })));
  const one = data.instruments[state.instrument];
  if (!one) return ["prices", "curves", "depth"].forEach((id) => draw(id, [], {}, "No security was traded."));
  prices(one); curves(one); depth(one);
}
function all() { instrument(); activity(); timeline(); outcomes(); latency(); }
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
all();
