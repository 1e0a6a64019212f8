import { Room, RoomEvent, Track } from 'livekit-client';
import type { Bytes } from '../bytes/bytes';
import { encryptionWorker, SenderKeys } from '../encryption/frames';

/** A listening room as its one publisher sees it. */
export interface StreamRoom {
  publishVoice(track: MediaStreamTrack): Promise<void>;
  publishChat(message: Bytes): Promise<void>;
  close(): Promise<void>;
}

export type OpenStreamRoom = (
  access: { serverUrl: string; token: string },
  key: Bytes,
  lost: () => void,
) => Promise<StreamRoom>;

/** Joins a listening room with its own `Room`, its own encryption worker and the stream key at index 0. */
export const openStreamRoom: OpenStreamRoom = async ({ serverUrl, token }, key, lost) => {
  const keys = new SenderKeys();
  const worker = encryptionWorker();
  const room = new Room({
    encryption: { keyProvider: keys, worker },
    publishDefaults: { red: false, dtx: true, audioPreset: { maxBitrate: 32_000 } },
  });
  let closing = false;
  room.on(RoomEvent.Disconnected, () => {
    worker.terminate();
    if (!closing) lost();
  });
  try {
    await room.setE2EEEnabled(true);
    await room.connect(serverUrl, token, { autoSubscribe: false });
    await keys.use(room.localParticipant.identity, key, 0);
  } catch (failure) {
    closing = true;
    await room.disconnect();
    worker.terminate();
    throw failure;
  }
  return {
    async publishVoice(track) {
      await room.localParticipant.publishTrack(track, {
        source: Track.Source.Microphone,
        name: 'voice',
        red: false,
        stopMicTrackOnMute: false,
      });
    },
    async publishChat(message) {
      if (!room.isE2EEEnabled) throw new Error('the listening room is not encrypted yet');
      await room.localParticipant.publishData(message, { reliable: true, topic: 'chat' });
    },
    async close() {
      closing = true;
      await room.disconnect(false);
      worker.terminate();
    },
  };
};
