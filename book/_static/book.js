// The switch that shows the code of all pages, remembered from page to page. Without this script it is a link that
// shows the code of one page.
(() => {
  const root = document.documentElement;
  const name = "lottery-with-code";
  const remembered = () => {
    try { return localStorage.getItem(name) === "yes"; } catch { return false; } // a browser may forbid it
  };
  const show = (yes) => {
    root.classList.toggle("with-code", yes);
    for (const button of document.querySelectorAll("button.code-switch")) {
      button.setAttribute("aria-pressed", String(yes));
      button.textContent = yes ? "Hide the code" : "Show the code";
    }
  };
  show(remembered()); // before the page is drawn
  // A table to sort, by a click on the head of a column or Enter there, and to filter by words. Without this script it
  // is a table in the order in which it was written.
  const toSort = (table) => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const written = (row, column) => row.cells[column].textContent.trim();
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = "Only lines with these words";
    search.setAttribute("aria-label", search.placeholder);
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    });
    table.before(search);
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const sorted = [...rows].sort((one, other) => written(one, column).localeCompare(written(other, column)));
        body.append(...(down ? sorted.reverse() : sorted));
      });
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const link of document.querySelectorAll("a.code-switch")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "code-switch";
      button.addEventListener("click", () => {
        const yes = !root.classList.contains("with-code");
        try { localStorage.setItem(name, yes ? "yes" : "no"); } catch { /* shown on this page alone */ }
        show(yes);
      });
      link.replaceWith(button);
    }
    document.querySelectorAll(".sortable table").forEach(toSort);
    show(root.classList.contains("with-code") || location.hash === "#with-code");
    if (typeof Search !== "undefined") { // the excerpts of a search leave out code, as its index does
      const plain = Search.htmlToText;
      Search.htmlToText = (html, anchor) => {
        const page = new DOMParser().parseFromString(html, "text/html");
        page.querySelectorAll(".tag_code > .cell_input, .behind").forEach((each) => each.remove());
        return plain(page.documentElement.outerHTML, anchor);
      };
    }
  });
})();
