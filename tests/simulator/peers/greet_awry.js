// A greeter with awry: plays a sound to each call, and hangs up.
'use strict';

const awry = require('awry');
const [url, username, password, app] = process.argv.slice(2, 6);
const api = new awry.API({ baseUrl: `${url}/ari`, username, password });
const events = awry.Events.connect({ app, url: `${url}/ari/events`, username, password });

events.on('message', async (event) => {
  if (event.type === 'StasisStart') {
    await api.channels.answer({ channelId: event.channel.id });
    await api.channels.play({ channelId: event.channel.id, media: 'sound:beep' });
  } else if (event.type === 'PlaybackFinished') {
    const channelId = event.playback.target_uri.replace('channel:', '');
    await api.channels.hangup({ channelId });
  } else if (event.type === 'StasisEnd') {
    console.log('done');
    process.exit(0);
  }
});
console.log('connected');
