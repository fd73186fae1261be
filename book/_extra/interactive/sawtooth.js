// The learning rate over so many epochs: one schedule, and the released code's, that starts anew in each.
interactive("sawtooth", (place, facts, { make, slider, panel, redrawn, number, sum }) => {
  let epochs = facts.epochs.indexOf(facts.first);
  const drawing = make("div", {});
  const says = make("p", { class: "says", "aria-live": "polite" });
  const draw = () => {
    const many = facts.epochs[epochs];
    const { one, saw } = facts.rates[epochs];
    const { one: ofOne, saw: ofSaw } = facts.sums[epochs];
    const first = (sums) => `${number((100 * sums[0]) / sum(sums), 0)}%`;
    says.textContent =
      `Over ${many} epochs one schedule sums to ${number(sum(ofOne), 2)} times the peak rate times an epoch, as released ` +
      `${number(sum(ofSaw), 2)}. The first epoch has ${first(ofOne)} of it with one schedule and ${first(ofSaw)} as released.`;
    const it = panel(drawing, {
      x: [0, many], y: [0, 1], height: 240, xlabel: "epochs", ylabel: "share of the peak rate", says: says.textContent,
    });
    const along = (rates) => rates.map((rate, at) => [(at * many) / (rates.length - 1), rate]);
    it.line(along(one), { stroke: facts.colours[0] });
    it.line(along(saw), { stroke: facts.colours[1] });
    for (const [at, name] of facts.names.entries())
      it.text(name, { x: it.width - 16, y: 24 + 16 * at, "text-anchor": "end", fill: facts.colours[at] });
    drawing.replaceChildren(it.svg);
  };
  const many = slider("epochs", { min: 0, max: facts.epochs.length - 1, value: epochs }, (at) => `${facts.epochs[at]}`, (at) => {
    epochs = at;
    draw();
  });
  place.append(make("div", { class: "controls" }, many.whole), drawing, says);
  redrawn(drawing, draw);
});
