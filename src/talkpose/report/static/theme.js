// Light, dark or as the system says; remembered where the browser allows it.
"use strict";
(() => {
  const order = ["auto", "light", "dark"];
  const read = () => { try { return localStorage.getItem("talkpose-theme"); } catch { return null; } };
  const write = (value) => { try { localStorage.setItem("talkpose-theme", value); } catch { /* stays for this page */ } };
  let current = order.includes(read()) ? read() : "auto";
  const apply = () => {
    document.documentElement.dataset.theme = current;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${current}`;
  };
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    const here = document.querySelector(".top [aria-current]");
    const bar = here?.closest("nav");
    if (bar) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.clientWidth) / 2;
    document.getElementById("theme").addEventListener("click", () => {
      current = order[(order.indexOf(current) + 1) % order.length];
      write(current);
      apply();
    });
  });
})();
