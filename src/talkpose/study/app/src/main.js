// The study in a browser: one packet, one participant. Opened from disk it sends nothing anywhere.
import { initJsPsych } from "jspsych";
import { Sitting, screenNow } from "./answers.js";
import { ComparePlugin } from "./compare.js";
import { el, fill } from "./dom.js";
import { hosted, hostedPacket, submit } from "./hosted.js";
import * as pages from "./pages.js";
import { preload } from "./videos.js";
import "./style.css";

function pickLanguage(sitting, languages) {
  const wanted = [sitting.state.language, ...(navigator.languages || []).map((tag) => tag.slice(0, 2))];
  return wanted.find((code) => languages.includes(code)) || languages[0];
}

function frameOf(sitting, strings) {
  const bar = el("progress", { max: 100, value: 0, "aria-label": strings.progress_label });
  const text = el("span", { class: "count" });
  const save = el("button", { type: "button", class: "quiet", onclick: () => sitting.download("json") }, strings.save_partial);
  const header = el("header", {}, el("div", { class: "progress" }, bar, text), hosted() ? null : save);
  const stage = el("main", { id: "stage" });
  document.getElementById("app").replaceChildren(header, stage);
  header.hidden = true;
  return (done, all, practice = false) => {
    header.hidden = false;
    bar.max = all;
    bar.value = done;
    text.textContent = practice ? "" : fill(strings.progress, { number: Math.min(done + 1, all), all });
  };
}

function timelineOf(sitting, packet, texts, languages, progress) {
  const { state } = sitting;
  const done = sitting.done;
  const left = packet.trials.filter((trial) => !done.has(trial.trial));
  const counted = packet.trials.filter((trial) => trial.kind !== "practice").length;
  const answered = () => [...sitting.done].filter((id) => packet.trials.some((t) => t.trial === id && t.kind !== "practice")).length;
  const timeline = [];
  if (!state.consent) timeline.push(pages.consentPages(sitting, texts, languages));
  else if (!state.finished) timeline.push(pages.welcomeBackPage(sitting, answered(), counted, texts));
  if (packet.demographics.length && !state.participant) timeline.push(pages.demographicsPage(sitting, packet.demographics, texts));
  if (!state.instructed) timeline.push(pages.instructionsPage(sitting, packet.design, texts));
  left.forEach((trial, i) => {
    timeline.push({
      type: ComparePlugin,
      trial,
      next: left[i + 1] || null,
      design: packet.design,
      play_to_end: packet.play_to_end,
      words: texts.strings,
      on_start: () => progress(answered(), counted, trial.kind === "practice"),
      on_finish: (data) => {
        sitting.add(data.rows);
        if (hosted()) submit(sitting);
      },
    });
    if (trial.kind === "practice") timeline.push(pages.practiceOverPage(texts));
  });
  timeline.push({ ...pages.endPage(sitting, texts), on_start: () => { sitting.finish(); progress(counted, counted); } });
  preload(left[0] || null);
  return timeline;
}

async function run() {
  if (hosted()) await hostedPacket();
  const { packet, hash } = window.talkposePacket;
  const sitting = new Sitting(packet, hash);
  const { state } = sitting;
  state.language = pickLanguage(sitting, packet.languages);
  state.screen = screenNow();
  if (!sitting.fresh && state.consent && !state.finished) state.resumed += 1;
  if (state.consent) sitting.save();
  const texts = window.talkposeTexts[state.language];
  const languages = packet.languages.map((code) => [code, window.talkposeTexts[code].strings.language_name]);
  document.documentElement.lang = state.language;
  document.title = texts.strings.title;
  const progress = frameOf(sitting, texts.strings);
  const jsPsych = initJsPsych({
    display_element: "stage",
    // Sounds and videos are played by this page's own elements, from disk too.
    override_safe_mode: true,
    use_webaudio: false,
  });
  const timeline = timelineOf(sitting, packet, texts, languages, progress);
  window.talkpose = { sitting, jsPsych };
  jsPsych.run(timeline);
}

run().catch((error) => {
  document.getElementById("app").replaceChildren(el("main", {}, el("p", { class: "warning", role: "alert" }, String(error))));
});
