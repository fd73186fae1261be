// A ticket of the reader's own: heads to click, and how far it agrees with the tickets that the seeds have found.
//
// Of the seeds only the number that keep each head is known, and enough: kappa among them (Fleiss) and kappa of another
// choice with a seed taken at random, (observed - expected) / (1 - expected) agreement, follow from these counts.
interactive("own_ticket", (place, facts, { make, choice, button, heads, number, sum }) => {
  let of = facts.of[0];
  let kept = [];
  let draws = 0;
  let grid;
  const cells = make("div", {});
  const says = make("p", { class: "says", "aria-live": "polite" });

  const share = () => sum(of.kept) / (of.seeds * of.kept.length);
  const chance = (one, other) => one * other + (1 - one) * (1 - other);
  const corrected = (observed, expected) => (observed - expected) / (1 - expected);
  const amongSeeds = () => {
    const pairs = of.kept.map((n) => n * (n - 1) + (of.seeds - n) * (of.seeds - n - 1));
    const observed = sum(pairs) / (of.seeds * (of.seeds - 1) * of.kept.length);
    return corrected(observed, chance(share(), share()));
  };
  const withSeeds = (ticket) => {
    const alike = ticket.map((yes, head) => (yes ? of.kept[head] : of.seeds - of.kept[head]) / of.seeds);
    return corrected(sum(alike) / ticket.length, chance(size(ticket) / ticket.length, share()));
  };
  const first = (size, before) => { // the ticket of so many heads, in an order
    const order = of.kept.map((_, head) => head).sort(before);
    const chosen = new Set(order.slice(0, size));
    return of.kept.map((_, head) => chosen.has(head));
  };
  const best = (size) => first(size, (one, other) => of.kept[other] - of.kept[one] || one - other);
  const random = (size) => { // shuffled by a generator with a seed, which goes on from click to click
    let state = (draws += 1) * 2654435761;
    const next = () => {
      state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
      return ((state ^ (state >>> 13)) >>> 0) / 4294967296;
    };
    const drawn = of.kept.map(next);
    return first(size, (one, other) => drawn[one] - drawn[other]);
  };
  const most = () => of.kept.map((n) => 2 * n > of.seeds); // what most seeds keep
  const size = (ticket) => sum(ticket.map(Number));

  const told = () => {
    const many = size(kept);
    const own = many === 0 || many === kept.length ? "with all heads or none there is nothing to agree on"
      : `kappa with a seed taken at random is ${number(withSeeds(kept), 2)}, and ${number(withSeeds(best(many)), 2)} ` +
        "for the best choice of that size";
    return `${of.name}: your ticket keeps ${many} of ${kept.length} heads; ${own}. Among the ${of.seeds} seeds ` +
      `kappa is ${number(amongSeeds(), 2)}. A choice at random has 0 on average, and 1 is to choose alike.`;
  };
  const show = () => {
    grid.all.forEach((cell, head) => cell.setAttribute("aria-pressed", String(kept[head])));
    says.textContent = told();
  };
  const keep = (ticket) => {
    kept = ticket;
    show();
  };
  const build = () => {
    grid = heads(of.layers, of.kept.length / of.layers, (cell, at, name) => {
      cell.addEventListener("click", () => keep(kept.map((yes, other) => (other === at ? !yes : yes))));
      cell.setAttribute("aria-label", `${name}, kept by ${of.kept[at]} of ${of.seeds} seeds`);
      cell.title = cell.getAttribute("aria-label");
      cell.style.setProperty("--kept", `${(100 * of.kept[at]) / of.seeds}%`);
    });
    cells.replaceChildren(grid.whole);
    keep(most());
  };
  const which = choice("seeds of", facts.of.map((each) => each.name), (number) => {
    of = facts.of[number];
    build();
  });
  place.append(
    make("div", { class: "controls" }, which.whole,
      button("what most seeds keep", () => keep(most())),
      button("as many at random", () => keep(random(size(kept)))),
      button("none", () => keep(kept.map(() => false)))),
    make("p", {}, "Click heads to keep them, or let them go. Rows are layers; the stronger the colour, the more seeds keep a head."),
    cells, says,
  );
  build();
});
