// Tests of what the page is made of, run in the browser that will run it. Evaluates to a list of failures.
(async () => {
  const audio = await import('/browser/audio.js');
  const { Conversation, clock, duration, split, stages, waterfall } = await import('/browser/conversation.js');
  const { Framer, Player, Resampler } = audio;
  const failures = [];
  const equal = (is, expected, name) => {
    if (JSON.stringify(is) !== JSON.stringify(expected)) {
      failures.push(`${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(is)}`);
    }
  };
  const holds = (condition, name) => condition || failures.push(name);
  const test = (name, body) => {
    try {
      body(name);
    } catch (error) {
      failures.push(`${name}: ${error.stack}`);
    }
  };
  const tone = (hertz, rate, seconds, amplitude = 0.5) =>
    Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate));
  const convert = (from, to, samples) => {
    const resampler = new Resampler(from, to);
    const out = [];
    for (const sample of samples) {
      resampler.feed(sample);
      while (!resampler.isHungry) out.push(resampler.take());
    }
    return out;
  };
  /** How loud one frequency is, and what is beside it, in the middle of the samples. [dB] of full scale. */
  const measure = (samples, hertz, rate) => {
    const middle = samples.slice(samples.length >> 2, (samples.length * 3) >> 2);
    let [cc, cs, ss, cx, sx] = [0, 0, 0, 0, 0];
    const wave = (i) => [Math.cos((2 * Math.PI * hertz * i) / rate), Math.sin((2 * Math.PI * hertz * i) / rate)];
    middle.forEach((x, i) => {
      const [c, s] = wave(i);
      cc += c * c; cs += c * s; ss += s * s; cx += c * x; sx += s * x;
    });
    // The least squares of a cosine and a sine: exact for any length.
    const a = (cx * ss - sx * cs) / (cc * ss - cs * cs);
    const b = (sx * cc - cx * cs) / (cc * ss - cs * cs);
    let rest = 0;
    middle.forEach((x, i) => {
      const [c, s] = wave(i);
      rest += (x - a * c - b * s) ** 2;
    });
    return { tone: 20 * Math.log10(Math.hypot(a, b)), rest: 10 * Math.log10(Math.max(1e-12, rest / middle.length)) };
  };

  // MARK: Resampling

  for (const [from, to] of [[48000, 16000], [44100, 16000], [16000, 16000], [96000, 16000], [24000, 48000], [24000, 44100], [24000, 192000], [32000, 16000], [8000, 16000], [44099, 16000]]) {
    test(`resampling ${from} to ${to}`, (name) => {
      const out = convert(from, to, tone(1000, from, 0.5));
      holds(Math.abs(out.length - to / 2) <= 2, `${name}: ${out.length} samples`);
      const { tone: level, rest } = measure(out, 1000, to);
      holds(Math.abs(level + 6.02) < 0.05, `${name}: the tone has ${level.toFixed(2)} dB`);
      holds(rest < (from === 44099 ? -50 : -80), `${name}: ${rest.toFixed(1)} dB beside the tone`);
    });
  }
  for (const hertz of [8800, 9500, 12000, 15900, 20000]) {
    test(`no alias of ${hertz} Hz`, (name) => {
      const { rest } = measure(convert(48000, 16000, tone(hertz, 48000, 0.5)), 1000, 16000);
      holds(rest < -75, `${name}: ${rest.toFixed(1)} dB left`);
    });
  }
  test('speech passes up to 7 kHz', (name) => {
    for (const hertz of [100, 3000, 5000, 6500, 7000]) {
      const { tone: level } = measure(convert(48000, 16000, tone(hertz, 48000, 0.5)), hertz, 16000);
      holds(Math.abs(level + 6.02) < 0.5, `${name}: ${hertz} Hz has ${level.toFixed(2)} dB`);
    }
  });

  // MARK: The microphone

  test('frames of 20 ms', (name) => {
    const framer = new Framer(48000);
    const frames = [];
    const samples = tone(440, 48000, 1, 1.5);
    for (let i = 0; i < samples.length; i += 128) framer.push(samples.subarray(i, i + 128), (frame) => frames.push(frame));
    holds(frames.length === 49 || frames.length === 50, `${name}: ${frames.length}`);
    holds(frames.every((frame) => frame.length === 320), name);
    holds(new Set(frames.map((frame) => frame.buffer)).size === frames.length, `${name}: each its own memory`);
    holds(Math.max(...frames[20]) === 32767 && Math.min(...frames[20]) === -32768, `${name}: too loud is clipped, not wrapped`);
  });

  // MARK: The player

  const speech = (count) => Int16Array.from(tone(300, audio.outputRate, count / audio.outputRate), (x) => x * 32767);
  const play = (player, blocks) => {
    const out = [];
    for (let i = 0; i < blocks; i++) {
      const block = new Float32Array(128);
      player.render(block);
      out.push(...block);
    }
    return out;
  };

  for (const rate of [48000, 44100, 24000, 16000]) {
    test(`all that is sent is played, once, at ${rate}`, (name) => {
      const reports = [];
      const player = new Player(rate, (report) => reports.push(report));
      for (let i = 0; i < 50; i++) player.push(speech(480));
      const out = play(player, Math.ceil((1.1 * rate) / 128));
      equal(reports.at(-1).played, 24000, `${name}, the last report`);
      holds(reports.length >= 10 && reports.length <= 13, `${name}: ${reports.length} reports`);
      holds(reports.every(({ played }, i) => i === 0 || played > reports[i - 1].played), `${name}: counts up`);
      holds(Math.abs(reports[0].played - (128 * audio.outputRate) / rate + player.resampler.delay) <= 2, `${name}: first ${reports[0].played}`);
      const { tone: level } = measure(out.slice(0, rate), 300, rate);
      holds(Math.abs(level + 6.02) < 0.3, `${name}: ${level.toFixed(2)} dB`);
      const silence = out.slice(-100);
      holds(silence.every((x) => x === 0), `${name}: silent at the end`);
      const before = reports.length;
      play(player, 100);
      equal(reports.length, before, `${name}: nothing to report`);
    });
  }

  test('a clear fades within 8 ms and tells the exact sample', (name) => {
    const reports = [];
    const player = new Player(48000, (report) => reports.push(report));
    player.push(speech(24000));
    play(player, 100);
    const expected = (100 * 128) / 2 - player.resampler.delay;
    player.clear(7);
    const { cleared, samples } = reports.at(-1);
    equal(cleared, 7, name);
    holds(Math.abs(samples - expected) <= 1, `${name}: ${samples}, not ${expected}`);
    const out = play(player, 8);
    const step = Math.max(...out.slice(1).map((x, i) => Math.abs(x - out[i])));
    holds(Math.max(...out.slice(0, 100)) > 0.2, `${name}: sounds on`);
    holds(step < 0.05, `${name}: a click of ${step}`);
    holds(out.slice(384).every((x) => x === 0), `${name}: silent after 8 ms`);
    equal(player.done, 24000, `${name}: what was dropped is done with`);
    player.push(speech(480));
    play(player, 20);
    equal(reports.at(-1).played, 24480, `${name}: the count goes on`);
  });

  test('a clear in silence is answered too', (name) => {
    const reports = [];
    const player = new Player(44100, (report) => reports.push(report));
    player.clear(1);
    equal(reports, [{ cleared: 1, samples: 0 }], name);
    holds(play(player, 10).every((x) => x === 0), name);
  });

  test('a gap makes no click', (name) => {
    const player = new Player(48000, () => {});
    const all = speech(24000);
    const out = [];
    for (let i = 0; i < 10; i++) {
      player.push(all.slice(i * 500, (i + 1) * 500));
      out.push(...play(player, 12));
    }
    const step = Math.max(...out.slice(1).map((x, i) => Math.abs(x - out[i])));
    holds(step < 0.12, `${name}: ${step}`);
    equal(player.done, 5000, `${name}: all played`);
  });

  test('a queue that runs over stays bounded', (name) => {
    const player = new Player(48000, () => {});
    for (let i = 0; i < 100; i++) player.push(new Int16Array(24000));
    holds(player.waiting <= 31 * 24000, `${name}: ${player.waiting}`);
    equal(player.received, 2400000, name);
  });

  // MARK: The conversation

  const talk = (...messages) => {
    const conversation = new Conversation();
    messages.forEach((message) => conversation.apply({ turn: 1, ...message }));
    return conversation;
  };
  const texts = (conversation) => conversation.items.map((item) => item.text ?? item.said);

  test('partial words become one line', (name) => {
    const conversation = talk(
      { type: 'transcript', text: 'what', final: false }, { type: 'transcript', text: 'what are', final: false },
      { type: 'transcript', text: 'What are your hours?', final: true }, { type: 'transcript', text: 'and', final: false });
    equal(texts(conversation), ['What are your hours?', 'and'], name);
    equal(conversation.items.map((item) => item.isFinal), [true, false], name);
  });

  test('the sentences of a reply are one line, its heard part is kept apart', (name) => {
    const conversation = talk(
      { type: 'agent_text', text: 'We are open.', turn: 2 }, { type: 'agent_text', text: ' From nine to five.', turn: 2 },
      { type: 'heard', turn: 2, text: 'We are open. From', interrupted: true },
      { type: 'metrics', turn: 2, stages_ms: { endpoint_wait: 300, tts_first_audio: 100 }, engine_ms: 1 });
    const [item] = conversation.items;
    equal(item.said, 'We are open. From nine to five.', name);
    equal(split(item.said, item.heard), { heard: 'We are open. From', unheard: 'nine to five.' }, name);
    equal([item.isCut, item.waterfall.total], [true, 400], name);
  });

  test('words beside the agent are said aside', (name) => {
    const conversation = talk(
      { type: 'agent_text', text: 'We are open.', turn: 2 }, { type: 'barge_in', turn: 2, action: 'pause' },
      { type: 'transcript', text: 'mhm', final: false }, { type: 'barge_in', turn: 2, action: 'resume' },
      { type: 'transcript', text: 'Thanks', final: false });
    equal(texts(conversation), ['We are open.', 'mhm', 'Thanks'], name);
    equal([conversation.items[1].isAside, conversation.items[2].isAside, conversation.items[0].isPaused], [true, false, false], name);
  });

  test('what is not known or empty changes nothing', (name) => {
    const conversation = talk(
      { type: 'galaxy' }, { type: 'transcript', text: '', final: false }, { type: 'heard', turn: 9, text: '', interrupted: true },
      { type: 'metrics', turn: 9 }, { type: 'barge_in', turn: 9, action: 'resume' });
    equal(conversation.items.length, 0, name);
    equal(conversation.apply({ type: 'state', state: 'speaking' }), [], name);
    equal(conversation.floor, 'speaking', name);
  });

  test('tools, keys and errors are notes', (name) => {
    equal(texts(talk(
      { type: 'tool', name: 'book', arguments: '{}' }, { type: 'digits_in', digits: '1' }, { type: 'transfer', target: '+1' },
      { type: 'node', name: 'intake' }, { type: 'error', name: 'llm', text: 'gone' }, { type: 'agent_text', text: 'Hm.', filler: true })),
    ['Tool: book', 'You pressed 1', 'The agent asks for a transfer to +1', 'Now at intake', 'llm: gone', 'Hm.'], name);
  });

  test('splitting', (name) => {
    equal(split('One two three.', ''), { heard: '', unheard: 'One two three.' }, name);
    equal(split('One  two\nthree.', 'One two three.'), { heard: 'One  two\nthree.', unheard: '' }, name);
    equal(split('One two', 'Other words'), { heard: 'Other words', unheard: '' }, name);
    equal(split('One', 'One two'), { heard: 'One two', unheard: '' }, name);
  });

  test('the stages of a waterfall stand end to end', (name) => {
    const times = { endpoint_wait: 300, transcript_wait: 20, commit: 1, llm_first_token: 180, segment: 60, tts_request: 0, tts_first_audio: 30, playout: 9 };
    const { rows, total, engine } = waterfall({ stages_ms: times, engine_ms: 10 });
    equal([total, engine, rows.length], [600, 10, stages.length], name);
    rows.forEach((row, i) => holds(Math.abs(row.start - rows.slice(0, i).reduce((sum, r) => sum + r.share, 0)) < 1e-9, `${name}: ${row.key}`));
    equal(waterfall({}).rows.every((row) => row.share === 0 && row.start === 0), true, `${name}: without figures`);
  });

  test('times as people read them', (name) => {
    equal([0, 0.42, 9.96, 99.6, 994, 995, 1234, NaN].map(duration), ['0.0 ms', '0.4 ms', '10 ms', '100 ms', '994 ms', '0.99 s', '1.23 s', '–'], name);
    equal([0, 61.9, 600, -3].map(clock), ['0:00', '1:01', '10:00', '0:00'], name);
  });

  return failures;
})()
