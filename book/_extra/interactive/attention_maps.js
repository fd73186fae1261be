// The attention of every head on a sentence: all of them small, and one to look at with the tokens written out.
interactive("attention_maps", (place, facts, { make, drawn, choice, heads, redrawn }) => {
  let model = facts.models[0];
  let sentence = model.sentences[0];
  let at = 0;
  let grid;
  const small = make("div", {});
  const large = make("div", {});
  const says = make("p", { class: "says", "aria-live": "polite" });

  const level = (head, row, column) => {
    const n = sentence.tokens.length;
    return facts.levels.indexOf(sentence.cells[(head * n + row) * n + column]) / (facts.levels.length - 1);
  };
  const shade = (amount) => `rgb(${[255, 255, 255].map((_, part) => Math.round(255 - amount * [255, 141, 77][part])).join()})`;
  const picture = (head) => {
    const n = sentence.tokens.length;
    const canvas = make("canvas", { width: n, height: n });
    const ink = canvas.getContext("2d");
    for (let cell = 0; cell < n * n; cell += 1) {
      ink.fillStyle = shade(level(head, Math.floor(cell / n), cell % n));
      ink.fillRect(cell % n, Math.floor(cell / n), 1, 1);
    }
    return canvas;
  };
  const name = (head) => `layer ${Math.floor(head / model.heads) + 1}, head ${(head % model.heads) + 1}`;
  const most = () => {
    const n = sentence.tokens.length;
    const sums = sentence.tokens.map((_, column) => sentence.tokens.reduce((sum, _, row) => sum + level(at, row, column), 0));
    return sentence.tokens[sums.indexOf(Math.max(...sums))];
  };
  const draw = () => {
    const { tokens } = sentence;
    const [n, letters] = [tokens.length, 7 * Math.max(...tokens.map((token) => token.length)) + 8];
    const side = Math.min(large.clientWidth || 360, 460) - letters;
    const cell = side / n;
    const svg = drawn("svg", {
      width: side + letters, height: side + letters, viewBox: `0 0 ${side + letters} ${side + letters}`, role: "img",
      "aria-label": `${model.name}, ${name(at)}: a row for each token that attends, a column for each that is attended to`,
    });
    tokens.forEach((token, row) => {
      const middle = letters + (row + 0.5) * cell;
      svg.append(
        drawn("text", { x: letters - 4, y: middle + 4, "text-anchor": "end", "font-size": 12, fill: "#222" }, token),
        drawn("text", {
          transform: `translate(${middle + 4} ${letters - 4}) rotate(-90)`, "font-size": 12, fill: "#222",
        }, token),
        ...tokens.map((_, column) => drawn("rect", {
          x: letters + column * cell, y: letters + row * cell, width: cell, height: cell, fill: shade(level(at, row, column)),
        })),
      );
    });
    large.replaceChildren(svg);
    grid.all.forEach((each, head) => each.setAttribute("aria-pressed", String(head === at)));
    const pattern = sentence.patterns ? ` The network takes it for ${sentence.patterns[at]}.` : "";
    says.textContent = `${model.name}, ${name(at)}. Rows attend to columns; the brightest column is ${most()}.${pattern}`;
  };
  const build = () => {
    at = Math.min(at, model.layers * model.heads - 1);
    grid = heads(model.layers, model.heads, (cell, head, named) => {
      cell.setAttribute("aria-label", named);
      cell.title = named;
      cell.append(picture(head));
      cell.addEventListener("click", () => {
        at = head;
        draw();
      });
    });
    small.replaceChildren(grid.whole);
    draw();
  };
  const words = () => model.sentences.map((each) => each.tokens.join(" "));
  const text = choice("sentence", words(), (number) => {
    sentence = model.sentences[number];
    build();
  });
  const which = choice("model", facts.models.map((each) => each.name), (number) => {
    model = facts.models[number];
    sentence = model.sentences[0];
    text.set(words(), 0);
    build();
  });
  place.append(make("div", { class: "controls" }, which.whole, text.whole), small, large, says);
  build();
  redrawn(large, draw);
});
