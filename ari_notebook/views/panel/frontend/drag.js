// A caller is dragged onto a bridge or onto another caller: with a pointer of any kind.

import { h, say } from "./dom.js";

const BEGINS = 6; // pixels that a pointer moves before it drags

export function dragging(store, scroll, done) {
  let from = null; // where a pointer went down: the card, and the place
  let shade = null;
  const target = (event) => {
    const onto = document.elementFromPoint(event.clientX, event.clientY)?.closest("li[data-id]");
    return onto && scroll.contains(onto) && onto !== from.card ? onto : null;
  };
  const mark = (onto) => {
    for (const old of scroll.querySelectorAll(".onto")) old.classList.remove("onto");
    onto?.classList.add("onto");
  };
  const end = () => {
    mark(null);
    shade?.remove();
    shade = from = null;
  };
  scroll.addEventListener("pointerdown", (event) => {
    const card = event.target.closest("li.channel");
    if (!card || event.button || event.pointerType === "touch" || store.status.readOnly || store.moment) return;
    from = { card, x: event.clientX, y: event.clientY };
  });
  scroll.addEventListener("pointermove", (event) => {
    if (!from) return;
    const far = Math.hypot(event.clientX - from.x, event.clientY - from.y) > BEGINS;
    if (!shade && !far) return;
    if (!shade) {
      scroll.setPointerCapture(event.pointerId);
      shade = h("div", { className: "shade", ariaHidden: "true" });
      scroll.closest(".ari-panel").append(shade);
    }
    const onto = target(event);
    const name = from.card.querySelector(".name").textContent;
    say(shade, onto ? `${name} → ${onto.querySelector(".name").textContent}` : name);
    const box = shade.parentNode.getBoundingClientRect();
    shade.style.translate = `${event.clientX - box.left + 12}px ${event.clientY - box.top + 12}px`;
    mark(onto);
  });
  scroll.addEventListener("pointerup", (event) => {
    const onto = shade && target(event);
    const id = from?.card.dataset.id;
    if (shade) {
      // The browser's click after the drag chooses nothing.
      const eat = (click) => click.stopPropagation();
      scroll.addEventListener("click", eat, { capture: true });
      setTimeout(() => scroll.removeEventListener("click", eat, { capture: true }));
    }
    end();
    if (!onto) return;
    done();
    join(store, id, onto.dataset.id);
  });
  scroll.addEventListener("pointercancel", end);
}

// Put a call into a bridge, or together with another call.
export function join(store, id, other) {
  const bridge = store.bridges.has(other) ? other : store.channels.get(other)?.bridge;
  if (bridge) return store.act("bridges", "add_channel", bridge, { channel: id });
  return store.act("channels", "join", id, { with: other });
}
