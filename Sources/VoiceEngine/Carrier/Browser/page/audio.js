// The page's two audio worklets, and what they are made of. The classes above the registration know nothing of the
// Web Audio API, so that they can be tested by themselves.
//
//   microphone ─► Microphone: any rate to 16 kHz, frames of 20 ms, 16 bits ─► page ─► server
//   server ─► page ─► Speaker: 24 kHz to any rate, counts what it has played ─► loudspeaker

export const inputRate = 16000;
export const outputRate = 24000;
/** Samples of one frame from the microphone: 20 ms. */
export const frameSamples = 320;
/** The player reports so often while it plays. [s] */
const reportInterval = 0.1;
/** A cleared sound ends within this. [s] */
const fadeOut = 0.008;
/** The sound begins within this, also after a gap in the middle of a word. [samples] */
const fadeIn = 48;
/** What is left from sample to sample of a sound that runs out. */
const holding = 0.97;
/** More than this is never kept; the server sends a fraction of a second ahead. [s] */
const longestQueue = 30;

function gcd(a, b) {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** The modified Bessel function of order zero, for the Kaiser window. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Converts between two rates, sample by sample: a windowed sinc (Kaiser, 80 dB) below half the lower rate, as a
 * polyphase filter. `feed` while `isHungry`, then `take` one sample.
 */
export class Resampler {
  /** Zero crossings of the sinc on either side; the transition takes 8 % of the lower rate. */
  static crossings = 32;

  constructor(from, to) {
    const divisor = gcd(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    // Rates without a small common ratio take the nearest of this many phases.
    if (this.up > 1024) {
      this.down *= 1024 / this.up;
      this.up = 1024;
    }
    const stretch = Math.max(1, from / to);
    this.taps = from === to ? 1 : 2 * Math.ceil(Resampler.crossings * stretch);
    this.table = from === to ? [Float32Array.of(1)] : this.filters(stretch);
    this.window = new Float32Array(2 * this.taps);
    this.reset();
  }

  /** How many samples go in before the first of them is in the middle of the filter. */
  get delay() {
    return this.taps >> 1;
  }

  reset() {
    this.window.fill(0);
    this.at = 0;
    this.phase = this.up;
  }

  get isHungry() {
    return this.phase >= this.up;
  }

  feed(sample) {
    this.window[this.at] = sample;
    this.window[this.at + this.taps] = sample;
    this.at = this.at + 1 === this.taps ? 0 : this.at + 1;
    this.phase -= this.up;
  }

  take() {
    const filter = this.table[Math.floor(this.phase)];
    let sum = 0;
    for (let j = 0, k = this.at; j < this.taps; j++, k++) sum += filter[j] * this.window[k];
    this.phase += this.down;
    return sum;
  }

  filters(stretch) {
    const half = this.taps / 2;
    // The stop band begins at half the lower rate: half of the transition lies below it.
    const cutoff = (1 - 0.08) / stretch;
    const beta = 7.86;
    const scale = bessel(beta);
    return Array.from({ length: this.up }, (_, phase) => {
      const filter = new Float32Array(this.taps);
      let sum = 0;
      for (let j = 0; j < this.taps; j++) {
        const t = this.taps - 1 - j + phase / this.up - half;
        const x = Math.PI * cutoff * t;
        const sinc = x === 0 ? 1 : Math.sin(x) / x;
        const window = Math.abs(t) >= half ? 0 : bessel(beta * Math.sqrt(1 - (t / half) ** 2)) / scale;
        filter[j] = sinc * window;
        sum += filter[j];
      }
      return filter.map((value) => value / sum);
    });
  }
}

/** Makes 16-bit frames of 20 ms at 16 kHz of what a microphone hears. */
export class Framer {
  constructor(rate) {
    this.resampler = new Resampler(rate, inputRate);
    this.frame = new Int16Array(frameSamples);
    this.count = 0;
  }

  /** Calls `ready` with each frame that is full; the frame is the receiver's. */
  push(samples, ready) {
    for (const sample of samples) {
      this.resampler.feed(sample);
      while (!this.resampler.isHungry) {
        const value = Math.round(this.resampler.take() * 32767);
        this.frame[this.count++] = Math.max(-32768, Math.min(32767, value));
        if (this.count < frameSamples) continue;
        ready(this.frame);
        this.frame = new Int16Array(frameSamples);
        this.count = 0;
      }
    }
  }
}

/**
 * Plays what the server sends, and knows how much of it has been played, to the sample.
 *
 * `report` is called with `{ played, level }` when the sound begins, every 100 ms, and when all was played, and with
 * `{ cleared, samples }` after `clear`. After that everything received so far counts as done with.
 */
export class Player {
  constructor(rate, report) {
    this.rate = rate;
    this.report = report;
    this.resampler = new Resampler(outputRate, rate);
    this.tail = new Float32Array(Math.ceil(rate * fadeOut));
    this.received = 0;
    this.done = 0;
    this.forget();
  }

  forget() {
    this.queue = [];
    this.head = 0;
    this.waiting = 0;
    /** Samples in the filter that are still on their way out. */
    this.underway = 0;
    /** What the sound fades from where it begins, and runs out with. */
    this.held = 0;
    this.risen = 0;
    this.state = 'idle';
    this.tailAt = this.tail.length;
    this.sinceReport = 0;
    this.energy = 0;
    this.resampler.reset();
  }

  push(samples) {
    this.received += samples.length;
    if (this.waiting > longestQueue * outputRate) {
      // Cannot happen with our server. What is dropped counts as played.
      this.done += samples.length;
      return;
    }
    this.queue.push(samples);
    this.waiting += samples.length;
  }

  clear(id) {
    const samples = this.done;
    const tail = this.tail;
    const isSounding = this.state !== 'idle';
    // The rest of the sound is rendered now, and heard with the next blocks.
    for (let i = 0; i < tail.length; i++) tail[i] = isSounding ? this.next() * (1 - (i + 1) / tail.length) : 0;
    this.forget();
    if (isSounding) this.tailAt = 0;
    this.done = this.received;
    this.report({ cleared: id, samples });
  }

  /** Fills one block for the loudspeaker. */
  render(block) {
    const wasIdle = this.state === 'idle';
    if (wasIdle && this.waiting > 0) this.state = 'playing';
    for (let i = 0; i < block.length; i++) {
      const tail = this.tailAt < this.tail.length ? this.tail[this.tailAt++] : 0;
      block[i] = this.state === 'idle' ? tail : tail + this.next();
    }
    if (this.state === 'idle' && wasIdle) return;
    this.sinceReport += block.length;
    for (const sample of block) this.energy += sample * sample;
    if (!wasIdle && this.state !== 'idle' && this.sinceReport < this.rate * reportInterval) return;
    this.report({ played: this.done, level: Math.sqrt(this.energy / this.sinceReport) });
    this.sinceReport = 0;
    this.energy = 0;
  }

  /** One sample for the loudspeaker. */
  next() {
    while (this.resampler.isHungry) this.resampler.feed(this.waiting > 0 ? this.nextSent() : this.nextMissing());
    return this.resampler.take();
  }

  nextSent() {
    const sample = this.queue[0][this.head++] / 32768;
    this.waiting--;
    if (this.head === this.queue[0].length) {
      this.queue.shift();
      this.head = 0;
    }
    if (this.underway < this.resampler.delay) this.underway++;
    else this.done++;
    this.held *= holding;
    if (this.risen === fadeIn) return (this.held = sample);
    const share = ++this.risen / fadeIn;
    return (this.held = this.held * (1 - share) + sample * share);
  }

  /** Runs out softly, also where the next samples are late in the middle of a word. */
  nextMissing() {
    this.risen = 0;
    this.held *= holding;
    if (this.underway > 0) {
      this.underway--;
      this.done++;
    } else if (Math.abs(this.held) < 1e-4) {
      this.state = 'idle';
    }
    return this.held;
  }
}

if (globalThis.AudioWorkletProcessor) {
  registerProcessor(
    'microphone',
    class extends AudioWorkletProcessor {
      framer = new Framer(sampleRate);

      process([[channel]]) {
        if (channel) this.framer.push(channel, (frame) => this.port.postMessage(frame, [frame.buffer]));
        return true;
      }
    },
  );
  registerProcessor(
    'speaker',
    class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.player = new Player(sampleRate, (report) => this.port.postMessage(report));
        this.port.onmessage = ({ data }) => {
          if (data instanceof ArrayBuffer) this.player.push(new Int16Array(data));
          else this.player.clear(data.clear);
        };
      }

      process(_, [[channel]]) {
        this.player.render(channel);
        return true;
      }
    },
  );
}
