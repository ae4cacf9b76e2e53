"use strict";
{
  const wanted = document.getElementById("wanted"), shown = document.getElementById("shown");
  const groups = [...document.querySelectorAll("#listed tbody")];
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const rows = groups.flatMap((group) => [...group.querySelectorAll("tr:not(.group)")]);
  const texts = new Map(rows.map((row) => [row, plain(row.textContent)]));
  document.getElementById("filter").hidden = rows.length === 0;
  wanted.addEventListener("input", () => {
    const parts = plain(wanted.value).split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !parts.every((part) => texts.get(row).includes(part));
    for (const group of groups) group.hidden = !group.querySelector("tr:not(.group):not([hidden])");
    shown.textContent = parts.length ? `${rows.filter((row) => !row.hidden).length} / ${rows.length}` : "";
  });
}
