// Playback of a call's media: tones and recordings by Web Audio, sounds with a known text by the
// browser's speech. Nothing is played, and no AudioContext created, before a click calls `listen`.

const LOUD = 0.08;
const KEY_MS = 120;
const CLICK_FREE = 0.005; // seconds in which a tone swells and fades
// Frequencies and milliseconds of the tones of the United States (ITU-T E.180, supplement 2).
const TONES = {
  dial: "350+440",
  busy: "480+620/500,0/500",
  ring: "440+480/2000,0/4000",
  congestion: "480+620/250,0/250",
  callwaiting: "440/300,0/10000",
  dialrecall: "350+440/100,0/100",
  record: "1400/500,0/15000",
  info: "950/330,1400/330,1800/330,0/1000",
  stutter: "350+440/100,0/100",
};
// The two frequencies of a key (ITU-T Q.23).
const HIGH = [1209, 1336, 1477, 1633];
const LOW = { "123A": 697, "456B": 770, "789C": 852, "*0#D": 941 };
const WORDS = {
  "hello-world": "Hello world",
  hello: "Hello",
  goodbye: "Goodbye",
  "vm-goodbye": "Goodbye",
  "auth-thankyou": "Thank you",
  "digits/star": "star",
  "digits/pound": "pound",
};

export function keyTone(key) {
  for (const [keys, low] of Object.entries(LOW))
    if (keys.includes(key)) return `${low}+${HIGH[keys.indexOf(key)]}/${KEY_MS}`;
  return "";
}

// Return the words of a media URI; empty where they are not known.
export function spoken(media, known = {}) {
  const [scheme, rest] = [media.slice(0, media.indexOf(":")), media.slice(media.indexOf(":") + 1)];
  if (scheme === "number") return rest;
  if (scheme === "digits" || scheme === "characters") return [...rest].join(" ");
  if (scheme !== "sound") return "";
  const named = /^(?:digits|letters)\/(\w+)$/.exec(rest)?.[1];
  return known[media] || WORDS[rest] || named || "";
}

export class CallAudio {
  constructor(store) {
    this.store = store;
    this.context = null;
    this.now = "";
    this.stops = new Set(); // functions that stop the current sounds
  }
  get open() {
    return this.context !== null;
  }
  listen() {
    this.context ??= new AudioContext();
    this.output = new AnalyserNode(this.context, { fftSize: 512 });
    this.output.connect(this.context.destination);
  }
  // The current level, from 0 to 1.
  get level() {
    if (!this.context) return 0;
    const waves = new Float32Array(this.output.fftSize);
    this.output.getFloatTimeDomainData(waves);
    return Math.min(1, 3 * Math.max(...waves.map(Math.abs)));
  }
  close() {
    this.play("");
    this.context?.close();
    this.context = null;
  }
  // Play this and nothing else, until the next call.
  play(media) {
    if (!this.context || media === this.now) return;
    this.silence();
    this.now = media;
    const [scheme] = media.split(":");
    if (scheme === "tone") this.tone(media.slice(5).split(";")[0]);
    else if (scheme === "recording") this.recording(media);
    else if (media) this.speak(media);
  }
  silence() {
    for (const stop of this.stops) stop();
    this.stops.clear();
  }
  key(key) {
    if (this.context) this.sound(keyTone(key));
  }
  // A tone plays until it is stopped; a part that begins with ! plays once.
  tone(name) {
    let parts = (TONES[name] ?? name).split(/[,|]/);
    let timer = 0;
    const next = (place) => {
      if (place >= parts.length) {
        parts = parts.filter((part) => !part.startsWith("!"));
        place = 0;
      }
      if (parts.length) timer = setTimeout(() => next(place + 1), this.sound(parts[place]));
    };
    this.stops.add(() => clearTimeout(timer));
    next(0);
  }
  // Play one part of a tone, as 440+480/2000; return how many milliseconds it lasts.
  sound(part) {
    const [frequencies, milliseconds] = part.replace(/^[!M]+/, "").split("/");
    const seconds = Math.max(0.01, Number(milliseconds ?? 1000) / 1000) || 1;
    const { context } = this;
    const gain = new GainNode(context, { gain: 0 });
    const begin = context.currentTime;
    gain.gain.setTargetAtTime(LOUD, begin, CLICK_FREE);
    if (milliseconds) gain.gain.setTargetAtTime(0, begin + seconds - CLICK_FREE, CLICK_FREE);
    gain.connect(this.output);
    for (const frequency of frequencies.split(/[+*]/).map(Number).filter(Boolean)) {
      const wave = new OscillatorNode(context, { frequency });
      wave.connect(gain);
      wave.start(begin);
      wave.stop(begin + seconds);
      const stop = () => wave.stop();
      wave.onended = () => this.stops.delete(stop);
      this.stops.add(stop);
    }
    return seconds * 1000;
  }
  async recording(media) {
    const reply = await this.store.ask({ kind: "recording", name: media.slice(10) });
    if (!reply.value || this.now !== media) return;
    const bytes = Uint8Array.from(atob(reply.value), (letter) => letter.charCodeAt(0));
    const buffer = await this.context.decodeAudioData(bytes.buffer).catch(() => null);
    if (!buffer || this.now !== media) return;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.output);
    source.start();
    this.stops.add(() => source.stop());
  }
  async speak(media) {
    const known = await this.store.sounds();
    const text = spoken(media, known);
    if (!text || this.now !== media || !globalThis.speechSynthesis) return;
    speechSynthesis.speak(new SpeechSynthesisUtterance(text));
    this.stops.add(() => speechSynthesis.cancel());
  }
}
