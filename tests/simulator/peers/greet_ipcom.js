// A greeter with @ipcom/asterisk-ari: plays a sound to each call, and hangs up.
'use strict';

const { AriClient } = require('@ipcom/asterisk-ari');
const [url, username, password, app] = process.argv.slice(2, 6);
const { hostname, port } = new URL(url);
const client = new AriClient({ host: hostname, port: Number(port), username, password });

client.connectWebSocket([app]).then(() => {
  client.on('StasisStart', async (event) => {
    await event.instanceChannel.answer();
    await event.instanceChannel.play({ media: 'sound:beep' });
  });
  client.on('PlaybackFinished', (event) => {
    client.Channel(event.playback.target_uri.replace('channel:', '')).hangup();
  });
  client.on('StasisEnd', () => {
    console.log('done');
    process.exit(0);
  });
  console.log('connected');
});
