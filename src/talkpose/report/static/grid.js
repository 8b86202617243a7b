// Grids: one page of rows at a time, with filter, choices, columns and sorting. Data comes in scripts (data/*.js).
"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const count = (n) => n.toLocaleString("en");

  class Grid {
    constructor(root, content) {
      this.root = root;
      this.content = content;
      this.rows = new window.TalkposeRows(content.columns);
      this.page = 0;
      this.size = 50;
      this.chosen = {};
      this.sorted = null;
      const all = content.parts.reduce((sum, part) => sum + part.rows, 0);
      this.byPart = content.parts.length > 1;
      this.start = this.byPart && all > (content.at_once ?? Infinity) ? 0 : -1;
      this.build(all);
      this.load(this.start);
    }

    build(all) {
      const { label } = this.content;
      this.filter = make("input", { type: "search", autocomplete: "off", spellcheck: false });
      this.filter.addEventListener("input", () => { clearTimeout(this.wait); this.wait = setTimeout(() => this.refresh(), 120); });
      const controls = make("div", { className: "controls" }, make("label", {}, "Filter ", this.filter));
      for (const column of this.content.columns) {
        if (!column.facet || (this.byPart && column.key === "method")) continue;
        controls.append(this.choice(column.label, column.names, (code) => {
          if (code < 0) delete this.chosen[column.key]; else this.chosen[column.key] = code;
          this.refresh();
        }));
      }
      if (this.byPart) controls.append(this.choice("method", this.content.parts.map((part) => part.name), (i) => this.load(i), this.start));
      if (all > 1) controls.append(this.chooser());
      this.table = make("table");
      this.table.append(make("caption", { className: "unseen", textContent: label }));
      this.scroll = make("div", { className: "scroll", tabIndex: 0 }, this.table);
      this.scroll.setAttribute("role", "region");
      this.scroll.setAttribute("aria-label", label);
      this.output = make("output");
      this.output.setAttribute("aria-live", "polite");
      const turn = (text, name, move) => {
        const button = make("button", { type: "button", textContent: text });
        button.setAttribute("aria-label", name);
        button.dataset.turn = name;
        button.addEventListener("click", () => { this.page = move(); this.draw(); });
        return button;
      };
      this.turns = [
        turn("«", "First rows", () => 0), turn("‹", "Rows before", () => this.page - 1),
        turn("›", "Rows after", () => this.page + 1), turn("»", "Last rows", () => this.pages - 1),
      ];
      const save = make("button", { type: "button", textContent: "CSV", title: "Download the rows that the filter keeps" });
      save.addEventListener("click", () => this.download());
      this.foot = make("div", { className: "pager" }, ...this.turns.slice(0, 2), this.output, ...this.turns.slice(2), save);
      this.root.replaceChildren(...(all > 8 || this.byPart ? [controls] : []), this.scroll, this.foot);
    }

    choice(label, names, act, start = -1) {
      const select = make("select", {}, make("option", { value: -1, textContent: "all" }));
      names.forEach((name, i) => select.append(make("option", { value: i, textContent: name })));
      select.value = start;
      select.addEventListener("change", () => act(Number(select.value)));
      return make("label", {}, `${label} `, select);
    }

    chooser() {
      const list = make("div", { className: "columns" });
      for (const column of this.content.columns.slice(1)) {
        const box = make("input", { type: "checkbox", checked: column.shown });
        box.addEventListener("change", () => { column.shown = box.checked; this.draw(); });
        list.append(make("label", {}, box, ` ${column.label} `, make("code", { textContent: column.protocol ?? "" })));
      }
      return make("details", {}, make("summary", { textContent: "Columns" }), list);
    }

    // Part `index`, or all for -1; a part that is in a file of its own comes as a script.
    load(index) {
      const parts = index < 0 ? this.content.parts : [this.content.parts[index]];
      const lacking = parts.filter((part) => !part.values);
      if (!lacking.length) {
        this.rows.load(parts);
        this.refresh();
        return;
      }
      this.output.textContent = "loading …";
      const waiting = lacking.map((part) => new Promise((done, failed) => {
        document.head.append(make("script", { src: part.file, onload: done, onerror: failed }));
      }));
      Promise.all(waiting).then(() => this.load(index), () => { this.output.textContent = "a data file is missing; build the report again"; });
    }

    get pages() { return Math.max(1, Math.ceil(this.rows.order.length / this.size)); }

    refresh() {
      this.rows.select(this.filter.value, this.chosen);
      if (this.sorted) this.rows.sort(this.sorted.key, this.sorted.descending);
      this.page = 0;
      this.draw();
    }

    sort(key) {
      this.sorted = { key, descending: this.sorted?.key === key && !this.sorted.descending };
      this.rows.sort(key, this.sorted.descending);
      this.page = 0;
      this.draw();
    }

    head(column) {
      const button = make("button", { type: "button", className: "sort" }, make("span", { textContent: column.label }));
      if (column.arrow) button.firstChild.append("\u00a0", make("abbr", { textContent: column.arrow, title: column.arrow === "↑" ? "higher is better" : "lower is better" }));
      if (column.unit) button.firstChild.append(" ", make("small", { textContent: column.unit }));
      button.addEventListener("click", () => {
        this.sort(column.key);
        this.table.tHead.querySelector(`[data-key="${CSS.escape(column.key)}"] button`).focus();
      });
      const head = make("th", { scope: "col", className: column.kind === "number" ? "number" : "" }, button);
      head.dataset.key = column.key;
      if (column.protocol) head.append(make("code", { textContent: column.protocol }));
      if (this.sorted?.key === column.key) head.setAttribute("aria-sort", this.sorted.descending ? "descending" : "ascending");
      return head;
    }

    long(column) { return (column.long ??= column.names.some((name) => name.length > 40)); }

    draw() {
      const columns = this.content.columns.filter((column) => column.shown);
      this.page = Math.min(Math.max(0, this.page), this.pages - 1);
      const first = this.page * this.size;
      const shown = this.rows.order.slice(first, first + this.size);
      this.table.tHead?.remove();
      this.table.createTHead().append(make("tr", {}, ...columns.map((column) => this.head(column))));
      const lines = Array.from(shown, (row) => {
        const line = make("tr");
        columns.forEach((column, i) => {
          const text = this.rows.text(column, row), href = this.rows.link(column, row);
          const cell = make(i ? "td" : "th", { className: column.kind === "text" && !this.long(column) ? "short" : column.kind });
          if (!i) cell.scope = "row";
          cell.append(href ? make("a", { href, textContent: text }) : text);
          line.append(cell);
        });
        return line;
      });
      this.table.tBodies[0]?.remove();
      this.table.createTBody().append(...lines);
      const n = this.rows.order.length, total = this.rows.total;
      const kept = n === total ? count(total) : `${count(n)} (of ${count(total)})`;
      this.output.textContent = n ? `${count(first + 1)}–${count(first + shown.length)} of ${kept}` : `no row of ${count(total)}`;
      this.turns.forEach((button, i) => { button.disabled = i < 2 ? this.page === 0 : this.page >= this.pages - 1; button.hidden = this.pages === 1; });
    }

    download() {
      const blob = new Blob([this.rows.csv(this.content.columns.filter((column) => column.shown))], { type: "text/csv" });
      const link = make("a", { href: URL.createObjectURL(blob), download: `${this.root.dataset.grid}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }
  }

  for (const root of document.querySelectorAll(".grid")) {
    const content = window.TALKPOSE_GRIDS?.[root.dataset.grid];
    if (content) root.grid = new Grid(root, content);
  }
})();
