import { useEffect, useState, type RefObject } from 'react';

/** How long a button has to have stood where it is before a pointer's press on it counts, in milliseconds: a usual double-click interval. */
export const STEADY_MS = 500;

const LOOK_MS = 100;
const SLACK_PX = 4;

/** Where a button is, and since when. */
class Place {
  #left = Number.NaN;
  #top = Number.NaN;
  #since = 0;

  /** How long it has stood there, in milliseconds. */
  stoodFor(button: HTMLElement | null): number {
    const { left, top } = button?.getBoundingClientRect() ?? { left: Number.NaN, top: Number.NaN };
    const still = Math.abs(this.#left - left) <= SLACK_PX && Math.abs(this.#top - top) <= SLACK_PX;
    if (!still) {
      this.#left = left;
      this.#top = top;
      this.#since = performance.now();
    }
    return performance.now() - this.#since;
  }
}

/**
 * Whether a press aimed at a button was aimed at where it is now. Rows can move at any moment (somebody else's yes makes the
 * sign grow, an answer brings a line below it), and a finger that is already coming down would land on another row. So a press
 * by pointer does not count within `STEADY_MS` after its button appeared or moved, whatever moved it. A press by keyboard or by
 * a reader's command (`detail` 0) goes to what has the focus, not to a place, and always counts.
 */
export function useSteady(button: RefObject<HTMLElement | null>): (detail: number) => boolean {
  const [place] = useState(() => new Place());
  useEffect(() => {
    place.stoodFor(button.current);
    const timer = setInterval(() => place.stoodFor(button.current), LOOK_MS);
    return () => clearInterval(timer);
  }, [place, button]);
  return (detail) => place.stoodFor(button.current) >= STEADY_MS || detail === 0;
}
