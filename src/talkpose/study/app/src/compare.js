// jsPsych plugin: videos side by side, and the answer: the best one, a rating, or all that are good.
import { ParameterType } from "jspsych";
import { el, fill, letter } from "./dom.js";
import { Tile } from "./tile.js";
import { preload } from "./videos.js";

export class ComparePlugin {
  static info = {
    name: "talkpose-compare",
    version: "1.0.0",
    parameters: {
      trial: { type: ParameterType.OBJECT },
      next: { type: ParameterType.OBJECT, default: null },
      design: { type: ParameterType.STRING },
      play_to_end: { type: ParameterType.BOOL, default: true },
      words: { type: ParameterType.OBJECT },
    },
    data: { rows: { type: ParameterType.OBJECT, array: true } },
  };

  constructor(jsPsych) {
    this.jsPsych = jsPsych;
  }

  trial(display, { trial, next, design, play_to_end: toEnd, words }) {
    preload(trial, next);
    const start = performance.now();
    const asked = trial.criteria.map((name) => ({ name, ...words.criteria[name] }));
    const tiles = trial.shown.map(
      (name, i) => new Tile(name, fill(words.video, { letter: letter(i) }), words, update));
    const reference = trial.reference ? new Tile(trial.reference, words.real_video, words, update) : null;
    const all = reference ? [reference, ...tiles] : tiles;
    for (const tile of all) {
      tile.onStart = (one) => all.filter((other) => other !== one).forEach((other) => {
        other.stop();
        other.finished = null; // whoever starts another video leaves the row that was playing
      });
    }

    const heading = el("h1", { tabindex: "-1" }, asked.length === 1 ? asked[0].question : words.several);
    const hint = el("p", { class: "hint" }, asked.length === 1 ? asked[0].hint || "" : "");
    const whole = el("button", { type: "button", class: "all", onclick: () => playInTurn(all) }, words.play_all);
    const status = el("p", { class: "status", role: "status" });
    const go = el("button", { type: "submit", class: "next" }, words.next);
    const grid = el("div", { class: `grid n${all.length}` }, ...all.map((tile) => tile.node));
    const inputs = [];
    const form = el("form", { class: `compare ${design}`, autocomplete: "off" },
      trial.kind === "practice" ? el("p", { class: "practice" }, words.practice) : null,
      heading, hint, el("div", { class: "tools" }, whole), grid);
    if (reference) reference.node.classList.add("reference");

    if (design === "rating") {
      const [{ name, labels }] = asked;
      form.append(el("fieldset", { class: "scale" }, el("legend", {}, asked[0].question),
        ...labels.map((label, i) => {
          const input = el("input", { type: "radio", name, value: i + 1 });
          inputs.push(input);
          return el("label", {}, input, el("b", {}, String(i + 1)), " ", label);
        })));
    } else {
      const type = design === "best-of-n" ? "radio" : "checkbox";
      tiles.forEach((tile, i) => {
        for (const { name, choose } of asked) {
          const input = el("input", { type, name, value: i, "aria-label": `${tile.label}: ${choose}` });
          inputs.push(input);
          tile.node.append(el("label", { class: "choose" }, input, el("span", {}, choose)));
        }
      });
    }
    const none = design === "select-all" ? el("input", { type: "checkbox", name: "none" }) : null;
    if (none) {
      inputs.push(none);
      form.append(el("label", { class: "none" }, none, el("span", {}, words.none_of_them)));
    }
    form.append(el("div", { class: "foot" }, status, go));
    display.replaceChildren(form);
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);

    form.addEventListener("change", (event) => {
      if (none && event.target === none && none.checked) inputs.forEach((x) => x !== none && (x.checked = false));
      if (none && event.target !== none) none.checked = false;
      update();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!go.disabled) finish();
    });

    function playInTurn(row) {
      const [first, ...rest] = row;
      all.forEach((tile) => (tile.finished = null));
      first.video.currentTime = 0;
      first.finished = () => {
        first.finished = null;
        if (rest.length) playInTurn(rest);
      };
      first.play();
    }

    const checked = (name) => inputs.filter((x) => x.name === name && x.checked).map((x) => Number(x.value));
    const answered = () => asked.every(({ name }) => checked(name).length) || Boolean(none?.checked);

    function update() {
      const seen = all.filter((tile) => tile.plays > 0).length;
      const watched = !toEnd || seen === all.length;
      inputs.forEach((input) => (input.disabled = !watched));
      form.classList.toggle("watched", watched);
      tiles.forEach((tile, i) => tile.node.classList.toggle("chosen", design !== "rating" &&
        inputs.some((x) => x.checked && x !== none && Number(x.value) === i)));
      go.disabled = !(watched && answered());
      const text = !watched ? fill(words.watch, { seen, all: all.length })
        : answered() ? words.ready : design === "select-all" ? words.choose_any : words.choose_one;
      if (status.textContent !== text) status.textContent = text;
    }
    update();

    const finish = () => {
      const rt = Math.round(performance.now() - start);
      const counts = (what) => Object.fromEntries(all.map((tile) => [tile.name, tile[what]]));
      const rows = asked.map(({ name }) => {
        const picked = checked(name);
        const chosen = design === "rating" ? [] : picked;
        return {
          trial: trial.trial, kind: trial.kind, group: trial.group, criterion: name,
          reference: trial.reference, shown: trial.shown,
          chosen: chosen.map((i) => trial.shown[i]),
          rating: design === "rating" ? picked[0] : null,
          position: chosen.map((i) => i + 1),
          rt_ms: rt, plays: counts("plays"), replays: counts("replays"),
          played_to_end: all.every((tile) => tile.plays > 0),
          at: new Date().toISOString(),
        };
      });
      all.forEach((tile) => tile.leave());
      this.jsPsych.finishTrial({ rows });
    };
  }
}
