// The viewer as a standalone file with all its data.

import { viewer } from "./viewer.js";

const given = JSON.parse(document.getElementById("data").textContent);
const shown = viewer(document.getElementById("viewer"), {
  source: async (key) => given.sources[key] ?? {},
});
shown.take(given);
