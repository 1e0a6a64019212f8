import { useEffect, useState, type RefObject } from 'react';

/** How long a button has to have stood where it is before a pointer's press on it counts, in milliseconds: a usual double-click interval. */
export const STEADY_MS = 500;

const LOOK_MS = 100;
const SLACK_PX = 4;

/** Where a button is, and since when it asks what it asks there. */
class Place {
  #left = Number.NaN;
  #top = Number.NaN;
  #since = 0;
  /** Whether it stood still when a pointer came down on it; unknown where none was seen to. */
  #aimed: boolean | undefined;

  asksAnew(): void {
    this.#since = performance.now();
  }

  pressed(button: HTMLElement | null): void {
    this.#aimed = this.stands(button);
  }

  /** Whether a press that ends now was meant for it. */
  meant(button: HTMLElement | null): boolean {
    const aimed = this.#aimed ?? true;
    this.#aimed = undefined;
    return this.stands(button) && aimed;
  }

  stands(button: HTMLElement | null): boolean {
    const { left, top } = button?.getBoundingClientRect() ?? { left: Number.NaN, top: Number.NaN };
    const still = Math.abs(this.#left - left) <= SLACK_PX && Math.abs(this.#top - top) <= SLACK_PX;
    if (!still) {
      this.#left = left;
      this.#top = top;
      this.#since = performance.now();
    }
    return performance.now() - this.#since >= STEADY_MS;
  }
}

/**
 * Whether a press aimed at a button was aimed at what is there now. Rows can move at any moment (somebody else's yes makes
 * the sign grow, an answer brings a line below it), and a finger that is already coming down would land on another row. So a
 * press by pointer counts only if its button had stood still for `STEADY_MS`, asking the same (`asks`), both when the pointer
 * came down and when it went up. A press by keyboard (`detail` 0) goes to what has the focus, not to a place, and counts.
 */
export function useSteady(
  button: RefObject<HTMLElement | null>,
  asks: string,
): { readonly pressed: () => void; readonly meant: (detail: number) => boolean } {
  const [place] = useState(() => new Place());
  useEffect(() => place.asksAnew(), [place, asks]);
  useEffect(() => {
    place.stands(button.current);
    const timer = setInterval(() => place.stands(button.current), LOOK_MS);
    return () => clearInterval(timer);
  }, [place, button]);
  return {
    pressed: () => place.pressed(button.current),
    meant: (detail) => detail === 0 || place.meant(button.current),
  };
}
