// Runs before the page's own script: writes down what the server says and what leaves for the loudspeaker.
(() => {
  const watch = { messages: [], sent: [], audioBytes: 0, sentBytes: 0, microphone: [], blocks: [], rate: 0 };
  globalThis.watch = watch;
  let context = null;

  globalThis.WebSocket = class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') watch.audioBytes += data.byteLength;
        else watch.messages.push({ at: context?.currentTime ?? 0, ...JSON.parse(data) });
      });
    }

    send(data) {
      if (typeof data === 'string') watch.sent.push({ at: context?.currentTime ?? 0, ...JSON.parse(data) });
      else {
        watch.sentBytes += data.byteLength;
        watch.microphone.push(...new Int16Array(data));
      }
      super.send(data);
    }
  };

  // How loud each block of 256 samples is that goes to the loudspeaker, with the time of the audio clock.
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      context = this.context;
      watch.rate = context.sampleRate;
      const tap = context.createScriptProcessor(256, 1, 1);
      tap.onaudioprocess = ({ inputBuffer, playbackTime }) => {
        let sum = 0;
        for (const sample of inputBuffer.getChannelData(0)) sum += sample * sample;
        watch.blocks.push([playbackTime, Math.sqrt(sum / 256)]);
      };
      connect.call(this, tap);
      connect.call(tap, target);
    }
    return connect.call(this, target, ...rest);
  };
})();
