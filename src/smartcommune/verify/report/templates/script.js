"use strict";
(function () {
  const root = document.documentElement;
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page opened as a file may not keep */ } };

  function setLanguage(language) {
    root.lang = language;
    root.dataset.language = language;
    for (const button of document.querySelectorAll("[data-set-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setLanguage === language));
    }
  }
  function dark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  setLanguage(recall("smartcommune-language") || root.dataset.language);
  if (recall("smartcommune-theme")) root.dataset.theme = recall("smartcommune-theme");
  for (const button of document.querySelectorAll("[data-set-language]")) {
    button.addEventListener("click", () => {
      setLanguage(button.dataset.setLanguage);
      keep("smartcommune-language", button.dataset.setLanguage);
    });
  }
  document.querySelector("[data-toggle-theme]").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    keep("smartcommune-theme", root.dataset.theme);
  });
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
