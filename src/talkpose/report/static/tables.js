// Tables that sort by a column, inside each group of rows; and the table of run times.
"use strict";
(() => {
  const key = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" || text === "–" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  const sort = (table, column, descending) => {
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
      const keyed = rows.map((row, index) => ({ row, index, key: key(row, column) }));
      keyed.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.index - b.index;
        return (descending ? -1 : 1) * compare(a.key, b.key) || a.index - b.index;
      });
      body.append(...keyed.map((entry) => entry.row));
    }
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(table, column, descending);
    }));
  }

  const place = document.getElementById("times");
  const times = Object.entries(window.TALKPOSE_TIMES ?? {});
  if (place && times.length) {
    const show = (seconds) => (seconds >= 60 ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`);
    const table = document.createElement("table");
    table.className = "times";
    const longest = Math.max(...times.map(([, seconds]) => seconds));
    const total = times.reduce((sum, [, seconds]) => sum + seconds, 0);
    const body = table.createTBody();
    for (const [step, seconds] of times.sort((a, b) => b[1] - a[1])) {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = step;
      row.append(head);
      row.insertCell().textContent = show(seconds);
      const bar = document.createElement("div");
      bar.style.width = `${(100 * seconds) / longest}%`;
      row.insertCell().append(bar);
    }
    const sum = document.createElement("p");
    sum.className = "note";
    sum.textContent = `${times.length} ${times.length === 1 ? "job" : "jobs"}, ${show(total)} in all; jobs run side by side, so the run itself was shorter.`;
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Times");
    scroll.append(table);
    place.replaceChildren(scroll, sum);
  }
})();
