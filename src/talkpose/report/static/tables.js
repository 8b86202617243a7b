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

  for (const input of document.querySelectorAll("input[data-filter]")) {
    const bodies = [...document.getElementById(input.dataset.filter).querySelectorAll("tbody")];
    const output = input.closest(".filter").querySelector("output");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let kept = 0, all = 0;
      for (const body of bodies) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
        for (const row of rows) {
          const text = `${body.querySelector(".group")?.textContent ?? ""} ${row.textContent}`.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word));
          kept += !row.hidden;
        }
        all += rows.length;
        body.hidden = rows.length > 0 && rows.every((row) => row.hidden);
      }
      output.textContent = kept === all ? "" : `${kept} of ${all}`;
    });
  }

  const show = (seconds) => (seconds >= 60 ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`);
  const times = Object.entries(window.TALKPOSE_TIMES ?? {});
  const memory = window.TALKPOSE_MEMORY ?? {};

  // Rows of [name, seconds, MiB], longest first, with bars.
  const draw = (place, rows, note) => {
    const table = document.createElement("table");
    table.className = "times";
    const longest = Math.max(...rows.map(([, seconds]) => seconds));
    const heads = table.createTHead().insertRow();
    for (const text of ["Step", "Time", "", "Memory"]) {
      const head = document.createElement(text ? "th" : "td");
      if (text) head.scope = "col";
      head.textContent = text;
      heads.append(head);
    }
    const body = table.createTBody();
    for (const [step, seconds, mib] of [...rows].sort((a, b) => b[1] - a[1])) {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = step.replace("-", ", ").replaceAll("_", " ");
      row.append(head);
      row.insertCell().textContent = show(seconds);
      const bar = document.createElement("div");
      bar.style.width = `${(100 * seconds) / longest}%`;
      row.insertCell().append(bar);
      row.insertCell().textContent = mib ? `${Math.round(mib)} MiB` : "";
    }
    const sum = document.createElement("p");
    sum.className = "note";
    sum.textContent = note;
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Times");
    scroll.append(table);
    place.replaceChildren(scroll, sum);
  };
  const total = (rows) => show(rows.reduce((sum, [, seconds]) => sum + seconds, 0));
  const jobs = (n) => `${n} ${n === 1 ? "job" : "jobs"}`;

  const place = document.getElementById("times");
  if (place && times.length) draw(place, times.map(([step, seconds]) => [step, seconds, memory[step]]), `${jobs(times.length)}, ${total(times)} in all; jobs run side by side, so the run itself was shorter. Memory: the most that a step held at once.`);

  // A table's page: the steps behind it, jobs of one rule together.
  for (const part of document.querySelectorAll(".times-of")) {
    const starts = JSON.parse(part.dataset.steps);
    const mine = times.filter(([step]) => starts.some((start) => (start.endsWith("$") ? `${step}$` === start : step.startsWith(start))));
    const rules = new Map();
    for (const [step, seconds] of mine) {
      const rule = step.split("-")[0];
      const [n, sum, most] = rules.get(rule) ?? [0, 0, 0];
      rules.set(rule, [n + 1, sum + seconds, Math.max(most, memory[step] ?? 0)]);
    }
    const rows = [...rules].map(([rule, [n, sum, most]]) => [`${rule.replaceAll("_", " ")}, ${jobs(n)}`, sum, most]);
    if (rows.length) draw(part, rows, `${total(mine)} for every step behind this table; other tables share them. Memory: the most that one job held.`);
  }
})();
