// The page: a call button, the microphone, the loudspeaker, the WebSocket, and the conversation on the screen.
// What is shown is decided in conversation.js, what is heard in audio.js.

import { Conversation, clock, duration, groups, split } from './conversation.js';

const element = (id) => document.getElementById(id);
const ui = {
  agent: element('agent'), call: element('call'), callLabel: element('callLabel'), clock: element('clock'),
  floor: element('floor'), status: element('status'), notice: element('notice'), keys: element('keys'),
  mute: element('mute'), keypad: element('keypad'), keypadToggle: element('keypadToggle'), log: element('log'),
  empty: element('empty'), legend: element('legend'), callerRing: element('callerRing'),
  agentRing: element('agentRing'),
};

const floors = { listening: 'Listening', thinking: 'Thinking', speaking: 'Speaking' };
const framesPerSecond = 50;

// MARK: What the page says

/** For eyes and for screen readers: connection, never the words, which the agent says itself. */
function say(text) {
  ui.status.textContent = text;
}

function complain(text) {
  ui.notice.textContent = text;
}

/** idle, asking (for the microphone), connecting, live */
function setPhase(phase) {
  document.body.dataset.phase = phase;
  const isIdle = phase === 'idle';
  ui.callLabel.textContent = isIdle ? 'Call' : phase === 'live' ? 'Hang up' : 'Cancel';
  ui.floor.textContent = { idle: 'Ready', asking: 'Allow the microphone', connecting: 'Calling …' }[phase] ?? '';
  ui.keys.hidden = phase !== 'live';
  ui.agent.disabled = !isIdle || ui.agent.options.length < 2;
  if (isIdle) {
    showKeypad(false);
    ui.clock.textContent = '';
    setLevel(ui.callerRing, 0);
    setLevel(ui.agentRing, 0);
  }
}

function setLevel(ring, level) {
  // -60 dB to -12 dB: from breath to speech.
  const loudness = level > 0 ? Math.min(1, Math.max(0, (20 * Math.log10(level) + 60) / 48)) : 0;
  ring.style.setProperty('--level', loudness.toFixed(2));
}

// MARK: Agents

const wanted = new URLSearchParams(location.search).get('agent');

/** Asks who can be called, and again until the models are loaded. */
async function findAgents() {
  let again = 3000;
  try {
    const answer = await fetch('browser/agents', { cache: 'no-store' });
    if (!answer.ok) throw new Error(`the server answers with ${answer.status}`);
    const { agents, ready, draining } = await answer.json();
    showAgents(agents);
    const reason =
      agents.length === 0 ? 'This server has no agent.'
      : draining ? 'The server is going down and takes no new calls.'
      : ready ? '' : 'The models are being loaded. This takes a moment.';
    showReadiness(agents.length > 0 && ready && !draining, reason);
    again = ready && !draining && agents.length > 0 ? 0 : 1500;
  } catch {
    showReadiness(false, 'The server does not answer.');
  }
  if (again) setTimeout(findAgents, again);
}

function showAgents(agents) {
  const current = [...ui.agent.options].map((option) => option.value);
  if (current.length === agents.length && agents.every((name, index) => name === current[index])) return;
  const chosen = ui.agent.value || wanted;
  ui.agent.replaceChildren(...agents.map((name) => new Option(name, name, false, name === chosen)));
  ui.agent.disabled = agents.length < 2;
}

function showReadiness(isReady, reason) {
  if (document.body.dataset.phase !== 'idle') return;
  const problem = microphoneProblem();
  ui.call.disabled = !isReady || Boolean(problem);
  ui.floor.textContent = isReady ? 'Ready' : 'Please wait';
  complain(problem || reason);
}

function microphoneProblem() {
  if (!window.isSecureContext) {
    const port = location.port ? `:${location.port}` : '';
    return `Browsers give the microphone to safe pages only: open this page over https, or, on the machine that runs `
      + `the server, as http://localhost${port}/`;
  }
  if (!navigator.mediaDevices?.getUserMedia) return 'This browser has no access to a microphone.';
  if (!window.AudioWorkletNode) return 'This browser is too old: it has no audio worklets.';
  return '';
}

// MARK: A call

let current = null;

class Call {
  constructor() {
    this.conversation = new Conversation();
    this.lines = new Map();
    this.isMuted = false;
    this.isOver = false;
    this.frames = 0;
  }

  async start() {
    setPhase('asking');
    say('Allow the microphone, please.');
    complain('');
    clearLog();
    try {
      // Made while the click is handled, or Safari keeps it silent.
      this.audio = new AudioContext({ latencyHint: 'interactive' });
      const module = this.audio.audioWorklet.addModule('browser/audio.js');
      this.microphone = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      if (this.isOver) return this.release();
      await Promise.all([module, begun(this.audio)]);
      if (this.isOver) return this.release();
      this.wire();
      this.connect();
    } catch (error) {
      this.end(reasonFor(error));
    }
  }

  wire() {
    const { audio } = this;
    const options = { channelCount: 1, channelCountMode: 'explicit' };
    this.speaker = new AudioWorkletNode(audio, 'speaker', { ...options, numberOfInputs: 0, outputChannelCount: [1] });
    this.speaker.port.onmessage = ({ data }) => this.played(data);
    this.speaker.connect(audio.destination);
    this.listener = new AudioWorkletNode(audio, 'microphone', { ...options, numberOfOutputs: 0 });
    this.listener.port.onmessage = ({ data }) => this.heard(data);
    audio.createMediaStreamSource(this.microphone).connect(this.listener);
    this.microphone.getAudioTracks()[0].onended = () => this.end('The microphone was taken away.');
    // A telephone call or another app may silence the page.
    audio.onstatechange = () => {
      if (!this.isOver && audio.state !== 'running') audio.resume().catch(() => {});
    };
  }

  connect() {
    setPhase('connecting');
    say('Calling.');
    const url = new URL('browser/call', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.send({ type: 'start', agent: ui.agent.value });
    socket.onmessage = ({ data }) => {
      if (this.isOver) return;
      if (data instanceof ArrayBuffer) this.speaker.port.postMessage(data, [data]);
      else this.take(JSON.parse(data));
    };
    socket.onclose = ({ wasClean, reason }) => {
      const ended = this.ended ?? (wasClean && reason ? reason : 'the connection was lost');
      this.end(this.ended === undefined ? sentence(ended) : '', ended);
    };
    this.socket = socket;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A frame of the microphone. */
  heard(frame) {
    if (document.body.dataset.phase !== 'live' || this.socket.readyState !== WebSocket.OPEN) return;
    if (this.isMuted) frame.fill(0);
    // What a slow network does not take is left out: late words help nobody. 2 s of audio.
    if (this.socket.bufferedAmount < 64000) this.socket.send(frame.buffer);
    if (this.frames++ % 3 === 0) setLevel(ui.callerRing, loudness(frame));
    if (this.frames % framesPerSecond === 0) ui.clock.textContent = clock(this.frames / framesPerSecond);
  }

  /** The player's report. */
  played(report) {
    if (this.isOver) return;
    if (report.cleared !== undefined) {
      this.send({ type: 'cleared', id: report.cleared, samples: report.samples });
      setLevel(ui.agentRing, 0);
    } else {
      this.send({ type: 'played', samples: report.played });
      setLevel(ui.agentRing, report.level);
    }
  }

  take(message) {
    switch (message.type) {
      case 'clear':
        this.speaker.port.postMessage({ clear: message.id });
        return;
      case 'started':
        setPhase('live');
        say(`You are talking to ${message.agent}.`);
        ui.clock.textContent = clock(0);
        break;
      case 'refused':
        this.ended = '';
        this.end(sentence(message.reason));
        return;
      case 'ended':
        this.ended = message.reason;
        break;
    }
    for (const item of this.conversation.apply(message)) this.draw(item);
    if (document.body.dataset.phase === 'live') ui.floor.textContent = floors[this.conversation.floor] ?? '';
  }

  draw(item) {
    const isNew = !this.lines.has(item.id);
    const follows = isNew && isAtEnd();
    const old = this.lines.get(item.id);
    const line = drawItem(item, old?.querySelector('details')?.open ?? false);
    if (isNew) ui.log.append(line);
    else if (old.isConnected) replace(old, line);
    this.lines.set(item.id, line);
    ui.empty.hidden = true;
    if (item.waterfall) ui.legend.hidden = false;
    if (follows || (!isNew && isAtEnd())) line.scrollIntoView({ block: 'nearest' });
  }

  setMuted(isMuted) {
    this.isMuted = isMuted;
    ui.mute.setAttribute('aria-pressed', String(isMuted));
  }

  press(key) {
    this.send({ type: 'digits', digits: key });
  }

  /** The caller hangs up: the server's last messages still come. */
  hangUp() {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.send({ type: 'hangup' });
      this.silence();
      setTimeout(() => this.end('', 'the caller hung up'), 1000);
    } else {
      this.end('', 'the caller hung up');
    }
  }

  silence() {
    this.speaker?.disconnect();
    this.microphone?.getTracks().forEach((track) => track.stop());
  }

  release() {
    this.silence();
    this.audio?.close().catch(() => {});
    this.socket?.close();
  }

  /** Once, whoever ends it. `problem` is shown, `reason` only told. */
  end(problem, reason = '') {
    if (this.isOver) return;
    this.isOver = true;
    this.release();
    if (current === this) current = null;
    setPhase('idle');
    ui.floor.textContent = this.frames > 0 ? 'Call ended' : 'Ready';
    complain(problem);
    say(problem || `Call ended${reason ? `: ${reason}` : ''}.`);
    if (this.frames > 0) for (const item of this.conversation.end(reason)) this.draw(item);
    ui.call.focus({ preventScroll: true });
    setTimeout(() => current ?? refresh(), 300);
  }
}

/** After a call: the server may have gone, or its models. What the call ended with stays on the page. */
async function refresh() {
  const problem = ui.notice.textContent;
  const floor = ui.floor.textContent;
  await findAgents();
  if (!current && problem) complain(problem);
  if (!current && !ui.call.disabled) ui.floor.textContent = floor;
}

/** A browser without a loudspeaker waits for one for ever. */
function begun(audio) {
  const missing = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('the browser finds no loudspeaker.')), 5000);
  });
  return Promise.race([audio.resume(), missing]);
}

function sentence(text) {
  const whole = text.trim();
  if (!whole) return '';
  return whole[0].toUpperCase() + whole.slice(1) + (/[.!?…]$/.test(whole) ? '' : '.');
}

function loudness(frame) {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return Math.sqrt(sum / frame.length) / 32768;
}

function reasonFor(error) {
  switch (error?.name) {
    case 'NotAllowedError':
      return 'The microphone is not allowed. Allow it in the address bar or the settings of this page, and call again.';
    case 'NotFoundError':
      return 'No microphone was found. Connect one, and call again.';
    case 'NotReadableError':
      return 'The microphone is in use by another program.';
    default:
      return `The call could not begin: ${error?.message || error}`;
  }
}

// MARK: The conversation on the screen

function clearLog() {
  ui.log.replaceChildren();
  ui.empty.hidden = false;
  ui.legend.hidden = true;
}

/** Whether the reader is at the end of the conversation, and wants to stay there. */
function isAtEnd() {
  const page = document.documentElement;
  return page.scrollHeight - page.scrollTop - page.clientHeight < 160;
}

function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Puts a line in the place of an older one; who reads its details with the keyboard stays there. */
function replace(old, line) {
  const hasFocus = old.contains(document.activeElement);
  old.replaceWith(line);
  if (hasFocus) line.querySelector('summary')?.focus({ preventScroll: true });
}

function drawItem(item, isOpen) {
  if (item.kind === 'caller') return drawCaller(item);
  if (item.kind === 'agent') return drawAgent(item, isOpen);
  const note = make('li', `note ${item.tone}`, item.text);
  if (item.detail && item.detail !== '{}') note.append(' ', make('code', '', item.detail));
  return note;
}

function drawCaller(item) {
  const state = item.isAside ? ' aside' : item.isFinal ? '' : ' open';
  const who = item.isAside ? 'You, without interrupting' : 'You';
  return make('li', `line caller${state}`, make('span', 'who', who), make('p', 'said', item.text || '…'));
}

function drawAgent(item, isOpen) {
  const said = make('p', 'said');
  const line = make('li', `line agent${item.isPaused ? ' paused' : ''}`, make('span', 'who', 'Agent'), said);
  if (item.heard === null || !item.isCut) {
    said.append(item.said);
  } else {
    const { heard, unheard } = split(item.said, item.heard);
    said.append(heard);
    if (unheard) {
      const rest = make('span', 'unheard', unheard);
      said.append(heard ? ' ' : '', make('span', 'unseen', ' (not heard: '), rest, make('span', 'unseen', ')'));
    }
    line.append(make('div', 'mark', unheard ? 'Interrupted; what is struck out was not heard' : 'Interrupted'));
  }
  if (item.waterfall) line.append(drawTime(item.waterfall, isOpen));
  return line;
}

function drawTime({ total, engine, rows }, isOpen) {
  const strip = make('span', 'strip');
  strip.setAttribute('aria-hidden', 'true');
  for (const row of rows) strip.append(tinted(make('i'), row));
  const summary = make('summary', '', make('span', 'total', duration(total)), strip,
    make('span', 'hint', make('span', 'more', 'to the first sound, '), `engine ${duration(engine)}`));
  summary.setAttribute('aria-label', `${duration(total)} to the first sound, ${duration(engine)} of it in the engine. Stages.`);
  const body = make('tbody');
  for (const row of rows) {
    const name = make('th', '', row.label);
    name.scope = 'row';
    const lane = make('td', 'lane', tinted(make('span'), row));
    lane.setAttribute('aria-hidden', 'true');
    body.append(make('tr', '', name, lane, make('td', 'ms', duration(row.ms))));
  }
  const details = make('details', 'time', summary, make('table', 'stages', body));
  details.open = isOpen;
  return details;
}

function tinted(part, row) {
  part.dataset.group = row.group;
  part.style.setProperty('--start', row.start);
  part.style.setProperty('--share', row.share);
  return part;
}

// MARK: Buttons

function showKeypad(isShown) {
  ui.keypad.hidden = !isShown;
  ui.keypadToggle.setAttribute('aria-expanded', String(isShown));
}

for (const key of '123456789*0#') {
  const button = make('button', '', key);
  button.type = 'button';
  button.onclick = () => current?.press(key);
  ui.keypad.append(button);
}
for (const { key, label } of groups) {
  const entry = make('li', '', label);
  entry.dataset.group = key;
  ui.legend.append(entry);
}
ui.keypadToggle.onclick = () => showKeypad(ui.keypad.hidden);
ui.mute.onclick = () => current?.setMuted(!current.isMuted);
ui.call.onclick = () => {
  if (current) return current.hangUp();
  current = new Call();
  current.setMuted(false);
  current.start();
};

setPhase('idle');
findAgents();
