/** The part of Web Audio that a copy of the microphone is made of; the page passes a real context. */
export interface AudioGraph {
  source(track: MediaStreamTrack): { connect(): void; disconnect(): void };
  readonly output: MediaStreamTrack;
  gate(open: boolean): void;
  level(): number;
  close(): void;
}

/**
 * The separate copy of the voice. It is made *downstream* of the meeting's own microphone track, so it can never hear
 * what the meeting does not; and it has a gate of its own, which closes before the meeting's track does on mute,
 * pause, device change and the end of the track. It is open only while every reason to close it is absent.
 */
export class MicCopy {
  readonly #graph: AudioGraph;
  readonly #closed = new Set<'muted' | 'paused' | 'changing' | 'ended' | 'withdrawn'>();
  #source: { disconnect(): void } | undefined;
  #track: MediaStreamTrack | undefined;

  constructor(graph: AudioGraph) {
    this.#graph = graph;
    this.#closed.add('ended');
    this.#apply();
  }

  get output(): MediaStreamTrack {
    return this.#graph.output;
  }

  get sending(): boolean {
    return this.#closed.size === 0;
  }

  /** Level of what is being sent, 0 to 1: measured behind the gate. */
  level(): number {
    return this.sending ? this.#graph.level() : 0;
  }

  /** Follows another track, or none; the copy is silent until it is connected. */
  follow(track: MediaStreamTrack | undefined): void {
    if (track === this.#track) return;
    this.#set('changing', true);
    this.#source?.disconnect();
    this.#source = undefined;
    this.#track = track;
    this.#set('ended', track === undefined || track.readyState === 'ended');
    if (track) {
      track.addEventListener('ended', () => {
        if (this.#track === track) this.#set('ended', true);
      });
      const source = this.#graph.source(track);
      source.connect();
      this.#source = source;
    }
    this.#set('changing', false);
  }

  muted(muted: boolean): void {
    this.#set('muted', muted);
  }

  paused(paused: boolean): void {
    this.#set('paused', paused);
  }

  /** Silent from now on, whatever else happens: the first thing a withdrawal does. */
  withdrawn(): void {
    this.#set('withdrawn', true);
  }

  close(): void {
    this.withdrawn();
    this.#source?.disconnect();
    this.#graph.close();
  }

  #set(reason: 'muted' | 'paused' | 'changing' | 'ended' | 'withdrawn', on: boolean): void {
    if (on) this.#closed.add(reason);
    else this.#closed.delete(reason);
    this.#apply();
  }

  #apply(): void {
    const open = this.#closed.size === 0;
    this.#graph.output.enabled = open;
    this.#graph.gate(open);
  }
}

/** The graph in a browser: source → gate → meter → track. */
export function webAudioGraph(context: AudioContext): AudioGraph {
  const gate = context.createGain();
  gate.gain.value = 0;
  const meter = context.createAnalyser();
  meter.fftSize = 512;
  const out = context.createMediaStreamDestination();
  out.channelCount = 1;
  gate.connect(meter).connect(out);
  const [output] = out.stream.getAudioTracks();
  if (!output) throw new Error('this browser gave no audio track for the copy');
  const samples = new Float32Array(meter.fftSize);
  return {
    output,
    source(track) {
      const node = context.createMediaStreamSource(new MediaStream([track]));
      return { connect: () => void node.connect(gate), disconnect: () => node.disconnect() };
    },
    gate(open) {
      // Set, not ramped: a ramp would let the first moments after a mute through.
      gate.gain.cancelScheduledValues(0);
      gate.gain.value = open ? 1 : 0;
    },
    level() {
      meter.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const s of samples) sum += s * s;
      return Math.min(1, Math.sqrt(sum / samples.length) * 4);
    },
    close() {
      output.stop();
      void context.close();
    },
  };
}
