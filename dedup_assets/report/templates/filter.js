
"use strict";
(() => {
  const form = document.getElementById("filter");
  const groups = [...document.querySelectorAll("#groups .group")];
  const words = groups.map((group) =>
    [...group.querySelectorAll(".path")].map((path) => path.textContent).join("\n").toLowerCase(),
  );

  function show() {
    const text = document.getElementById("find").value.trim().toLowerCase();
    const boxes = [...form.querySelectorAll("input[name=level]")];
    const levels = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let found = 0;
    groups.forEach((group, index) => {
      const ofLevel = !boxes.length || group.dataset.levels.split(" ").some((level) => levels.has(level));
      group.hidden = !(ofLevel && words[index].includes(text));
      found += !group.hidden;
    });
    const all = found === groups.length;
    document.getElementById("found").textContent = all ? "" : `${found} of ${groups.length} groups on this page`;
    document.getElementById("none-found").hidden = found > 0;
  }

  function offerComparison(image, kept) {
    const picture = image.querySelector("img");
    if (!picture || !kept) return;
    const own = picture.getAttribute("src");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "compare";
    button.textContent = "Compare";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const pressed = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(pressed));
      button.textContent = pressed ? "This is the kept one" : "Compare";
      picture.src = pressed ? kept.getAttribute("src") : own;
    });
    image.querySelector(".frame").append(button);
  }

  for (const group of groups) {
    const kept = group.querySelector(".kept img");
    group.querySelectorAll(".images .image").forEach((image) => offerComparison(image, kept));
  }
  if (form) {
    form.hidden = false;
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }
})();
