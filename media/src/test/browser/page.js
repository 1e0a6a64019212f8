// One person in a room, driven by the test through window.person.
const { Room, RoomEvent, Track, BaseKeyProvider, ConnectionState } = LivekitClient;

class Keys extends BaseKeyProvider {
  constructor() {
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1 });
  }
  async set(identity, bytes, index) {
    const key = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
    this.onSetEncryptionKey(key, identity, index);
  }
}

const rawKey = (identity) => {
  const bytes = new Uint8Array(32);
  new TextEncoder().encodeInto(identity, bytes);
  return bytes;
};

window.person = {
  log: [],
  messages: [],
  speakers: [],
  async join({ room, identity, encrypted, others }) {
    const token = await (await fetch(`/token?room=${room}&identity=${identity}`)).text();
    this.token = token;
    const options = { adaptiveStream: false, dynacast: true, singlePeerConnection: true };
    if (encrypted) {
      this.keys = new Keys();
      const worker = new Worker('/lib/livekit-client.e2ee.worker.mjs', { type: 'module' });
      options.encryption = { keyProvider: this.keys, worker };
    }
    this.room = new Room(options);
    if (encrypted) {
      await this.room.setE2EEEnabled(true);
      for (const other of [identity, ...others]) await this.keys.set(other, rawKey(other), 0);
    }
    const say = (...x) => this.log.push(x.join(' '));
    this.room
      .on(RoomEvent.TrackSubscribed, (track, pub, p) => {
        say('subscribed', p.identity, pub.source);
        const el = track.attach();
        el.dataset.of = p.identity + ':' + pub.source;
        document.body.append(el);
      })
      .on(RoomEvent.TrackUnsubscribed, (track, pub, p) => {
        say('unsubscribed', p.identity, pub.source);
        track.detach().forEach((el) => el.remove());
      })
      .on(RoomEvent.ActiveSpeakersChanged, (s) => (this.speakers = s.map((p) => p.identity)))
      .on(RoomEvent.DataReceived, (data, p, kind, topic, encryption) =>
        this.messages.push({ text: new TextDecoder().decode(data), from: p?.identity, topic, encryption }))
      .on(RoomEvent.ConnectionStateChanged, (s) => say('state', s))
      .on(RoomEvent.ParticipantDisconnected, (p) => say('left', p.identity))
      .on(RoomEvent.ParticipantConnected, (p) => say('came', p.identity))
      .on(RoomEvent.TrackMuted, (pub, p) => say('muted', p.identity, pub.source))
      .on(RoomEvent.TrackUnmuted, (pub, p) => say('unmuted', p.identity, pub.source))
      .on(RoomEvent.ParticipantAttributesChanged, (a, p) => say('attributes', p.identity, JSON.stringify(a)))
      .on(RoomEvent.EncryptionError, (e) => say('encryption error', e.message))
      .on(RoomEvent.Reconnected, () => say('reconnected'))
      .on(RoomEvent.Disconnected, (r) => say('disconnected', r));
    const t = performance.now();
    await this.room.connect(`ws://${location.host}`, token);
    return Math.round(performance.now() - t);
  },
  async publish(resolution = { width: 1280, height: 720, frameRate: 30 }) {
    await this.room.localParticipant.setMicrophoneEnabled(true);
    await this.room.localParticipant.setCameraEnabled(true, { resolution });
  },
  // What is seen and heard of the others: frames decoded, size, and energy of the sound.
  async seen() {
    const out = {};
    for (const p of this.room.remoteParticipants.values()) {
      const one = (out[p.identity] = {});
      for (const pub of p.trackPublications.values()) {
        if (!pub.track) continue;
        const stats = [...(await pub.track.receiver.getStats()).values()].find((s) => s.type === 'inbound-rtp');
        if (!stats) continue;
        one[pub.source] =
          stats.kind === 'video'
            ? { frames: stats.framesDecoded, width: stats.frameWidth, height: stats.frameHeight, keys: stats.keyFramesDecoded, lost: stats.packetsLost, pli: stats.pliCount, freezes: stats.freezeCount, frozen: stats.totalFreezesDuration, delay: stats.jitterBufferDelay / stats.jitterBufferEmittedCount, fps: stats.framesPerSecond, encrypted: pub.isEncrypted }
            : { energy: stats.totalAudioEnergy, samples: stats.totalSamplesReceived, concealed: stats.concealedSamples, silent: stats.silentConcealedSamples, level: stats.audioLevel, lost: stats.packetsLost, nacks: stats.nackCount, delay: stats.jitterBufferDelay / stats.jitterBufferEmittedCount, encrypted: pub.isEncrypted };
      }
    }
    return out;
  },
  async sending() {
    const out = [];
    for (const pub of this.room.localParticipant.trackPublications.values()) {
      for (const s of (await pub.track.sender.getStats()).values())
        if (s.type === 'outbound-rtp')
          out.push({ kind: s.kind, rid: s.rid, width: s.frameWidth, fps: s.framesPerSecond, active: s.active, bytes: s.bytesSent, nacks: s.nackCount, plis: s.pliCount, target: s.targetBitrate, limit: s.qualityLimitationReason });
    }
    return out;
  },
};
