// What the pages can do better with a script: keep an answer as soon as it was given.
// Without it every form has its button, and nothing else changes.

const WAIT_MS = 900;
const AGAIN_MS = 5000;

function tell(form, kind) {
  const place = form.querySelector(".saved");
  const said = document.body.dataset[kind] ?? form.dataset[kind];
  if (said) place.textContent = said;
  place.dataset.state = kind;
}

function watch(form) {
  let timer = 0;
  let running = false;
  let changed = false;

  async function save() {
    if (running) { changed = true; return; }
    running = true;
    changed = false;
    tell(form, "saving");
    let next = 0;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "manual",
      });
      if (answer.ok) {
        const kept = await answer.json();
        form.elements.seen.value = kept.revision;
        const place = form.querySelector(".saved");
        place.textContent = kept.said;
        place.dataset.state = "kept";
      } else if (answer.status === 409 || answer.type === "opaqueredirect") {
        form.submit();  // the page with both versions, or the door
        return;
      } else if (answer.status === 422) {
        const place = form.querySelector(".saved");
        place.textContent = (await answer.json()).fault;
        place.dataset.state = "fault";
      } else {
        next = AGAIN_MS;
      }
    } catch {
      next = AGAIN_MS;
    }
    running = false;
    if (next) tell(form, "failed");
    if (next || changed) later(next || WAIT_MS);
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  form.addEventListener("change", () => later(0));
  form.addEventListener("input", () => later(WAIT_MS));
  form.addEventListener("submit", () => clearTimeout(timer));
}

for (const form of document.querySelectorAll("form[data-autosave]")) watch(form);

// A live region looks again by itself while something goes on: texts by name, the meter, the end.
const LOOK_MS = 3000;

function follow(region) {
  async function look() {
    if (document.hidden) return later();
    try {
      const answer = await fetch(region.dataset.live, {
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
      });
      if (!answer.ok) return later();
      const told = await answer.json();
      for (const [name, text] of Object.entries(told.texts)) {
        for (const place of region.querySelectorAll("[data-says]")) {
          if (place.dataset.says === name && place.textContent !== text) place.textContent = text;
        }
      }
      const meter = region.querySelector("progress");
      if (meter) { meter.max = told.of; meter.value = told.done; }
      if (!told.over) later();
    } catch {
      later();
    }
  }
  function later() { setTimeout(look, LOOK_MS); }
  later();
}

for (const region of document.querySelectorAll("[data-live]")) follow(region);
