// The order of the listed calls: it is fixed under a pointer, and ended calls stay for a while.

const ENDED_MS = 2000; // how long a call that ended is shown

function keyOf([kind, id]) {
  return `${kind} ${id}`;
}

export class HeldOrder {
  constructor() {
    this.items = [];
    this.ended = new Map(); // key → when it was first missed
    this.waiting = 0; // new calls while the order was held
  }
  // Return the items to show: `now` as they are, in the order of before where it is held. What ended
  // keeps its place longer where `pointed` says that a pointer may be on it.
  arrange(now, held, pointed) {
    const there = new Set(now.map(keyOf));
    const time = Date.now();
    for (const item of this.items) {
      const key = keyOf(item);
      if (there.has(key)) this.ended.delete(key);
      else if (item[0] !== "heading" && !this.ended.has(key)) this.ended.set(key, time);
    }
    const shown = (item, place) => {
      const key = keyOf(item);
      if (there.has(key)) return true;
      const old = item[0] === "heading" || time - this.ended.get(key) > ENDED_MS;
      return !old || pointed(place);
    };
    const kept = this.items.filter(shown);
    this.items = held ? this.append(kept, now) : this.merge(kept, now, there);
    const left = new Set(this.items.map(keyOf));
    for (const key of this.ended.keys()) if (!left.has(key)) this.ended.delete(key);
    return this.items;
  }
  has(item) {
    return this.ended.has(keyOf(item));
  }
  // A new section's heading only with its first new call: one that changed its section stays above.
  append(kept, now) {
    const known = new Set(kept.map(keyOf));
    const all = [...kept];
    let heading = null; // of a section of which nothing new was shown yet
    for (const item of now) {
      if (item[0] !== "channel") heading = null;
      if (known.has(keyOf(item))) continue;
      if (item[0] === "heading") heading = item;
      else if (heading) all.push(heading, item), (heading = null);
      else all.push(item);
    }
    return all;
  }
  // In the current order; each ended one keeps the item before it.
  merge(kept, now, there) {
    const after = new Map();
    let before = "";
    for (const item of kept) {
      const key = keyOf(item);
      if (there.has(key)) before = key;
      else if (item[0] !== "heading") after.set(before, [...(after.get(before) ?? []), item]);
    }
    const all = [...(after.get("") ?? [])];
    for (const item of now) all.push(item, ...(after.get(keyOf(item)) ?? []));
    return all;
  }
}
