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
