import { useEffect, useState } from 'react';
import { After } from '../after/After';
import { Preview } from '../preview/Preview';
import { useStore } from '../../shell/store';
import type { RoomModel } from './roomModel';
import { RoomView } from './RoomView';

/** The way through one meeting: preview, room, after. */
export function MeetingPage({ id }: { readonly id: string }) {
  const [room, setRoom] = useState<RoomModel | undefined>();
  const [round, setRound] = useState(0);
  useEffect(() => () => void room?.leave(), [room]);
  if (!room) return <Preview key={round} id={id} joined={setRoom} />;
  return (
    <Joined
      room={room}
      back={() => {
        setRoom(undefined);
        setRound(round + 1);
      }}
    />
  );
}

function Joined({ room, back }: { readonly room: RoomModel; readonly back: () => void }) {
  const { phase, meeting } = useStore(room.store);
  const out = phase === 'out';
  useEffect(() => {
    // After leaving, the secret of the link no longer stands in the address bar; coming back finds it in the tab.
    if (out) history.replaceState(null, '', `/m/${meeting.id}`);
  }, [out, meeting.id]);
  return out ? <After room={room} back={back} /> : <RoomView room={room} link={room.link} />;
}
