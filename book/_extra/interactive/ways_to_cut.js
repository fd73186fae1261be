// What each way to cut costs and saves: a task, a way and a share to choose, among all that is recorded.
interactive("ways_to_cut", (place, facts, { choice, slider, panel, redrawn, number, make }) => {
  const tasks = [...new Set(facts.cuts.map((cut) => cut.task))];
  const chosen = { task: 0, way: 0, at: 0 };
  const ofTask = () => facts.cuts.filter((cut) => cut.task === tasks[chosen.task]);
  const ways = () => [...new Set(ofTask().map((cut) => cut.way))];
  const along = (way) => ofTask().filter((cut) => cut.way === way).sort((one, other) => one.removed - other.removed);
  const cut = () => along(ways()[chosen.way])[chosen.at];

  const drawing = make("div", {});
  const says = make("p", { class: "says", "aria-live": "polite" });

  const spanned = (cut) => (cut.low === null ? "" : ` (${number(100 * cut.low)} to ${number(100 * cut.high)})`);
  const told = () => {
    const it = cut();
    const share = `${number(100 * it.removed, 0)}% removed`;
    const of = `The full model scores ${number(100 * it.full)}, this one ${number(100 * it.score)}`;
    const sure = it.low === null ? `of ${it.over}` : `95% interval over ${it.over}`;
    const change = `${number(100 * it.change)} points${spanned(it)}, ${sure}`;
    const size = it.zeros
      ? facts.zeros
      : `It takes ${number(it.bytes / 1e6, 0)} MB and is ${number(it.faster[0])} times as fast ` +
        `(${number(it.faster[1])} to ${number(it.faster[2])}).`;
    const mask = it.mask === null ? "" : ` A file that says which weights stay takes ${number(it.mask / 1e3, 0)} kB.`;
    return `${it.task}, ${it.way}, ${share}. ${of}: ${change}. ${size}${mask}`;
  };
  const draw = () => {
    const all = ofTask();
    const ends = all.flatMap((each) => [each.change, ...(each.way === ways()[chosen.way] && each.low !== null ? [each.low, each.high] : [])]);
    const lowest = Math.min(-0.02, ...ends.map((end) => Math.max(end, -1)));
    const highest = Math.max(0.01, ...ends);
    const it = panel(drawing, {
      x: [0, 100], y: [100 * lowest - 1, 100 * highest + 1], xlabel: "removed (%)",
      ylabel: "points from the full model", says: told(),
    });
    it.line([[0, 0], [100, 0]], { stroke: "#222", "stroke-dasharray": "4 3", "stroke-width": 1 });
    const points = (way) => along(way).map((each) => [100 * each.removed, 100 * each.change]);
    for (const way of ways()) {
      if (points(way).length > 1) it.line([[0, 0], ...points(way)], { stroke: "#bbb", "stroke-width": 1 });
      for (const [x, y] of points(way)) it.dot(x, y, { r: 2, fill: "#bbb" });
    }
    const way = ways()[chosen.way];
    if (points(way).length > 1) it.line([[0, 0], ...points(way)], { stroke: facts.colour });
    for (const each of along(way)) {
      const x = 100 * each.removed;
      if (each.low !== null) it.line([[x, 100 * each.low], [x, 100 * each.high]], { stroke: facts.colour });
      it.dot(x, 100 * each.change, each === cut() ? { r: 7, fill: facts.colour } : { fill: facts.colour });
    }
    drawing.replaceChildren(it.svg);
    says.textContent = told();
  };

  const shares = slider("share removed", { min: 0, max: 0, value: 0 }, (at) => {
    const there = along(ways()[chosen.way])[at];
    return there ? `${number(100 * there.removed, 0)}%` : "";
  }, (at) => {
    chosen.at = at;
    draw();
  });
  const wayChanged = (way) => {
    const before = cut() ? cut().removed : 0.5;
    chosen.way = way;
    const there = along(ways()[way]);
    const near = there.map((each) => Math.abs(each.removed - before));
    chosen.at = near.indexOf(Math.min(...near));
    shares.set({ min: 0, max: there.length - 1 }, chosen.at);
    shares.whole.querySelector("input").disabled = there.length < 2;
    draw();
  };
  const way = choice("way", ways(), wayChanged);
  const task = choice("task", tasks, (number) => {
    chosen.task = number;
    chosen.way = 0;
    way.set(ways(), 0);
    wayChanged(0);
  });
  place.append(make("div", { class: "controls" }, task.whole, way.whole, shares.whole), drawing, says);
  chosen.at = Math.floor(along(ways()[0]).length / 2);
  wayChanged(0);
  redrawn(drawing, draw);
});
