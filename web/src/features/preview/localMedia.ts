import { mediaSentence } from '../api/sentences';
import { Store } from '../../shell/store';

export interface LocalMediaState {
  readonly camera: MediaStreamTrack | undefined;
  readonly mic: MediaStreamTrack | undefined;
  readonly micOn: boolean;
  readonly starting: boolean;
  readonly trouble: string | undefined;
  readonly cameras: readonly MediaDeviceInfo[];
  readonly mics: readonly MediaDeviceInfo[];
}

/** The camera and microphone of this device, from the preview on into the meeting. It owns their tracks. */
export class LocalMedia {
  readonly store = new Store<LocalMediaState>({
    camera: undefined,
    mic: undefined,
    micOn: true,
    starting: true,
    trouble: undefined,
    cameras: [],
    mics: [],
  });
  #meter: { context: AudioContext; analyser: AnalyserNode; samples: Float32Array<ArrayBuffer> } | undefined;
  #metered: MediaStreamTrack | undefined;
  #closed = false;

  /** Asks for both, then for each alone: whoever has only one of them still gets it. */
  async start(): Promise<void> {
    this.store.set({ starting: true, trouble: undefined });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: AUDIO, video: VIDEO });
      this.#take(stream);
    } catch (failure) {
      this.store.set({ trouble: mediaSentence(failure) });
      for (const constraints of [{ audio: AUDIO }, { video: VIDEO }]) {
        try {
          this.#take(await navigator.mediaDevices.getUserMedia(constraints));
        } catch {
          // The sentence about both stands already.
        }
      }
    }
    await this.#list();
    this.store.set({ starting: false });
  }

  async takeCamera(deviceId?: string): Promise<void> {
    this.stopCamera();
    try {
      const video = deviceId ? { ...VIDEO, deviceId: { exact: deviceId } } : VIDEO;
      this.#take(await navigator.mediaDevices.getUserMedia({ video }));
      this.store.set({ trouble: undefined });
      await this.#list();
    } catch (failure) {
      this.store.set({ trouble: mediaSentence(failure) });
    }
  }

  stopCamera(): void {
    this.store.get().camera?.stop();
    this.store.set({ camera: undefined });
  }

  /** Takes another microphone; the old track ends only after the new one is there. */
  async takeMic(deviceId?: string): Promise<void> {
    try {
      const audio = deviceId ? { ...AUDIO, deviceId: { exact: deviceId } } : AUDIO;
      const old = this.store.get().mic;
      this.#take(await navigator.mediaDevices.getUserMedia({ audio }));
      old?.stop();
      this.store.set({ trouble: undefined });
      await this.#list();
    } catch (failure) {
      this.store.set({ trouble: mediaSentence(failure) });
    }
  }

  setMicOn(on: boolean): void {
    const { mic } = this.store.get();
    if (mic) mic.enabled = on;
    this.store.set({ micOn: on });
  }

  /** Level of the microphone, 0 to 1. */
  readonly level = (): number => {
    const { mic, micOn } = this.store.get();
    if (!mic || !micOn) return 0;
    if (this.#metered !== mic) {
      void this.#meter?.context.close();
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 512;
      context.createMediaStreamSource(new MediaStream([mic])).connect(analyser);
      this.#meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
      this.#metered = mic;
    }
    if (!this.#meter) return 0;
    if (this.#meter.context.state === 'suspended') void this.#meter.context.resume();
    this.#meter.analyser.getFloatTimeDomainData(this.#meter.samples);
    let sum = 0;
    for (const s of this.#meter.samples) sum += s * s;
    return Math.min(1, Math.sqrt(sum / this.#meter.samples.length) * 4);
  };

  close(): void {
    this.#closed = true;
    const { camera, mic } = this.store.get();
    camera?.stop();
    mic?.stop();
    void this.#meter?.context.close();
    this.#meter = undefined;
    this.#metered = undefined;
    this.store.set({ camera: undefined, mic: undefined });
  }

  #take(stream: MediaStream): void {
    if (this.#closed) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    const [mic] = stream.getAudioTracks();
    const [camera] = stream.getVideoTracks();
    if (mic) {
      mic.enabled = this.store.get().micOn;
      this.store.set({ mic });
      mic.addEventListener('ended', () => {
        if (this.store.get().mic === mic) this.store.set({ mic: undefined });
      });
    }
    if (camera) {
      this.store.set({ camera });
      camera.addEventListener('ended', () => {
        if (this.store.get().camera === camera) this.store.set({ camera: undefined });
      });
    }
  }

  async #list(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices();
    this.store.set({
      cameras: all.filter((d) => d.kind === 'videoinput' && d.deviceId !== ''),
      mics: all.filter((d) => d.kind === 'audioinput' && d.deviceId !== ''),
    });
  }
}

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
