// Live audio in the page: a button, a level meter, a rolling spectrogram, and the sound itself by an
// AudioWorklet. Nothing is played, and no AudioContext created, before a click.

const RATE = 8000;
const BEAT_MS = 5000;
const FFT = 256; // samples: 31 Hz a line
const HOP = 160; // samples a column: 20 ms
const FLOOR = -72; // dBFS
const STOPS = [[13, 17, 43], [53, 36, 106], [122, 45, 118], [196, 65, 88], [240, 122, 53], [252, 224, 140]];

// The worklet interpolates from 8 kHz. It begins once 200 ms wait, so that the network's uneven pace
// leaves no gaps, and drops what is older than a second.
const WORKLET = `
registerProcessor("ari-listener", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = []; this.waiting = 0; this.at = 0; this.open = false; this.last = 0;
    this.played = 0; this.dropped = 0; this.gaps = 0; this.blocks = 0;
    this.port.onmessage = ({ data }) => {
      this.queue.push(data); this.waiting += data.length;
      while (this.waiting > ${RATE}) {
        const old = this.queue.shift();
        this.waiting -= old.length; this.dropped += old.length; this.at = 0;
      }
    };
  }
  process(_, [[out]]) {
    if (!this.open && this.waiting >= ${RATE / 5}) this.open = true;
    const step = ${RATE} / sampleRate;
    for (let i = 0; this.open && i < out.length; i++) {
      while (this.queue.length && this.at >= this.queue[0].length) {
        this.at -= this.queue[0].length;
        this.waiting -= this.queue[0].length;
        this.played += this.queue[0].length;
        this.last = this.queue.shift().at(-1);
      }
      if (!this.queue.length) { this.open = false; this.gaps++; this.at = 0; break; }
      const place = Math.floor(this.at), part = this.at - place, one = this.queue[0];
      const before = place ? one[place - 1] : this.last;
      out[i] = before + (one[place] - before) * part;
      this.at += step;
    }
    if (++this.blocks % 32 === 0)
      this.port.postMessage({ played: this.played, dropped: this.dropped, gaps: this.gaps });
    return true;
  }
});`;

const ULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const size = (((bits & 15) << 3) + 0x84 << (bits >> 4 & 7)) - 0x84;
  return (bits & 0x80 ? -size : size) / 32768;
});

export function decode(buffer) {
  const octets = new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset ?? 0, buffer.byteLength);
  return Float32Array.from(octets, (code) => ULAW[code]);
}

// The level in dBFS, at least FLOOR.
export function levelOf(samples) {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  return Math.max(FLOOR, 10 * Math.log10(power / samples.length || 1e-12));
}

const WINDOW = Float32Array.from({ length: FFT }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / FFT));

// The levels of the lines from 0 to half the rate, in dBFS (radix 2, in place).
export function spectrum(samples) {
  const real = samples.map((sample, at) => sample * WINDOW[at]);
  const imaginary = new Float32Array(FFT);
  for (let at = 1, other = 0; at < FFT; at++) {
    let bit = FFT >> 1;
    for (; other & bit; bit >>= 1) other ^= bit;
    other ^= bit;
    if (at < other) [real[at], real[other]] = [real[other], real[at]];
  }
  for (let size = 2; size <= FFT; size *= 2)
    for (let begin = 0; begin < FFT; begin += size)
      for (let at = 0; at < size / 2; at++) {
        const angle = (-2 * Math.PI * at) / size, cos = Math.cos(angle), sin = Math.sin(angle);
        const one = begin + at, other = one + size / 2;
        const r = real[other] * cos - imaginary[other] * sin;
        const i = real[other] * sin + imaginary[other] * cos;
        [real[other], imaginary[other]] = [real[one] - r, imaginary[one] - i];
        real[one] += r;
        imaginary[one] += i;
      }
  return Float32Array.from({ length: FFT / 2 }, (_, line) =>
    20 * Math.log10((4 * Math.hypot(real[line], imaginary[line])) / FFT + 1e-9));
}

function colour(level) {
  const place = Math.min(0.999, Math.max(0, 1 - level / FLOOR)) * (STOPS.length - 1);
  const [low, part] = [Math.floor(place), place % 1];
  return STOPS[low].map((from, at) => from + (STOPS[low + 1][at] - from) * part);
}

function make(name, attributes = {}, ...children) {
  const node = Object.assign(document.createElement(name), attributes);
  node.append(...children);
  return node;
}

// A listener: `send` is called with { kind: "listen" | "beat" | "stop", ticket }; `take` takes what
// comes. Messages of an earlier click have another ticket.
export function listener(send, name) {
  const button = make("button", { type: "button", textContent: "Listen" });
  const meter = make("meter", { min: FLOOR, max: 0, low: -12, high: -3, optimum: FLOOR, value: FLOOR, ariaLabel: "Level" });
  const level = make("span", { className: "level", textContent: "" });
  const said = make("span", { className: "said" });
  said.setAttribute("role", "status");
  const picture = make("canvas", { width: 400, height: FFT / 2, className: "spectrogram" });
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `Rolling spectrogram of ${name()}, 0 to 4,000 Hz, 8 seconds`);
  const node = make("div", { className: "ari-listener" }, make("div", { className: "bar" }, button, meter, level, said), picture);
  const pen = picture.getContext("2d", { willReadFrequently: true });
  const column = pen.createImageData(1, FFT / 2);
  const clear = () => {
    pen.fillStyle = `rgb(${STOPS[0]})`;
    pen.fillRect(0, 0, picture.width, picture.height);
  };
  clear();
  let context = null, player = null, beats = 0, live = false, ticket = "", rest = new Float32Array(0);

  const end = (reason) => {
    live = false;
    clearInterval(beats);
    context?.close();
    context = player = null;
    button.textContent = "Listen";
    button.setAttribute("aria-pressed", "false");
    node.dataset.live = "no";
    meter.value = FLOOR;
    level.textContent = "";
    said.textContent = reason;
  };
  const play = async () => {
    if (!globalThis.AudioContext) return;
    const own = (context = new AudioContext());
    if (!own.audioWorklet) {
      said.textContent = "Without HTTPS the browser plays no live audio; the pictures still move.";
      return;
    }
    const url = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    try {
      await own.audioWorklet.addModule(url);
    } finally {
      URL.revokeObjectURL(url);
    }
    if (context !== own) return; // stopped meanwhile
    player = new AudioWorkletNode(own, "ari-listener", { outputChannelCount: [1] });
    player.port.onmessage = ({ data }) => Object.assign(node.dataset, data);
    player.connect(own.destination);
    await own.resume();
  };
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    if (live) {
      send({ kind: "stop", ticket });
      end("");
      return;
    }
    live = true;
    ticket = Math.random().toString(36).slice(2);
    node.dataset.received = 0;
    button.textContent = "Stop listening";
    button.setAttribute("aria-pressed", "true");
    said.textContent = "Connecting …";
    clear();
    play().catch((error) => (said.textContent = `No sound: ${error.message}`));
    send({ kind: "listen", ticket });
    beats = setInterval(() => send({ kind: "beat", ticket }), BEAT_MS);
  });
  const draw = (samples) => {
    const whole = new Float32Array(rest.length + samples.length);
    whole.set(rest);
    whole.set(samples, rest.length);
    let at = 0;
    for (; at + FFT <= whole.length; at += HOP) {
      pen.drawImage(picture, -1, 0);
      spectrum(whole.slice(at, at + FFT)).forEach((value, line) =>
        column.data.set([...colour(value), 255], 4 * (FFT / 2 - 1 - line)));
      pen.putImageData(column, picture.width - 1, 0);
    }
    rest = whole.slice(at);
  };
  return {
    node,
    take(message, buffers) {
      if (!live || message.ticket !== ticket) return;
      if (message.kind === "audio-end") end(message.reason);
      if (message.kind !== "audio") return;
      const samples = decode(buffers[0]);
      if (node.dataset.live !== "yes") said.textContent = "";
      node.dataset.live = "yes";
      node.dataset.received = Number(node.dataset.received) + samples.length;
      const now = levelOf(samples);
      meter.value = now;
      level.textContent = now <= FLOOR ? "silence" : `${now.toFixed(0)} dBFS`;
      draw(samples);
      player?.port.postMessage(samples);
    },
    close() {
      if (live) send({ kind: "stop", ticket });
      end("");
    },
  };
}
