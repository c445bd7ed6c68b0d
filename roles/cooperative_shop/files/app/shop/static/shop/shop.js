/* Brings the communes of the chosen province. Without scripts a button beside the field does it. */
"use strict";
document.documentElement.classList.add("scripted");
document.querySelectorAll("form[data-communes]").forEach((form) => {
  const province = form.elements.province;
  const commune = form.elements.commune;
  if (!province || !commune) return;
  province.addEventListener("change", async () => {
    const answer = await fetch(form.dataset.communes + "?province=" + encodeURIComponent(province.value));
    const rows = await answer.json();
    commune.length = 1;
    rows.forEach(([code, name]) => commune.add(new Option(name, code)));
  });
});
