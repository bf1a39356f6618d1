// The visible part of a picture: chips, search, folding, and the common selection of all views.

export const FOLDABLE = ["variables", "dialplan"];

export class Model {
  constructor(host) {
    this.host = host;
    this.picture = { steps: [], lanes: [], bars: [], tracks: [], kinds: [], fold: [], tables: null };
    this.modes = new Map(); // kind → "shown", "folded" or "hidden", if set by a chip
    this.open = new Set(); // folds that were opened, by the key of their first step
    this.search = "";
    this.selected = null;
    this.hovered = null;
    this.waiting = null; // a newer picture, while the shown one is held
    this.until = null;
    this.tab = "ladder";
    this.views = new Set();
    this.receivedAt = Date.now();
  }
  take(picture) {
    // While a step is chosen, the picture does not change: a newer one waits.
    const looked = this.step(this.selected);
    const gone = looked && !picture.steps.some((step) => step.key === looked.key);
    if (gone && picture.until === this.picture.until) {
      this.waiting = picture;
      this.changed();
      return;
    }
    this.waiting = null;
    this.picture = picture;
    this.receivedAt = Date.now();
    const until = picture.until ?? null;
    if (this.asked === undefined) this.until = until;
    else if (this.asked === until) this.asked = undefined; // the last requested moment has arrived
    this.changed();
  }
  changed() {
    for (const draw of this.views) draw();
  }
  mode(kind) {
    return this.modes.get(kind) ?? (this.picture.fold.includes(kind) ? "folded" : "shown");
  }
  cycle(kind) {
    const modes = FOLDABLE.includes(kind) ? ["folded", "shown", "hidden"] : ["shown", "hidden"];
    this.modes.set(kind, modes[(modes.indexOf(this.mode(kind)) + 1) % modes.length]);
    this.changed();
  }
  // The steps up to the shown moment, without hidden kinds.
  get steps() {
    return this.picture.steps.filter(
      (step) => this.mode(step.kind) !== "hidden" && (this.until === null || step.at <= this.until),
    );
  }
  // Steps, folds and pauses, in order.
  get rows() {
    const rows = [];
    let fold = null;
    let before = null;
    for (const step of this.steps) {
      const folds = !step.sent && this.mode(step.kind) === "folded";
      if (folds && fold) {
        fold.steps.push(step);
        if (fold.opened) rows.push({ key: step.key, at: step.at, step });
        continue;
      }
      if (before !== null && step.at - before > 1)
        rows.push({ key: `s${step.key}`, at: step.at, silence: step.at - before });
      before = step.at;
      if (folds) {
        fold = { key: `f${step.key}`, at: step.at, steps: [step] };
        fold.opened = this.open.has(fold.key);
        rows.push(fold);
        if (fold.opened) rows.push({ key: step.key, at: step.at, step });
        continue;
      }
      fold = null;
      rows.push({ key: step.key, at: step.at, step });
    }
    return rows;
  }
  step(key) {
    return this.picture.steps.find((step) => step.key === key);
  }
  select(key) {
    if (this.selected === key) return;
    this.selected = key;
    if (key === null && this.waiting) this.take(this.waiting);
    else this.changed();
  }
  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.changed();
  }
  // Whether a step is the cause or an effect of another.
  kin(step, other) {
    if (!other || step === other) return false;
    const own = step.sent ? step.number : step.cause;
    return own > 0 && own === (other.sent ? other.number : other.cause);
  }
  matches(step) {
    if (!this.search) return false;
    const lane = this.picture.lanes[step.lane]?.name ?? "";
    return `${step.label} ${step.path ?? ""} ${step.outcome ?? ""} ${step.type} ${lane}`
      .toLowerCase()
      .includes(this.search);
  }
  get errors() {
    return this.steps.filter((step) => step.failed);
  }
  // The current time by the kernel's clock.
  get now() {
    return (this.picture.now ?? 0) + (Date.now() - this.receivedAt) / 1000;
  }
  get live() {
    return Boolean(this.picture.live) && this.until === null;
  }
  count(kind) {
    return this.picture.steps.filter((step) => step.kind === kind).length;
  }
}

export function foldLabel(steps) {
  const kinds = new Set(steps.map((step) => step.kind));
  if (kinds.size > 1) return `+${steps.length} variables and dialplan`;
  if (kinds.has("dialplan")) return `+${steps.length} of the dialplan`;
  return `+${steps.length} variable${steps.length > 1 ? "s" : ""}`;
}
