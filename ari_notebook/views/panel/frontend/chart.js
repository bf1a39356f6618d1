// Small charts, drawn in the text's colour of their element.

function surface(canvas) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = pen.fillStyle = getComputedStyle(canvas).color;
  return { pen, width, height };
}

// A line through values, the last at the right; `room` is how many there is room for.
export function drawLine(canvas, values, room) {
  const { pen, width, height } = surface(canvas);
  const most = Math.max(1, ...values);
  const points = values.map((value, place) => [
    ((room - values.length + place + 0.5) * width) / room,
    height - 2 - ((height - 4) * value) / most,
  ]);
  if (!points.length) return;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
  pen.globalAlpha = 0.14;
  pen.lineTo(points[points.length - 1][0], height);
  pen.lineTo(points[0][0], height);
  pen.fill();
}

// The waveform of samples between -1 and 1; what comes after `part` of it is faint.
export function drawWave(canvas, samples, part = 1) {
  const { pen, width, height } = surface(canvas);
  const step = Math.max(1, Math.floor((3 * samples.length) / width));
  for (let x = 0; x < width; x += 3) {
    const tall = Math.max(1, height * loudest(samples, (x / 3) * step, step));
    pen.globalAlpha = x <= part * width ? 1 : 0.45;
    pen.fillRect(x, (height - tall) / 2, 2, tall);
  }
}

const LEVEL_SAMPLES = 800; // a tenth of a second of telephone quality

// The level of samples at a part of them, from 0 to 1.
export function levelOf(samples, part) {
  return loudest(samples, Math.floor(part * samples.length), LEVEL_SAMPLES);
}

function loudest(samples, begin, many) {
  let most = 0;
  for (let place = begin; place < Math.min(samples.length, begin + many); place += 1)
    most = Math.max(most, Math.abs(samples[place]));
  return most;
}
