// Texts of rows.

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function who(row, id) {
  return row.caller || row.name || id;
}

// The same without an element that isolates the name: isolates keep the text direction around it.
export function isolatedWho(row, id) {
  const { callerName: name, callerNumber: number } = row;
  return name && number ? `\u2068${name}\u2069 <${number}>` : who(row, id);
}

export function since(store, row) {
  if (!row.since) return "";
  return minutes(((row.until ?? store.time) - row.since) / 1000);
}

// A duration: 0:07, 12:30, 1:02:03.
export function minutes(duration, shortest = "00") {
  const seconds = Math.max(0, Math.round(duration));
  const two = (n) => String(n).padStart(2, "0");
  const whole = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  const begin = hours ? `${hours}:${two(whole)}` : String(whole).padStart(shortest.length, "0");
  return `${begin}:${two(seconds % 60)}`;
}

// A time of day in UTC, as the ladder has it.
export function clock(at, end = 23) {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(11, end) : "";
}

// With microseconds: events of one burst come several in a millisecond.
export function exactClock(at) {
  return Number.isFinite(at) ? clock(at) + String(Math.floor((at % 1) * 1000)).padStart(3, "0") : "";
}

export function grouped(number) {
  return Number(number).toLocaleString("en").replaceAll(",", "\u202f");
}
