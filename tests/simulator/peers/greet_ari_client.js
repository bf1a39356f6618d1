// A greeter with ari-client (npm): plays a sound to each call, and hangs up.
'use strict';

const ari = require('ari-client');
const [url, user, password, app] = process.argv.slice(2, 6);

ari.connect(url, user, password).then((client) => {
  client.on('StasisStart', async (event, channel) => {
    await channel.answer();
    const playback = client.Playback();
    playback.once('PlaybackFinished', () => channel.hangup());
    await channel.play({ media: 'sound:beep' }, playback);
  });
  client.on('StasisEnd', () => {
    console.log('done');
    process.exit(0);
  });
  client.start(app).then(() => console.log('connected'));
});
