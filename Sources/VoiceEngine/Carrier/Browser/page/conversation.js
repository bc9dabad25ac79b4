// What the page shows of a call, made from the server's messages. Pure: no page, no network, no clock.

/** The stages of a turn in order, as the server names them. */
export const stages = [
  { key: 'endpoint_wait', label: 'Silence waited out', group: 'turn' },
  { key: 'transcript_wait', label: 'Last words', group: 'turn' },
  { key: 'commit', label: 'Request made', group: 'engine' },
  { key: 'llm_first_token', label: 'First token', group: 'model' },
  { key: 'segment', label: 'First sentence', group: 'model' },
  { key: 'tts_request', label: 'Handed to the voice', group: 'engine' },
  { key: 'tts_first_audio', label: 'First audio', group: 'voice' },
  { key: 'playout', label: 'First sample out', group: 'engine' },
];

export const groups = [
  { key: 'turn', label: 'End of turn' },
  { key: 'model', label: 'Language model' },
  { key: 'voice', label: 'Voice' },
  { key: 'engine', label: 'Engine' },
];

/** Milliseconds as people read them. */
export function duration(ms) {
  if (!(ms >= 0)) return '–';
  if (ms >= 995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 9.95) return `${Math.round(ms)} ms`;
  return `${ms.toFixed(1)} ms`;
}

/** Seconds of a call as m:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Rows of a waterfall: each stage begins where the one before it ends. Shares are of the whole, from 0 to 1. */
export function waterfall(metrics) {
  const times = stages.map(({ key }) => Math.max(0, Number(metrics.stages_ms?.[key]) || 0));
  const total = times.reduce((sum, time) => sum + time, 0);
  let begin = 0;
  const rows = stages.map((stage, index) => {
    const row = {
      ...stage,
      ms: times[index],
      start: total > 0 ? begin / total : 0,
      share: total > 0 ? times[index] / total : 0,
    };
    begin += times[index];
    return row;
  });
  return { total, engine: Math.max(0, Number(metrics.engine_ms) || 0), rows };
}

/** Parts a reply's text where the caller stopped hearing it. Blanks do not matter: sentences are joined with one. */
export function split(said, heard) {
  const wanted = heard.replace(/\s+/g, '');
  let seen = 0;
  let end = 0;
  for (; end < said.length && seen < wanted.length; end++) {
    if (/\s/.test(said[end])) continue;
    if (said[end] !== wanted[seen]) return { heard, unheard: '' };
    seen++;
  }
  if (seen < wanted.length) return { heard, unheard: '' };
  return { heard: said.slice(0, end), unheard: said.slice(end).trim() };
}

/** The call so far: items in the order of the conversation. `changed` names what to draw again. */
export class Conversation {
  constructor() {
    this.items = [];
    this.floor = 'listening';
    this.callerSpeaks = false;
    /** What the caller is saying, until its turn is committed. */
    this.open = null;
  }

  /** Takes one message. Returns the items that are new or different. */
  apply(message) {
    switch (message.type) {
      case 'state':
        this.floor = message.state;
        return [];
      case 'voice':
        this.callerSpeaks = message.speaking;
        return [];
      case 'transcript':
        return this.transcript(message);
      case 'agent_text':
        return this.agentText(message);
      case 'heard':
        return this.heard(message);
      case 'barge_in':
        return this.bargeIn(message);
      case 'metrics':
        return this.metrics(message);
      case 'tool':
        return [this.add({ kind: 'note', tone: 'tool', text: `Tool: ${message.name}`, detail: message.arguments })];
      case 'digits_in':
        return [this.add({ kind: 'note', tone: 'keys', text: `You pressed ${message.digits}` })];
      case 'digits_out':
        return [this.add({ kind: 'note', tone: 'keys', text: `The agent pressed ${message.digits}` })];
      case 'transfer':
        return [this.add({ kind: 'note', tone: 'call', text: `The agent asks for a transfer to ${message.target}` })];
      case 'hangup':
        return [this.add({ kind: 'note', tone: 'call', text: `The agent hangs up: ${message.reason}` })];
      case 'voicemail':
        return [this.add({ kind: 'note', tone: 'call', text: 'An answering machine was heard' })];
      case 'node':
        return [this.add({ kind: 'note', tone: 'flow', text: `Now at ${message.name}` })];
      case 'error':
        return [this.add({ kind: 'note', tone: 'error', text: `${message.name}: ${message.text}` })];
      default:
        return [];
    }
  }

  add(item) {
    item.id = this.items.length;
    this.items.push(item);
    return item;
  }

  /** The call is over. That the agent has hung up is said already. */
  end(reason) {
    const isTold = this.items.at(-1)?.tone === 'call';
    return reason && !isTold ? [this.add({ kind: 'note', tone: 'call', text: `The call has ended: ${reason}` })] : [];
  }

  transcript({ text, final }) {
    if (!text && !this.open) return [];
    const item = this.open ?? this.add({ kind: 'caller', text: '', isFinal: false, isAside: false });
    if (text || !final) item.text = text;
    item.isFinal = final;
    this.open = final ? null : item;
    return [item];
  }

  agentText({ turn, text, filler }) {
    if (filler) return [this.add({ kind: 'note', tone: 'filler', text })];
    const item = this.reply(turn);
    item.said = item.said ? `${item.said.trimEnd()} ${text.trimStart()}` : text;
    return [item];
  }

  heard({ turn, text, interrupted }) {
    const item = this.replyOf(turn) ?? (text ? this.reply(turn) : null);
    if (!item) return [];
    if (!item.said) item.said = text;
    item.heard = text;
    item.isCut = interrupted;
    item.isPaused = false;
    return [item];
  }

  /** A pause is undecided; words that did not interrupt stay where they are, as said aside. */
  bargeIn({ turn, action }) {
    const changed = [];
    const item = this.replyOf(turn);
    if (item && item.heard === null) {
      item.isPaused = action === 'pause';
      changed.push(item);
    }
    if (action === 'resume' && this.open) {
      this.open.isFinal = true;
      this.open.isAside = true;
      changed.push(this.open);
      this.open = null;
    }
    return changed;
  }

  metrics(message) {
    const item = this.replyOf(message.turn);
    if (!item) return [];
    item.waterfall = waterfall(message);
    return [item];
  }

  replyOf(turn) {
    return this.items.findLast((item) => item.kind === 'agent' && item.turn === turn);
  }

  reply(turn) {
    return (
      this.replyOf(turn) ??
      this.add({ kind: 'agent', turn, said: '', heard: null, isCut: false, isPaused: false, waterfall: null })
    );
  }
}
