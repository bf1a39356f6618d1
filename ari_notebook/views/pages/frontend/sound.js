// A sound, played after a click: a file from the server, or its text spoken by the browser.

let stop = null;

// Play, or stop this button's sound. Return a message if it cannot be played.
export async function hear(button, words, audio) {
  const own = button.getAttribute("aria-pressed") === "true";
  stop?.();
  if (own) return "";
  const done = () => {
    button.setAttribute("aria-pressed", "false");
    stop = null;
  };
  button.setAttribute("aria-pressed", "true");
  if (audio) {
    const element = new Audio(`data:audio/wav;base64,${audio}`);
    element.onended = done;
    stop = () => (element.pause(), done());
    return element.play().then(
      () => "",
      () => (done(), "The browser cannot play this format."),
    );
  }
  if (words && globalThis.speechSynthesis) {
    const said = new SpeechSynthesisUtterance(words);
    said.lang = "en";
    said.onend = done;
    said.onerror = done;
    stop = () => (speechSynthesis.cancel(), done());
    speechSynthesis.speak(said);
    return `“${words}”, spoken by the browser: ARI gives no files of sounds.`;
  }
  done();
  return "The server has no text for this sound.";
}
