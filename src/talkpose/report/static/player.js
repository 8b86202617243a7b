// Several videos, one bar: play, pause, seek and step frames together. The leader's clock rules; others follow it.
"use strict";
(() => {
  class Player {
    constructor(root) {
      this.root = root;
      this.fps = Number(root.dataset.fps);
      this.tiles = [...root.querySelectorAll(".tile:not(.difference)")];
      this.canvas = root.querySelector("canvas");
      this.bar = root.querySelector(".bar");
      this.range = root.querySelector("input[type=range]");
      this.output = root.querySelector("output");
      this.sound = true;
      this.showDifference = false;
      this.rate = 1;
      this.playing = false;
      this.bar.hidden = false;
      for (const tile of this.tiles) {
        const video = tile.querySelector("video");
        video.controls = false;
        video.addEventListener("loadedmetadata", () => this.measure());
        for (const event of ["seeked", "loadeddata"]) video.addEventListener(event, () => this.paint());
        video.addEventListener("ended", () => video === this.leader && this.pause());
        video.addEventListener("click", () => this.toggle());
      }
      for (const radio of root.querySelectorAll("input[type=radio]")) {
        radio.addEventListener("change", () => this.choose(radio.value));
      }
      const act = {
        play: () => this.toggle(), back: () => this.step(-1), forward: () => this.step(1),
        sound: () => this.setSound(!this.sound), difference: () => this.setDifference(!this.showDifference),
      };
      for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", act[button.dataset.do]);
      this.range.addEventListener("input", () => this.seek(Number(this.range.value)));
      root.querySelector("select").addEventListener("change", (event) => { this.rate = Number(event.target.value); this.follow(); });
      root.addEventListener("keydown", (event) => this.key(event));
      this.choose(root.dataset.start);
    }

    get leader() { return this.videos.find((video) => !video.dataset.silent) ?? this.videos[0]; }
    get frame() { return this.leader ? Math.min(Math.floor(this.leader.currentTime * this.fps + 1e-3), this.last) : 0; }
    get last() { return Number(this.range.max); }

    choose(view) {
      const frame = this.videos ? this.frame : 0;
      const wasPlaying = this.playing;
      if (this.videos) this.pause();
      for (const tile of this.tiles) {
        const video = tile.querySelector("video");
        tile.hidden = !tile.dataset.views.split(" ").includes(view);
        if (["real", "rendered"].includes(tile.dataset.role)) video.dataset.silent = "1";
        video.muted = true;
        video.preload = tile.hidden ? "none" : "auto";
      }
      const shown = this.tiles.filter((tile) => !tile.hidden);
      this.videos = shown.map((tile) => tile.querySelector("video"));
      this.real = shown.find((tile) => tile.dataset.role === "real")?.querySelector("video");
      const results = shown.filter((tile) => tile.dataset.role === "result");
      this.result = results.length === 1 ? results[0].querySelector("video") : null;
      const possible = Boolean(this.real && this.result);
      const button = this.root.querySelector("[data-do=difference]");
      if (button) button.disabled = !possible;
      this.setDifference(this.showDifference && possible);
      this.setSound(this.sound);
      this.measure();
      this.seek(frame);
      if (wasPlaying) this.play();
    }

    measure() {
      const lengths = this.videos.map((video) => video.duration).filter(Number.isFinite);
      this.range.max = lengths.length ? Math.max(0, Math.round(Math.min(...lengths) * this.fps) - 1) : 0;
      this.report();
    }

    report() {
      this.range.value = this.frame;
      this.range.setAttribute("aria-valuetext", `frame ${this.frame} of ${this.last}`);
      this.output.textContent = `${this.frame} / ${this.last}  ${(this.frame / this.fps).toFixed(2)} s`;
    }

    seek(frame) {
      const target = Math.max(0, Math.min(frame, this.last));
      for (const video of this.videos) video.currentTime = (target + 0.5) / this.fps;
      this.report();
    }

    step(frames) { this.pause(); this.seek(this.frame + frames); }
    toggle() { if (this.playing) this.pause(); else this.play(); }

    async play() {
      if (this.frame >= this.last) this.seek(0);
      this.playing = true;
      this.mark();
      try {
        await Promise.all(this.videos.map((video) => video.play()));
      } catch {  // refused or interrupted by a pause: stop all, so that none runs alone
        this.pause();
        return;
      }
      requestAnimationFrame(() => this.follow());
    }

    pause() {
      this.playing = false;
      for (const video of this.videos) video.pause();
      const time = this.leader?.currentTime;
      for (const video of this.videos) if (video !== this.leader && Math.abs(video.currentTime - time) > 1e-3) video.currentTime = time;
      this.mark();
      this.report();
    }

    mark() {
      const button = this.root.querySelector("[data-do=play]");
      button.textContent = this.playing ? "❚❚" : "▶";
      button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    }

    // Small drifts are caught up by speed, large ones by a jump.
    follow() {
      const leader = this.leader;
      leader.playbackRate = this.rate;
      for (const video of this.videos) {
        if (video === leader) continue;
        const drift = video.currentTime - leader.currentTime;
        if (Math.abs(drift) > 0.25) video.currentTime = leader.currentTime;
        const pull = Math.abs(drift) < 0.005 ? 0 : Math.max(-0.1, Math.min(0.1, 2 * drift));
        video.playbackRate = this.rate * (1 - pull);
      }
      if (!this.playing) return;
      this.report();
      this.paint();
      requestAnimationFrame(() => this.follow());
    }

    setSound(on) {
      this.sound = on;
      for (const video of this.videos) video.muted = !(on && video === this.leader);
      this.press("sound", on);
    }

    setDifference(on) {
      this.showDifference = on;
      if (!this.canvas) return;
      this.canvas.closest(".tile").hidden = !on;
      this.press("difference", on);
      this.paint();
    }

    press(name, on) { this.root.querySelector(`[data-do=${name}]`)?.setAttribute("aria-pressed", String(on)); }

    paint() {
      if (!this.showDifference || !this.real || !this.result || this.real.readyState < 2 || this.result.readyState < 2) return;
      const context = this.canvas.getContext("2d");
      const width = this.real.videoWidth, height = this.real.videoHeight;
      if (this.canvas.width !== width || this.canvas.height !== height) { this.canvas.width = width; this.canvas.height = height; }
      context.globalCompositeOperation = "copy";
      context.drawImage(this.real, 0, 0, width, height);
      context.globalCompositeOperation = "difference";
      context.drawImage(this.result, 0, 0, width, height);
    }

    key(event) {
      const inControl = event.target !== this.root && event.target !== this.range;
      const second = event.shiftKey ? this.fps : 1;
      const actions = {
        ArrowLeft: () => this.step(-second), ArrowRight: () => this.step(second),
        Home: () => this.seek(0), End: () => this.seek(this.last), " ": () => this.toggle(), k: () => this.toggle(),
        m: () => this.setSound(!this.sound), d: () => !this.root.querySelector("[data-do=difference]")?.disabled && this.setDifference(!this.showDifference),
      };
      const action = actions[event.key];
      // Radios, buttons and the list keep their own keys.
      if (!action || event.ctrlKey || event.metaKey || event.altKey || (inControl && !["k", "m", "d"].includes(event.key))) return;
      event.preventDefault();
      action();
    }
  }

  for (const root of document.querySelectorAll(".player")) root.player = new Player(root);
})();
