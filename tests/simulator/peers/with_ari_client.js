// A program written with ari-client (npm): hello-world, a recording, a bridge. The client builds
// itself from the server's api-docs. Prints a summary.
'use strict';

const ari = require('ari-client');
const [url, user, password] = process.argv.slice(2, 5);
const APP = 'with-node';

function once(emitter, kind) {
  return new Promise((resolve) => emitter.once(kind, (event, it) => resolve({ event, it })));
}

async function main() {
  const client = await ari.connect(url, user, password);
  await client.start(APP);

  async function channel() {
    const started = once(client, 'StasisStart');
    const made = client.Channel();
    await made.originate({ endpoint: 'Local/1002@default', app: APP, appArgs: 'a,b' });
    return (await started).it;
  }

  const one = await channel();
  const playback = client.Playback();
  const finished = once(playback, 'PlaybackFinished');
  await one.play({ media: 'sound:hello-world' }, playback);
  const played = (await finished).event;

  const recording = client.LiveRecording({ name: 'node' });
  const done = once(recording, 'RecordingFinished');
  await one.record({ name: 'node', format: 'wav', ifExists: 'overwrite' }, recording);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await recording.stop();
  const recorded = (await done).event;
  await client.recordings.deleteStored({ recordingName: 'node' });

  const two = await channel();
  const bridge = client.Bridge();
  await bridge.create({ type: 'mixing' });
  await bridge.addChannel({ channel: [one.id, two.id] });
  const members = (await bridge.get()).channels;
  for (const each of [one, two]) {
    const ended = once(each, 'StasisEnd');
    await each.hangup();
    await ended;
  }
  await bridge.destroy();
  console.log(JSON.stringify({
    played: played.playback.state,
    recorded: recorded.recording.state,
    members: members.slice().sort().join() === [one.id, two.id].sort().join(),
  }));
  process.exit(0);
}

main().catch((fault) => { console.error(fault); process.exit(1); });
