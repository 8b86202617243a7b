// The pages around the trials: consent, questions about the participant, instructions, return, end.
import HtmlButtonResponsePlugin from "@jspsych/plugin-html-button-response";
import SurveyHtmlFormPlugin from "@jspsych/plugin-survey-html-form";
import { el, escape, fill } from "./dom.js";
import { hosted, submitAndEnd } from "./hosted.js";

const button = (text, index) => `<button type="button" class="${index ? "quiet" : "next"}">${escape(text)}</button>`;

function page(html, choices, extra = {}) {
  return {
    type: HtmlButtonResponsePlugin,
    stimulus: `<div class="text">${html}</div>`,
    choices,
    button_html: button,
    button_layout: "flex",
    on_load: () => focusHeading(),
    ...extra,
  };
}

export function focusHeading() {
  const heading = document.querySelector("#stage h1, #stage h2");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
}

export function consentPages(sitting, texts, languages) {
  const { strings } = texts;
  const agree = page(texts.consent, [strings.agree, strings.disagree], {
    on_load: () => {
      const text = document.querySelector("#stage .text");
      if (languages.length > 1) text.prepend(languagePicker(sitting, languages, strings));
      if (!sitting.kept) text.prepend(el("p", { class: "warning", role: "alert" }, strings.not_kept));
      if (!hosted()) text.append(restorePart(sitting, strings));
      focusHeading();
    },
    on_finish: (data) => {
      sitting.state.consent = data.response === 0;
      if (sitting.state.consent) sitting.save();
    },
  });
  const refused = page(`<h1>${strings.refused_title}</h1><p>${strings.refused}</p>`, [strings.back], {
    on_start: () => sitting.erase(),
    on_finish: () => {},
  });
  return {
    timeline: [agree, { timeline: [refused], conditional_function: () => !sitting.state.consent }],
    loop_function: () => !sitting.state.consent,
  };
}

function languagePicker(sitting, languages, strings) {
  const select = el("select", {
    id: "language",
    onchange: () => { sitting.state.language = select.value; sitting.save(); location.reload(); },
  }, ...languages.map(([code, name]) => el("option", { value: code, lang: code, selected: code === sitting.state.language }, name)));
  return el("p", { class: "language" }, el("label", { for: "language" }, strings.language), " ", select);
}

function restorePart(sitting, strings) {
  const note = el("p", { class: "fault", role: "alert" });
  const input = el("input", {
    type: "file", id: "restore", accept: ".json,application/json",
    onchange: async () => {
      let file = null;
      try { file = JSON.parse(await input.files[0].text()); } catch { /* not JSON: it does not fit */ }
      if (sitting.restore(file)) location.reload();
      else note.textContent = strings.restore_wrong;
    },
  });
  return el("details", {}, el("summary", {}, strings.restore), el("label", { for: "restore" }, strings.restore_label), input, note);
}

export function demographicsPage(sitting, questions, { strings }) {
  const field = (q) => {
    const label = `<label for="q-${q.name}">${escape(strings.questions[q.name])}${q.required ? " *" : ""}</label>`;
    const need = q.required ? "required" : "";
    if (q.kind === "text") return `${label}<input type="text" id="q-${q.name}" name="${q.name}" maxlength="200" ${need}>`;
    const options = q.options.map((o) => `<option value="${o}">${escape(strings.options[o])}</option>`).join("");
    return `${label}<select id="q-${q.name}" name="${q.name}" ${need}><option value=""></option>${options}</select>`;
  };
  return {
    type: SurveyHtmlFormPlugin,
    preamble: `<h1>${strings.about_you}</h1><p>${strings.about_you_hint}</p>`,
    html: questions.map((q) => `<p class="field">${field(q)}</p>`).join(""),
    button_label: strings.next,
    on_load: focusHeading,
    on_finish: (data) => {
      const given = Object.entries(data.response).filter(([, value]) => String(value).trim());
      sitting.state.participant = Object.fromEntries(given.map(([k, v]) => [k, String(v).trim()]));
      sitting.save();
    },
  };
}

export const instructionsPage = (sitting, design, texts) => page(texts[`instructions-${design}`], [texts.strings.start], {
  on_finish: () => { sitting.state.instructed = true; sitting.save(); },
});

export const practiceOverPage = ({ strings }) =>
  page(`<h1>${strings.practice_over_title}</h1><p>${strings.practice_over}</p>`, [strings.start_main]);

export function welcomeBackPage(sitting, done, all, { strings }) {
  const text = fill(strings.welcome_back, { done, all });
  return page(`<h1>${strings.welcome_back_title}</h1><p>${text}</p>`, [strings.go_on]);
}

export function endPage(sitting, texts) {
  const { strings } = texts;
  const said = el("p", { role: "status" });
  const wait = hosted() ? strings.submitting : "";
  const after = () => {
    focusHeading();
    const text = document.querySelector("#stage .text");
    if (hosted()) {
      submitAndEnd(sitting).catch((error) => { said.textContent = `${strings.submit_failed} (${error})`; text.append(tools()); });
    } else text.append(tools());
    said.textContent = wait;
    text.append(said);
  };
  const tools = () => el("div", { class: "downloads" },
    el("button", { type: "button", class: "next", onclick: () => { sitting.download("json"); said.textContent = strings.downloaded; } }, strings.download_json),
    el("button", { type: "button", class: "quiet", onclick: () => sitting.download("csv") }, strings.download_csv),
    el("button", {
      type: "button", class: "quiet",
      onclick: () => { if (confirm(strings.erase_sure)) { sitting.erase(); location.reload(); } },
    }, strings.erase));
  return page(texts.thanks, [], { on_load: after });
}
