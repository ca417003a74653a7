"use strict";
(() => {
  const rows = [...document.querySelectorAll(".row")];
  const sections = [...document.querySelectorAll(".section")];
  const box = document.getElementById("words");
  const told = document.getElementById("shown");
  const differences = document.getElementById("only-differences");
  const failures = document.getElementById("only-failures");
  if (!box || !told) return;
  document.getElementById("words-label").hidden = false;
  let texts = null;
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = rows.map((row) => row.textContent.toLowerCase());
    let count = 0;
    const alive = new Set();
    rows.forEach((row, i) => {
      const found = words.every((word) => texts[i].includes(word));
      row.classList.toggle("away", !found);
      if (found && (!differences.checked || row.classList.contains("differs")) && (!failures.checked || row.classList.contains("red"))) {
        count += 1;
        alive.add(row.closest(".section"));
      }
    });
    sections.forEach((section) => section.classList.toggle("away", !alive.has(section)));
    told.textContent = `${count} of ${rows.length} clauses shown`;
  };
  let waiting = 0;
  const soon = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(apply); };
  box.addEventListener("input", soon);
  differences.addEventListener("change", soon);
  failures.addEventListener("change", soon);
  addEventListener("beforeprint", () => document.querySelectorAll(".row.red details").forEach((one) => { one.open = true; }));
  apply();
})();
