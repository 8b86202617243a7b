// The rows of a grid as arrays: decoding, filtering, sorting. Knows nothing of the page.
"use strict";
(() => {
  const KINDS = { i: Int32Array, f: Float32Array, d: Float64Array };
  const collator = new Intl.Collator("en", { numeric: true });

  const unpack = (text) => {
    const binary = atob(text.slice(1));
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return new KINDS[text[0]](bytes.buffer);
  };

  // One column of all loaded parts; a part that lacks it has no value there.
  const join = (column, parts) => {
    const total = parts.reduce((sum, part) => sum + part.rows, 0);
    const values = column.kind === "text" ? new Int32Array(total).fill(-1) : new Float64Array(total).fill(NaN);
    let offset = 0;
    for (const part of parts) {
      if (part.values[column.key]) values.set(unpack(part.values[column.key]), offset);
      offset += part.rows;
    }
    return values;
  };

  const BOUND = /^(.+?)(<=|>=|<|>|=)(-?\d+(?:\.\d+)?)$/;
  const HOLDS = { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "=": (a, b) => a === b };

  class Rows {
    constructor(columns) {
      this.columns = columns;
      for (const column of columns) if (column.kind === "text") column.folded = column.names.map((name, i) => `${name} ${column.labels?.[i] ?? ""}`.toLowerCase());
      this.load([]);
    }

    load(parts) {
      this.total = parts.reduce((sum, part) => sum + part.rows, 0);
      this.values = new Map(this.columns.map((column) => [column.key, join(column, parts)]));
      this.order = Uint32Array.from({ length: this.total }, (_, i) => i);
    }

    // Words must stand in one of the texts, each; `name<number` bounds a column; `chosen` is {key: code}.
    select(query, chosen) {
      const tests = [];
      for (const [key, code] of Object.entries(chosen)) {
        const values = this.values.get(key);
        tests.push((row) => values[row] === code);
      }
      const texts = this.columns.filter((column) => column.kind === "text");
      for (const word of query.toLowerCase().replace(/\s*(<=|>=|<|>|=)\s*/g, "$1").split(/\s+/).filter(Boolean)) {
        const bound = word.match(BOUND);
        const column = bound && this.numeric(bound[1]);
        if (column) {
          const values = this.values.get(column.key), holds = HOLDS[bound[2]], limit = Number(bound[3]);
          tests.push((row) => holds(values[row], limit));
          continue;
        }
        const hits = texts.map((text) => [this.values.get(text.key), text.folded.map((name) => name.includes(word))]);
        tests.push((row) => hits.some(([values, found]) => found[values[row]]));
      }
      const kept = new Uint32Array(this.total);
      let count = 0;
      rows: for (let row = 0; row < this.total; row++) {
        for (const test of tests) if (!test(row)) continue rows;
        kept[count++] = row;
      }
      this.order = kept.slice(0, count);
    }

    numeric(name) {
      const numbers = this.columns.filter((column) => column.kind === "number");
      return numbers.find((c) => [c.key, c.metric, c.label].some((known) => known?.toLowerCase() === name));
    }

    // Rows without a value come last, whichever way; equal rows keep their order.
    sort(key, descending) {
      const column = this.columns.find((entry) => entry.key === key);
      const values = this.values.get(key);
      const sign = descending ? -1 : 1;
      let rank = values;
      if (column.kind === "text") {
        const sorted = column.names.map((_, i) => i).sort((a, b) => collator.compare(column.names[a], column.names[b]));
        const place = new Float64Array(column.names.length);
        sorted.forEach((code, i) => { place[code] = i; });
        rank = Float64Array.from(values, (code) => (code < 0 ? NaN : place[code]));
      }
      const lacking = this.order.filter((row) => Number.isNaN(rank[row]));
      const known = this.order.filter((row) => !Number.isNaN(rank[row]));
      known.sort((a, b) => sign * (rank[a] - rank[b]) || a - b);
      lacking.sort((a, b) => a - b);
      this.order.set(known);
      this.order.set(lacking, known.length);
    }

    text(column, row) {
      const value = this.values.get(column.key)[row];
      if (column.kind === "text") return value < 0 ? "–" : (column.labels ?? column.names)[value] || "–";
      if (Number.isNaN(value)) return "–";
      const text = value.toFixed(column.decimals);
      if (Number(text) === 0) return text.replace("-", ""); // what rounds to zero has no minus
      return Math.abs(value) < 10_000 ? text : Number(text).toLocaleString("en", { minimumFractionDigits: column.decimals });
    }

    link(column, row) { return column.links?.[this.values.get(column.key)[row]]; }

    csv(columns) {
      const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const head = columns.map((c) => quote(c.protocol ? `${c.label} (${c.protocol})` : c.label)).join(",");
      const cell = (column, row) => {
        const value = this.values.get(column.key)[row];
        if (column.kind === "text") return value < 0 ? "" : quote(column.names[value]);
        return Number.isNaN(value) ? "" : String(Number(value.toPrecision(7)));
      };
      return [head, ...Array.from(this.order, (row) => columns.map((c) => cell(c, row)).join(","))].join("\n") + "\n";
    }
  }

  window.TalkposeRows = Rows;
})();
