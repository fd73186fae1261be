// Noise on weights, and which of them it moves in the order of their sizes, beside what fine-tuning was seen to move.
interactive("noise", (place, facts, { make, choice, slider, button, panel, redrawn, number, sum }) => {
  const [count, bins, steps] = [40000, facts.of[0].shares.length, 120];
  let of = 0;
  let at = 60;
  const size = (step) => 0.005 * 400 ** (step / steps); // from 0.5% to 200% of the weights' standard deviation

  let state = 1; // a generator with a seed: every reader sees the same
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const weights = Float64Array.from({ length: count }, normal);
  const noise = Float64Array.from({ length: count }, normal);
  const places = (values) => {
    const order = Uint32Array.from(values, (_, place) => place).sort((one, other) => values[one] - values[other]);
    const ranks = new Uint32Array(count);
    order.forEach((which, rank) => { ranks[which] = rank; });
    return ranks;
  };
  const before = places(weights.map(Math.abs));
  const moved = (sigma) => {
    const after = places(weights.map((weight, each) => Math.abs(weight + sigma * noise[each])));
    const shares = new Array(bins).fill(0);
    let all = 0;
    for (let each = 0; each < count; each += 1) {
      const far = Math.abs(after[each] - before[each]);
      shares[Math.floor((before[each] * bins) / count)] += far;
      all += far;
    }
    return { mean: all / count ** 2, shares: shares.map((share) => share / all) };
  };

  const drawing = make("div", {});
  const says = make("p", { class: "says", "aria-live": "polite" });
  const tenths = (shares) => number(sum(shares.slice(0, bins / 10)) / sum(shares.slice(-bins / 10)), 1);
  const draw = () => {
    const found = moved(size(at));
    const { name, shares, mean, noised } = facts.of[of];
    const least = Math.max(...shares, ...found.shares);
    says.textContent =
      `This noise moves a weight by ${number(100 * found.mean, 1)}% of the order on average, and the smallest tenth of ` +
      `the weights ${tenths(found.shares)} times as far as the largest. Fine-tuning moves ${name} by ` +
      `${number(100 * mean, 1)}%, and its smallest tenth ${tenths(shares)} times as far; noise on the weights of ` +
      `${name} itself, as large in each matrix, ${number(noised, 1)} times.`;
    const it = panel(drawing, {
      x: [0, 100], y: [0, 100 * least * 1.05], height: 260, xlabel: "place in the order before (%)",
      ylabel: "share of all movement (%)", says: says.textContent,
    });
    found.shares.forEach((share, bin) => {
      it.bar((100 * bin) / bins, (100 * (bin + 1)) / bins, 100 * share, { fill: facts.colours[0] });
    });
    it.line(shares.map((share, bin) => [(100 * (bin + 0.5)) / bins, 100 * share]), { stroke: facts.colours[1], "stroke-width": 2 });
    it.text("noise, here", { x: it.width - 16, y: 24, "text-anchor": "end", fill: facts.colours[0] });
    it.text(`fine-tuning, ${name}`, { x: it.width - 16, y: 40, "text-anchor": "end", fill: facts.colours[1] });
    drawing.replaceChildren(it.svg);
  };
  const much = slider("noise, of the weights' spread", { min: 0, max: steps, value: at }, (step) => `${number(100 * size(step), 1)}%`, (step) => {
    at = step;
    draw();
  });
  const alike = button("as much movement as fine-tuning makes", () => {
    let [low, high] = [0, steps]; // the larger the noise, the further it moves
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (moved(size(middle)).mean < facts.of[of].mean) low = middle;
      else high = middle;
    }
    const off = (step) => Math.abs(moved(size(step)).mean - facts.of[of].mean);
    at = off(low) < off(high) ? low : high;
    much.set({}, at);
    draw();
  });
  const model = choice("beside", facts.of.map((each) => each.name), (number) => {
    of = number;
    draw();
  });
  place.append(make("div", { class: "controls" }, much.whole, model.whole, alike), drawing, says);
  redrawn(drawing, draw);
});
