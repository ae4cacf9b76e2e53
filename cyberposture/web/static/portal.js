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

// Without a script all that is typed on a page is one form, so that any button keeps it. Here each card
// is a form of its own: it keeps itself, and the forms beside it keep it first.
for (const field of document.querySelectorAll(".card [form=answers]")) {
  if (field.type === "hidden") field.remove();
  field.dataset.whole = field.name;
  field.removeAttribute("form");
  field.name = field.name.split(".")[0];
}

// Where the page is sent for cards, their fields join the others for as long as `send` takes, so that
// what is typed beside them comes along.
const whole = document.getElementById("answers");

function together(cards, send) {
  const fields = cards.flatMap((card) => [...card.querySelectorAll("[data-whole]")])
    .map((one) => [one, one.name]);
  for (const [one] of fields) {
    one.name = one.dataset.whole;
    one.setAttribute("form", "answers");
  }
  send();
  for (const [one, name] of fields) {
    one.removeAttribute("form");
    one.name = name;
  }
}
for (const one of document.querySelectorAll("[data-script]")) one.hidden = false;
for (const one of document.querySelectorAll("[data-plain]")) one.hidden = true;

// While a button is pressed nothing moves: a line that grows under the pointer would swallow it.
let pressed = false;
for (const [kind, is] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
  document.addEventListener(kind, () => { pressed = is; }, true);
}

// Whoever was signed out keeps the words on the page. Once the same person is signed in again, in
// whatever window, the forms here take over the key of the new session.
let hasEnded = false;

async function comeBack() {
  const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const key = page.querySelector("[name=form_key]");
  if (!key || page.body.dataset.person !== document.body.dataset.person) return;
  for (const one of document.querySelectorAll("[name=form_key]")) one.value = key.value;
  hasEnded = false;
}

// The page is on its way anew with two versions of an answer: nothing else may go before it.
let isBrought = false;

// What watches an answer's form: `isOpen` while something typed is not kept, `keep` keeps it now.
const watched = new Map();

function watch(form) {
  let timer = 0;
  let running = null;
  let changed = false;
  let gone = false;

  async function save() {
    clearTimeout(timer);
    changed = false;
    tell(form, "saving");
    const place = form.querySelector(".saved");
    let next = 0;
    try {
      if (hasEnded) await comeBack();
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "manual",
        keepalive: true,
      });
      if (answer.ok) {
        const kept = await answer.json();
        form.elements.seen.value = kept.revision;
        place.textContent = kept.said;
        place.dataset.state = "kept";
      } else if (answer.status === 409) {
        gone = true;
        isBrought = true;
        leaving = whole;
        together([form], () => whole.submit());  // it comes back with both versions
      } else if (answer.type === "opaqueredirect") {
        hasEnded = true;
        next = AGAIN_MS;
      } else if (answer.status === 422) {
        changed = true;
        place.textContent = (await answer.json()).fault;
        place.dataset.state = "fault";
        return false;
      } else {
        next = AGAIN_MS;
      }
    } catch {
      next = AGAIN_MS;
    }
    if (next) { tell(form, hasEnded ? "ended" : "failed"); changed = true; later(next); }
    return !next;
  }

  // One save after the other: each says which revision the writer had before them.
  async function keep() {
    while (running) await running;
    if (!changed) return true;
    running = save();
    const isKept = await running;
    running = null;
    return isKept;
  }

  function later(wait) {
    gone = false;
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(() => pressed ? later(WAIT_MS) : keep(), wait);
  }

  form.addEventListener("change", () => later(0));
  form.addEventListener("input", () => later(WAIT_MS));
  async function settle() {
    clearTimeout(timer);
    while (running) await running;
    gone = true;  // from here the form brings its words itself
  }

  watched.set(form, { isOpen: () => !gone && (changed || running !== null), keep, settle });
}

const open = () => [...watched].filter(([, one]) => one.isOpen());

// What is typed in any other box goes with its own form alone; `leaving` is the one that is sent.
let leaving = null;

function isUnsent(box) {
  const stood = box.form && "unsent" in box.form.dataset ? "" : box.defaultValue;
  return box.form !== leaving && !watched.has(box.form) && box.value !== stood && box.value.trim();
}

const unsent = () => [...document.querySelectorAll("textarea:enabled:read-write")].some(isUnsent);
document.addEventListener("input", () => { leaving = null; });

// Whoever goes on before an answer is kept waits for it: nobody loses a word. What cannot be kept
// now shows why, and the browser asks before it leaves.
async function keepAll(but) {
  for (const [form, one] of open()) {
    if (form !== but && !await one.keep()) form.scrollIntoView({ block: "nearest" });
  }
}

let passing = false;
let waiting = false;

document.addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  if (event.defaultPrevented) return;
  const half = [...target.elements].find((one) => one.validity?.badInput);
  if (half) {  // a date or number that is half typed would be sent as none
    event.preventDefault();
    half.reportValidity();
    return;
  }
  if (passing || !(watched.has(target) || open().length)) {
    leaving = target;
    return;
  }
  event.preventDefault();
  if (waiting) return;
  waiting = true;
  await keepAll(target);
  const cards = watched.has(target) ? [target] : target === whole ? open().map(([one]) => one) : [];
  for (const one of cards) await watched.get(one).settle();
  await new Promise((go) => setTimeout(go));  // inside its own event a form is not sent anew
  waiting = false;
  if (isBrought) return;
  passing = true;
  together(cards, () => (cards.length ? whole : target).requestSubmit(submitter));
  passing = false;
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  const isPlain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || event.defaultPrevented || link.target || !open().length) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  if (link.hasAttribute("download")) return;
  event.preventDefault();
  await keepAll();
  if (!isBrought) location.assign(link.href);
});

window.addEventListener("beforeunload", (event) => {
  if (open().length || unsent()) event.preventDefault();
});

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

// What only a script can do: its buttons are hidden without one.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = button.dataset.copied;
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
