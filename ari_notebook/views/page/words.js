// Rows in words.

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function who(row, id) {
  return row.caller || row.name || id;
}

export function since(store, row) {
  if (!row.since) return "";
  const seconds = Math.max(0, Math.round((Date.now() - store.skew - row.since) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? minutes : `${Math.floor(seconds / 3600)}:${minutes}`;
}

// What goes on with a channel or a bridge now.
export function goingOn(row) {
  const now = row.stasis === false ? ["in the dialplan"] : [];
  if (row.playing) now.push(`▶ ${row.playing}`);
  if (row.recording) now.push(`● ${row.recording}`);
  if (row.keys) now.push(`⌨ ${row.keys}`);
  return now.concat(row.switches ?? []).join(" · ");
}
