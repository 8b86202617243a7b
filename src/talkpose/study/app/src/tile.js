// One video with its button; knows whether it was played to its end, and how often again.
import { el, fill } from "./dom.js";
import { take } from "./videos.js";

export class Tile {
  constructor(name, label, words, onChange) {
    Object.assign(this, { name, label, words, onChange, plays: 0, replays: 0 });
    this.video = take(name);
    this.video.tabIndex = -1;
    this.video.setAttribute("aria-label", label);
    this.button = el("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.mark = el("span", { class: "mark", "aria-hidden": "true" }, "✓");
    this.note = el("p", { class: "fault", role: "alert" });
    this.frame = el("div", { class: "frame" }, this.video, this.mark);
    this.node = el("div", { class: "tile", role: "group", "aria-label": label },
      el("div", { class: "name" }, label), this.frame, this.note, this.button);
    this.listeners = {
      ended: () => { this.plays += 1; this.changed(); this.finished?.(); },
      play: () => this.changed(),
      pause: () => this.changed(),
      error: () => { this.note.textContent = this.words.video_error; },
      click: () => this.toggle(),
    };
    for (const [event, heard] of Object.entries(this.listeners)) this.video.addEventListener(event, heard);
    this.changed(false);
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  changed(tell = true) {
    const action = this.playing ? "pause" : this.plays ? "replay" : "play";
    this.button.textContent = `${{ pause: "❚❚", replay: "↻", play: "▶" }[action]} ${this.words[action]}`;
    this.button.setAttribute("aria-label", fill(this.words[`${action}_label`], { video: this.label }));
    this.node.classList.toggle("playing", this.playing);
    this.node.classList.toggle("seen", this.plays > 0);
    if (tell) this.onChange(this);
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.play();
  }

  play() {
    this.onStart?.(this);
    const again = this.plays > 0 && (this.video.ended || this.video.currentTime === 0);
    if (this.video.ended) this.video.currentTime = 0;
    if (again) this.replays += 1;
    this.video.play().catch((error) => {
      // A pause that follows at once is no fault; nor is a browser that wants a press for each video (Safari).
      if (!["AbortError", "NotAllowedError"].includes(error.name)) this.note.textContent = this.words.video_error;
    });
  }

  // Another one starts: this one stops, and starts from its beginning the next time.
  stop() {
    if (this.video.paused) return;
    this.video.pause();
    this.video.currentTime = 0;
  }

  leave() {
    this.stop();
    for (const [event, heard] of Object.entries(this.listeners)) this.video.removeEventListener(event, heard);
  }
}
