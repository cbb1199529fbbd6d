"use strict";
(() => {
  const root = document.documentElement, all = (q, in_ = document) => [...in_.querySelectorAll(q)];
  const live = document.querySelector(".page-live");
  const count = document.querySelector(".page-count");
  const dialog = document.querySelector("dialog");
  // the same in one notation and in another: each a view
  const views = all(".page-view").map(box => {
    const steps = new Map();  // number -> what appears with it
    for (const e of all("main [data-step]", box)) {
      const k = Number(e.dataset.step);
      steps.set(k, [...(steps.get(k) || []), e]);
    }
    return {
      box, steps, main: box.querySelector("main"), last: Math.max(0, ...steps.keys()),
      waves: {forward: box.querySelector(".page-forward svg"),
              backward: box.querySelector(".page-backward svg")},
      shown: new Map(all("main [data-shows]", box).map(e => [e.dataset.shows, Number(e.dataset.step)])),
    };
  });
  let view = views[0], now = 0, wave = "";

  const asked = k => {  // is this step part of what the reader sees?
    const e = (view.steps.get(k) || [])[0];
    return e && !(root.classList.contains("short") && e.closest(".cr-more"));
  };
  const beside = (k, by) => {
    do k += by; while (k > 0 && k <= view.last && !asked(k));
    return Math.max(0, Math.min(k, view.last));
  };

  const places = e => ((e.closest("[data-at]") || {dataset: {at: ""}}).dataset.at || "").split("|");
  const layer = place => place.split(/[/[]/)[0];
  const thing = group => group.dataset.at || group.dataset.node;  // a place, or a whole layer
  const holds = (group, at) => group.dataset.at
    ? at.includes(group.dataset.at) : at.some(p => layer(p) === group.dataset.node);

  function show(k, quiet) {
    const {box, main, steps, last, shown} = view;
    now = Math.min(k, last);
    while (now > 0 && !asked(now)) now -= 1;  // a link may lead to a step that is not shown
    for (const e of all("[data-from]", box)) e.classList.toggle("gone", Number(e.dataset.from) > now);
    for (const [n, found] of steps) for (const e of found) {
      e.classList.toggle("later", n > now);
      e.classList.toggle("now", n === now);
    }
    for (const e of all("[data-how]", box)) e.classList.toggle("now", Number(e.dataset.how) === now);
    const found = steps.get(now) || [], at = found.length ? places(found[0]) : [];
    for (const e of all(".page-scene :is(.at, [data-node])", box)) {
      e.classList.toggle("now", holds(e, at));
      e.classList.toggle("first", thing(e) === at[0]);
    }
    for (const e of all(".page-scene [data-value]", box)) {
      const n = shown.get(e.dataset.value), later = n !== undefined && n > now;
      const text = e.querySelector("text"), named = /\s\S+$/.test(text.full);
      text.textContent = later && named ? text.full.replace(/\S+$/, "?") : text.full;
      e.classList.toggle("later", later && !named);
      e.classList.toggle("now", n === now);
    }
    turn(found);
    const seen = [...steps.keys()].filter(asked);
    count.textContent = `${seen.filter(n => n <= now).length} / ${seen.length}`;
    for (const e of all(".page-hint")) e.classList.toggle("gone", now > 0);
    const line = found[found.length - 1];
    if (line) {
      const how = box.querySelector(`[data-how="${now}"]`);
      (how || line).scrollIntoView({block: "nearest"});
      const place = (how || line).getBoundingClientRect(), room = main.getBoundingClientRect();
      if (place.bottom > room.bottom - 60) main.scrollTop += place.bottom - room.bottom + 90;
      if (place.top < room.top + 50) main.scrollTop -= room.top + 50 - place.top;
      live.textContent = spoken(line, how);
    } else {
      main.scrollTop = 0;
      live.textContent = "";
    }
    if (!quiet) history.replaceState(null, "", now ? `#step=${now}` : location.pathname + location.search);
  }
  function spoken(line, how) {
    if (line.matches("section")) return line.textContent;
    const row = line.closest("tr");
    const name = row ? row.querySelector("th").textContent : "";
    return `${name} ${(how || line).textContent}`.replace(/\s+/g, " ").trim();
  }
  function turn(found) {
    const {waves} = view;
    const back = found.some(e => e.closest(".cr-backward, .cr-check, .cr-update, .cr-why"));
    const which = wave || (back && waves.backward ? "backward" : "forward");
    for (const name in waves)
      if (waves[name]) waves[name].classList.toggle("gone", name !== which && waves[which] !== null);
  }

  // --- the view of one place: a weight's own, or all that is said of it -------------------------
  const id = name => document.getElementById(name);
  function open(place) {
    const box = dialog.querySelector(".page-card");
    box.textContent = "";
    const own = all(".page-weights > section", view.box).find(e => e.dataset.place === place);
    const lines = all("main .cr-line, main tr[data-at]", view.box)
      .filter(e => [places(e)[0], layer(places(e)[0])].includes(place));
    if (own) box.append(own.cloneNode(true));
    else for (const e of lines) {
      const block = box.lastElementChild;
      if (e.matches("tr")) box.append(tableOf(e));
      else if (block && block.matches(".cr-lines")) block.append(e.cloneNode(true));
      else {
        const lines = e.parentElement.cloneNode(false);
        lines.append(e.cloneNode(true));
        box.append(lines);
      }
    }
    if (!box.children.length) return;
    for (const e of all("*", box)) {
      e.removeAttribute("id");
      e.classList.remove("gone", "later", "now");
    }
    if (!dialog.open) dialog.showModal();
  }
  function tableOf(row) {
    const table = row.closest("table").cloneNode(false), head = row.closest("table").tHead;
    table.append(head.cloneNode(true), row.cloneNode(true));
    for (let e = row.nextElementSibling; e && e.matches(".cr-how"); e = e.nextElementSibling)
      table.append(e.cloneNode(true));
    return table;
  }
  for (const e of all(".page-scene [data-value] text")) e.full = e.textContent;  // with its number
  for (const e of all(".page-scene svg")) e.setAttribute("role", "group");  // its parts can be read
  for (const e of all(".page-scene :is(.at, [data-node])")) {
    e.setAttribute("tabindex", "0");
    e.setAttribute("role", "button");
    const title = e.querySelector("title");
    e.setAttribute("aria-label", title ? title.textContent : thing(e));
    e.addEventListener("click", () => open(thing(e)));
    e.addEventListener("keydown", k => {
      if (k.key === "Enter") { k.preventDefault(); open(thing(e)); }
    });
  }
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    if (!/^#step=/.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
  });

  // --- what the reader chooses --------------------------------------------------------------
  const choose = (name, act) => {
    const e = document.querySelector(`[name=${name}]`);
    if (!e) return;
    e.addEventListener("change", () => { act(e.value); e.blur(); });
  };
  choose("formulas", v => {
    root.classList.toggle("only-symbols", v === "symbols");
    root.classList.toggle("only-numbers", v === "numbers");
  });
  choose("digits", v => {
    for (const e of all("[data-d]")) e.textContent = e.dataset.d.split("|")[Number(v)];
    for (const {box, shown, steps} of views) for (const [key, k] of shown) {
      const line = (steps.get(k) || []).slice(-1)[0].querySelector("data"), text = line.textContent;
      for (const e of all(".page-scene [data-value]", box).filter(g => g.dataset.value === key)) {
        const t = e.querySelector("text");
        t.full = t.full.replace(/\S+$/, text);
      }
    }
    show(now, true);
  });
  choose("wave", v => { wave = v; turn(view.steps.get(now) || []); });
  choose("names", v => {
    view = views[Number(v)];
    for (const other of views) other.box.classList.toggle("gone", other !== view);
    show(now);
  });
  choose("theme", v => { if (v) root.dataset.theme = v; else delete root.dataset.theme; });
  choose("more", v => { root.classList.toggle("short", v === "short"); show(now); });
  for (const b of all("[data-go]")) b.addEventListener("click", () => go(b.dataset.go));

  function go(where) {
    show({next: () => beside(now, 1), back: () => beside(now, -1), first: () => 0, all: () => view.last}[where]());
  }
  const keys = {ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back",
                Home: "first", End: "all"};
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.altKey || e.metaKey || dialog.open) return;
    const t = e.target instanceof Element ? e.target : root;
    if (t.closest("select, input")) return;
    let where = keys[e.key];
    if (e.key === " " && !t.closest("button")) where = e.shiftKey ? "back" : "next";
    if (where) { e.preventDefault(); go(where); }
  });

  function arrive() {
    const hash = decodeURIComponent(location.hash.slice(1)), step = /^step=(\d+)$/.exec(hash);
    if (step) return show(Number(step[1]), true);
    show(now, true);
    const card = hash && id(hash);
    if (card && card.dataset.place) open(card.dataset.place);
  }
  window.addEventListener("hashchange", arrive);
  window.addEventListener("beforeprint", () => {  // print shows everything
    for (const e of all(".page-scene [data-value] text")) e.textContent = e.full;
  });
  window.addEventListener("afterprint", () => show(now, true));
  root.classList.add("on", "short");
  arrive();
})();
