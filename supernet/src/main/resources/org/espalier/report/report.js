// Draws the charts of the page from the JSON beside it. Colours are CSS variables, so a change of theme needs no redraw.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const tip = document.getElementById("tip");
  const text = { number: d3.format(".3f"), percent: d3.format(".1%") };
  const ticks = { number: d => d3.format(".3~f")(d), percent: d3.format(".3~%") };
  const drawn = [];
  let printing = false;

  function draw(chart, figure) {
    const width = printing ? (chart.small ? 200 : 340) : Math.max(120, figure.clientWidth);
    const height = chart.small ? Math.round(Math.max(104, Math.min(150, width * 0.5))) : Math.round(Math.max(170, Math.min(240, width * 0.46)));
    const box = chart.small
      ? { left: 24, right: width - 6, top: 8, bottom: height - 18 }
      : { left: 42, right: width - 10, top: 10, bottom: height - 28 };
    const all = chart.series.flatMap(s => s.values).filter(v => v != null);
    let [low, high] = chart.domain;
    low ??= d3.min(all) ?? 0;
    high ??= d3.max(all) ?? 1;
    if (low === high) [low, high] = [low - 0.05, high + 0.05];
    const y = (chart.log ? d3.scaleLog : d3.scaleLinear)([low, high], [box.bottom, box.top]);
    if (chart.domain.includes(null)) y.nice(5);
    const [first, last] = d3.extent(chart.x);
    const x = d3.scaleLinear(first === last ? [first - 1, last + 1] : [first, last], [box.left + 4, box.right - 4]);

    d3.select(figure).select("svg").remove();
    const svg = d3.select(figure).append("svg").attr("class", "plot").attr("viewBox", `0 0 ${width} ${height}`)
      .attr("role", "img").attr("aria-label", figure.querySelector("figcaption").textContent);
    const yTicks = chart.log ? y.ticks().filter(d => /^[125]/.test(d.toExponential())) : y.ticks(chart.small ? 3 : 5);
    const rows = svg.append("g").selectAll("g").data(yTicks).join("g").attr("transform", d => `translate(0,${y(d)})`);
    rows.append("line").attr("class", "grid").attr("x1", box.left).attr("x2", box.right);
    rows.append("text").attr("x", box.left - 6).attr("dy", "0.33em").attr("text-anchor", "end").text(ticks[chart.format]);
    const xTicks = first === last ? [first] : x.ticks(chart.small ? 3 : Math.min(10, width / 50)).filter(Number.isInteger);
    svg.append("g").selectAll("text").data(xTicks).join("text").attr("x", x).attr("y", box.bottom + (chart.small ? 14 : 18))
      .attr("text-anchor", "middle").text(d => d);
    if (!chart.small) {
      svg.append("text").attr("x", box.left - 6).attr("y", box.bottom + 18).attr("text-anchor", "end").text(chart.axis ?? "epoch");
    }
    if (chart.reference) {
      const at = y(chart.reference.value);
      svg.append("line").attr("class", "reference").attr("x1", box.left).attr("x2", box.right).attr("y1", at).attr("y2", at);
      svg.append("text").attr("x", box.right - 2).attr("y", at - 5).attr("text-anchor", "end").text(chart.reference.label);
    }
    const line = d3.line((_, i) => x(chart.x[i]), y).defined(v => v != null).curve(d3.curveMonotoneX);
    const dotted = s => s.values.map((v, i) => ({ v, i })).filter(p => p.v != null
      && (!chart.small && chart.x.length <= 24 || (s.values[p.i - 1] == null && s.values[p.i + 1] == null)));
    // The first series is the one that matters most: it is drawn last, on top.
    const series = svg.append("g").selectAll("g").data(chart.series.toReversed()).join("g").attr("class", "series")
      .attr("data-series", s => s.name).style("--c", s => `var(--${s.color})`);
    series.append("path").attr("d", s => line(s.values));
    series.selectAll("circle").data(dotted).join("circle").attr("r", 2.6).attr("cx", p => x(chart.x[p.i])).attr("cy", p => y(p.v));
    const cursor = svg.append("line").attr("class", "cursor").attr("y1", box.top).attr("y2", box.bottom).attr("visibility", "hidden");
    svg.on("pointermove", event => {
      const i = d3.bisectCenter(chart.x, x.invert(d3.pointer(event)[0]));
      point(chart.group, chart.x[i]);
      describe(chart, i, event);
    }).on("pointerleave", () => { point(chart.group, null); tip.hidden = true; });
    return epoch => {
      const known = epoch != null && chart.x.includes(epoch);
      cursor.attr("visibility", known ? "visible" : "hidden");
      if (known) cursor.attr("x1", x(epoch)).attr("x2", x(epoch));
    };
  }

  // One mark for each architecture, all of one path: thousands of elements would be slow.
  function scatter(chart, figure) {
    const width = printing ? 700 : Math.max(240, figure.clientWidth);
    const height = Math.round(Math.max(260, Math.min(520, width * 0.6)));
    const box = { left: 48, right: width - 12, top: 10, bottom: height - 38 };
    const x = d3.scaleLinear(d3.extent(chart.x), [box.left + 6, box.right - 6]);
    const y = d3.scaleLinear(d3.extent(chart.y), [box.bottom - 6, box.top + 6]);
    d3.select(figure).select("svg").remove();
    const svg = d3.select(figure).append("svg").attr("class", "plot").attr("viewBox", `0 0 ${width} ${height}`)
      .attr("role", "img").attr("aria-label", figure.querySelector("figcaption").textContent);
    const rows = svg.append("g").selectAll("g").data(y.ticks(6)).join("g").attr("transform", d => `translate(0,${y(d)})`);
    rows.append("line").attr("class", "grid").attr("x1", box.left).attr("x2", box.right);
    rows.append("text").attr("x", box.left - 6).attr("dy", "0.33em").attr("text-anchor", "end").text(ticks.number);
    svg.append("g").selectAll("text").data(x.ticks(Math.min(10, width / 80))).join("text").attr("x", x).attr("y", box.bottom + 16)
      .attr("text-anchor", "middle").text(d3.format(".4~s"));
    svg.append("text").attr("x", box.right).attr("y", box.bottom + 32).attr("text-anchor", "end").text(chart.axis);
    const marks = chart.x.map((v, i) => [x(v), y(chart.y[i])]);
    svg.append("path").attr("class", "marks").attr("d", marks.map(m => `M${m[0].toFixed(1)} ${m[1].toFixed(1)}h0`).join(""));
    const near = d3.quadtree(d3.range(marks.length), i => marks[i][0], i => marks[i][1]);
    const ring = svg.append("circle").attr("class", "ring").attr("r", 5).attr("visibility", "hidden");
    svg.on("pointermove", event => {
      const i = near.find(...d3.pointer(event), 24);
      ring.attr("visibility", i == null ? "hidden" : "visible");
      tip.hidden = i == null;
      if (i == null) return;
      ring.attr("cx", marks[i][0]).attr("cy", marks[i][1]);
      tip.replaceChildren();
      d3.select(tip).append("b").text(`Architecture ${chart.numbers[i]}`);
      d3.select(tip).append("span").text(`${chart.axis} ${chart.x[i]}, ${chart.y[i]} %`);
      place(event);
    }).on("pointerleave", () => { ring.attr("visibility", "hidden"); tip.hidden = true; });
    return () => {};
  }

  function point(group, epoch) {
    drawn.filter(d => d.chart.group === group).forEach(d => d.point(epoch));
  }

  function describe(chart, i, event) {
    tip.replaceChildren();
    d3.select(tip).append("b").text(chart.axis ? `${chart.x[i]} ${chart.axis}` : `Epoch ${chart.x[i]}`);
    const rows = d3.select(tip).append("div");
    d3.sort(chart.series.filter(s => s.values[i] != null), s => -s.values[i]).forEach(s => {
      rows.append("i").style("background", `var(--${s.color})`);
      rows.append("span").text(s.name);
      rows.append("output").text(text[chart.format](s.values[i]));
    });
    place(event);
  }

  function place(event) {
    tip.hidden = false;
    const left = event.clientX + 16 + tip.offsetWidth > innerWidth ? event.clientX - 16 - tip.offsetWidth : event.clientX + 16;
    const top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8);
    tip.style.transform = `translate(${Math.max(4, left)}px,${Math.max(4, top)}px)`;
  }

  function legend(chart, figure) {
    const items = d3.select(figure).append("ul").attr("class", "legend").selectAll("li").data(chart.series).join("li")
      .attr("data-series", s => s.name);
    items.append("i").style("background", s => `var(--${s.color})`);
    items.append("span").text(s => s.name);
  }

  function highlight(scope, name) {
    scope.querySelectorAll(".series").forEach(g => g.classList.toggle("dim", name != null && g.dataset.series !== name));
  }

  function redraw() {
    drawn.forEach(d => { d.point = (d.chart.numbers ? scatter : draw)(d.chart, d.figure); });
  }

  for (const chart of charts) {
    const figure = document.querySelector(`[data-chart="${CSS.escape(chart.id)}"]`);
    if (!figure) continue;
    if (!chart.small && chart.series?.length > 1) legend(chart, figure);
    drawn.push({ chart, figure });
  }
  redraw();
  for (const item of document.querySelectorAll(".legend li")) {
    const scope = item.closest("figure") ?? item.closest("section");
    for (const on of ["pointerenter", "focus"]) item.addEventListener(on, () => highlight(scope, item.dataset.series));
    for (const off of ["pointerleave", "blur"]) item.addEventListener(off, () => highlight(scope, null));
  }
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach(d => { d.open = true; });
    printing = true; // the widths that the columns of the printed page have, so that type keeps its size
    redraw();
  });
  addEventListener("afterprint", () => { printing = false; redraw(); });
})();
