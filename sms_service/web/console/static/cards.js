// On a small phone a table of many columns is read row by row: each row a card, each cell with the name of its
// column. Without this script such a table scrolls in its frame. The roles keep it a table to screen readers.
(function () {
  function role(found, name) { Array.prototype.forEach.call(found, function (one) { one.setAttribute("role", name); }); }
  function prepare() {
    Array.prototype.forEach.call(document.querySelectorAll(".wide table:not(.cards)"), function (table) {
      var heads = table.querySelectorAll("thead th");
      if (heads.length < 3 || table.classList.contains("funnel")) { return; }
      role([table], "table");
      role(table.querySelectorAll("thead, tbody"), "rowgroup");
      role(table.querySelectorAll("tr"), "row");
      role(heads, "columnheader");
      Array.prototype.forEach.call(table.querySelectorAll("tbody tr"), function (row) {
        Array.prototype.forEach.call(row.children, function (cell, column) {
          cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
          if (heads[column] && cell.colSpan === 1) { cell.setAttribute("data-head", heads[column].textContent.trim()); }
        });
      });
      table.classList.add("cards");
    });
  }
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSwap", prepare);
})();
