// What the participant has answered: kept in this browser after every screen, written out as JSON and CSV.
import { sha256 } from "./sha256.js";

const encode = (text) => new TextEncoder().encode(text);

// JSON with sorted keys and no spaces: the same text that Python's canonical() writes.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

export function screenNow() {
  const touch = window.matchMedia("(pointer: coarse)").matches;
  return {
    width: Math.round(screen.width),
    height: Math.round(screen.height),
    window_width: Math.round(window.innerWidth),
    window_height: Math.round(window.innerHeight),
    pixel_ratio_percent: Math.round(window.devicePixelRatio * 100),
    touch,
  };
}

const now = () => new Date().toISOString();

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export class Sitting {
  constructor(packet, hash) {
    this.packet = packet;
    this.hash = hash;
    this.key = `talkpose-study-${hash}`;
    this.kept = true; // whether this browser keeps answers at all
    const saved = this.#read();
    this.fresh = !saved;
    this.state = saved || this.#blank();
  }

  #blank() {
    return {
      session: randomId(), language: null, consent: false, participant: null, instructed: false,
      resumed: 0, started: now(), finished: null, trials: [],
    };
  }

  #read() {
    try {
      const text = localStorage.getItem(this.key);
      return text ? JSON.parse(text) : null;
    } catch {
      this.kept = false;
      return null;
    }
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state));
    } catch {
      this.kept = false;
    }
  }

  erase() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      this.kept = false;
    }
    this.state = this.#blank();
  }

  add(rows) {
    this.state.trials.push(...rows);
    this.save();
  }

  get done() {
    return new Set(this.state.trials.map((row) => row.trial));
  }

  finish() {
    this.state.finished ||= now();
    this.save();
  }

  // The answers file (schema.py, Answers).
  document() {
    const { packet, state } = this;
    const body = {
      format: "talkpose-answers-1",
      study: packet.study,
      design: packet.design,
      name: packet.name,
      packet: packet.packet,
      packet_hash: this.hash,
      language: state.language,
      status: state.finished ? "complete" : "partial",
      simulated: false,
      consent: state.consent,
      participant: state.participant || {},
      screen: state.screen || screenNow(),
      app: APP_VERSION,
      session: state.session,
      resumed: state.resumed,
      started: state.started,
      finished: state.finished,
      trials: state.trials,
    };
    return { ...body, checksum: sha256(encode(`${this.hash}\n${canonical(body)}`)) };
  }

  // Take over an answers file of this packet, from another browser or from before. Returns whether it fits.
  restore(file) {
    if (file?.format !== "talkpose-answers-1" || file.packet_hash !== this.hash) return false;
    const { language, consent, participant, session, resumed, started, finished, trials } = file;
    this.state = {
      language, consent, session, resumed, started, finished, trials,
      participant: Object.keys(participant).length ? participant : trials.length ? {} : null,
      instructed: trials.length > 0,
    };
    this.save();
    return true;
  }

  table() {
    const { packet, state } = this;
    const names = Object.keys(state.participant || {}).sort();
    const head = ["study", "packet", "design", "name", "session", "language", "trial", "kind", "group", "criterion",
      "reference", "shown", "chosen", "position", "rating", "rt_ms", "plays", "replays", "played_to_end", "at",
      "window_width", "window_height", ...names];
    const pairs = (counts) => Object.entries(counts).map(([k, n]) => `${k}:${n}`).join(" ");
    const shape = state.screen || screenNow();
    const rows = state.trials.map((t) => [packet.study, packet.packet, packet.design, packet.name, state.session,
      state.language, t.trial, t.kind, t.group, t.criterion, t.reference ?? "", t.shown.join(" "),
      t.chosen.join(" "), t.position.join(" "), t.rating ?? "", t.rt_ms, pairs(t.plays), pairs(t.replays),
      t.played_to_end, t.at, shape.window_width, shape.window_height, ...names.map((n) => state.participant[n])]);
    // A cell that starts with = + - @ would be run as a formula by spreadsheets.
    const cell = (x) => `"${String(x).replace(/^[=+\-@]/, "'$&").replace(/"/g, '""')}"`;
    return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  get fileName() {
    const part = this.state.finished ? "" : "-partial";
    return `talkpose-${this.packet.study}-${this.packet.packet}${part}`;
  }

  download(kind) {
    const text = kind === "csv" ? this.table() : JSON.stringify(this.document(), null, 1) + "\n";
    const type = kind === "csv" ? "text/csv" : "application/json";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${this.fileName}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}
