// Figures to move. `lottery/suite/interactive.py` puts the facts of one on its page; here its script is fetched from
// interactive/<name>.js, and what that draws takes the place of the still picture, which stays on paper and for whoever
// has no scripts. A script says
//
//     interactive("name", (place, facts, tools) => { ... });
//
// and is called once for each figure that asks for it, with the element to fill.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const waiting = {};

  const element = (node, attributes, inside) => {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...inside.flat().filter((each) => each !== null && each !== undefined));
    return node;
  };
  const make = (tag, attributes = {}, ...inside) => element(document.createElement(tag), attributes, inside);
  const drawn = (tag, attributes = {}, ...inside) => element(document.createElementNS(SVG, tag), attributes, inside);
  let count = 0;
  const labelled = (label, control, ...more) => {
    control.id = `control-${(count += 1)}`;
    return make("span", { class: "control" }, make("label", { for: control.id }, label), control, ...more);
  };

  // A list to choose from; `options` are texts. `changed` is called with the number of the chosen one.
  const choice = (label, options, changed) => {
    const control = make("select", {}, options.map((text, number) => make("option", { value: number }, text)));
    control.addEventListener("change", () => changed(Number(control.value)));
    return {
      whole: labelled(label, control),
      set: (texts, chosen) => {
        control.replaceChildren(...texts.map((text, number) => make("option", { value: number }, text)));
        control.value = chosen;
      },
    };
  };

  // A slider over whole numbers; `says` makes words of one, which a screen reader reads, too.
  const slider = (label, { min, max, value }, says, changed) => {
    const control = make("input", { type: "range", min, max, step: 1, value });
    const words = make("output", {});
    const told = () => {
      words.textContent = says(Number(control.value));
      control.setAttribute("aria-valuetext", words.textContent);
    };
    control.addEventListener("input", () => { told(); changed(Number(control.value)); });
    told();
    return {
      whole: labelled(label, control, words),
      set: (limits, at) => {
        Object.assign(control, limits);
        control.value = at;
        told();
      },
    };
  };

  const button = (label, pressed) => {
    const control = make("button", { type: "button" }, label);
    control.addEventListener("click", pressed);
    return control;
  };

  // A button for each head, a row a layer. The keyboard stops once; its arrows go from head to head. `dress` is called
  // with each button, its number and its name.
  const heads = (layers, across, dress) => {
    const all = Array.from({ length: layers * across }, (_, at) => {
      const cell = button("", () => {});
      cell.tabIndex = at ? -1 : 0;
      dress(cell, at, `layer ${Math.floor(at / across) + 1}, head ${(at % across) + 1}`);
      return cell;
    });
    const row = (layer) => make(
      "div", { role: "row" }, make("span", { role: "rowheader" }, `${layer + 1}`),
      all.slice(layer * across, (layer + 1) * across).map((cell) => make("span", { role: "gridcell" }, cell)),
    );
    const whole = make("div", { class: "cells", role: "grid", "aria-label": "heads by layer" },
      Array.from({ length: layers }, (_, layer) => row(layer)));
    whole.style.setProperty("--across", across);
    whole.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
      const next = all[all.indexOf(document.activeElement) + step];
      if (!step || !next) return;
      event.preventDefault();
      for (const each of all) each.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    return { whole, all };
  };

  // Round numbers between two, about so many.
  const ticks = (low, high, about = 5) => {
    const rough = (high - low) / about;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((times) => times * unit).find((size) => size >= rough);
    const first = Math.ceil(low / step - 1e-9);
    return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step);
  };

  // A panel as wide as its place: letters keep their size on a phone. `x` and `y` are the ends of the two scales.
  const panel = (place, { x, y, height = 300, says, xlabel, ylabel, write = (value) => `${Number(value.toFixed(6))}` }) => {
    const width = Math.max(280, Math.min(place.clientWidth || 640, 760));
    const [left, right, top, bottom] = [52, 12, 12, 44];
    const at = {
      x: (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right),
      y: (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom),
    };
    const svg = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": says });
    const line = (points, look) => svg.append(
      drawn("polyline", {
        points: points.map(([one, other]) => `${at.x(one).toFixed(1)},${at.y(other).toFixed(1)}`).join(" "),
        fill: "none", "stroke-width": 1.6, ...look,
      }),
    );
    const text = (words, look) => svg.append(drawn("text", { "font-size": 12, fill: "#222", ...look }, words));
    for (const value of ticks(...y)) {
      line([[x[0], value], [x[1], value]], { stroke: "#bbb", "stroke-width": 0.5 });
      text(write(value), { x: left - 6, y: at.y(value) + 4, "text-anchor": "end" });
    }
    for (const value of ticks(...x, width < 420 ? 4 : 6))
      text(write(value), { x: at.x(value), y: height - bottom + 17, "text-anchor": "middle" });
    line([[x[0], y[1]], [x[0], y[0]], [x[1], y[0]]], { stroke: "#222", "stroke-width": 1 });
    text(xlabel, { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" });
    text(ylabel, {
      transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle",
    });
    const dot = (one, other, look) => svg.append(drawn("circle", { cx: at.x(one), cy: at.y(other), r: 4, ...look }));
    const bar = (from, to, tall, look) => svg.append(
      drawn("rect", {
        x: at.x(from), width: Math.max(0.5, at.x(to) - at.x(from) - 0.5), y: at.y(Math.max(tall, 0)),
        height: Math.abs(at.y(0) - at.y(tall)), ...look,
      }),
    );
    return { svg, at, line, text, dot, bar, width, height };
  };

  // Draw now, and again when the place gets another width.
  const redrawn = (place, draw) => {
    let width = 0;
    const again = () => {
      if (place.clientWidth !== width || !width) {
        width = place.clientWidth;
        draw();
      }
    };
    again();
    new ResizeObserver(again).observe(place);
  };

  // Numbers as they are written: with a minus sign where they are below zero.
  const number = (value, digits = 1) => value.toFixed(digits).replace(/^-(?=0\.?0*$)/, "").replace("-", "−");

  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);

  const tools = { make, drawn, choice, slider, button, heads, panel, redrawn, number, sum };

  const fill = (holder, script, draw) => {
    const figure = document.getElementById(holder.dataset.figure);
    const still = figure && figure.querySelector("a.alone, img");
    if (!still) return;
    const shown = still.closest("figure > *") || still;
    const place = make("div", { class: "moved", role: "group" });
    const caption = figure.querySelector(".caption-text");
    if (caption) place.setAttribute("aria-label", caption.textContent);
    shown.before(place);
    try {
      draw(place, JSON.parse(holder.querySelector("script").textContent), tools);
      shown.classList.add("still");
      const words = ["Show the still figure", "Show the figure to move"];
      const swap = button(words[0], () => {
        place.hidden = !place.hidden;
        shown.classList.toggle("still", !place.hidden);
        swap.textContent = words[Number(place.hidden)];
      });
      swap.className = "swap";
      shown.after(swap);
    } catch (error) { // the still figure is there
      place.remove();
      throw error;
    }
  };

  window.interactive = (script, draw) => {
    for (const holder of waiting[script] || []) fill(holder, script, draw);
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const holder of document.querySelectorAll(".interactive[data-script]"))
      (waiting[holder.dataset.script] ||= []).push(holder);
    for (const script of Object.keys(waiting)) {
      const tag = document.createElement("script");
      tag.src = `${document.documentElement.dataset.content_root || "./"}interactive/${script}.js`;
      document.head.append(tag);
    }
  });
})();
