// What a recording looks like: the customer above, the agent below, as the server drew it; and where nobody speaks.

export type Side = "customer" | "agent";

export interface Gap {
  from: number;
  to: number;
}

export interface Part {
  from: number;
  to: number;
}

interface Drawn {
  step_ms: number;
  quiet: number;
  sides: Partial<Record<Side, string>>;
}

const SHORTEST_GAP_SECONDS = 1;
const BREATH_SECONDS = 0.25; // stays at both ends of a gap, so that no word is cut

export class Waveform {
  private constructor(
    private readonly stepSeconds: number,
    private readonly quiet: number,
    readonly sides: ReadonlyMap<Side, Uint8Array>,
  ) {}

  static async load(url: string, signal: AbortSignal): Promise<Waveform> {
    const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    const drawn = (await answer.json()) as Drawn;
    const sides = Object.entries(drawn.sides).map(([side, text]) => [side as Side, bytes(text)] as const);
    return new Waveform(drawn.step_ms / 1000, drawn.quiet, new Map(sides));
  }

  /** Where all sides are silent, long enough to be worth a jump. */
  gaps(): Gap[] {
    const found: Gap[] = [];
    const all = [...this.sides.values()];
    const length = all[0]?.length ?? 0;
    let begun = -1;
    for (let step = 0; step <= length; step++) {
      const silent = step < length && all.every((side) => (side[step] ?? 0) < this.quiet);
      if (silent && begun < 0) begun = step;
      if (silent || begun < 0) continue;
      const gap = { from: begun * this.stepSeconds + BREATH_SECONDS, to: step * this.stepSeconds - BREATH_SECONDS };
      if (gap.to - gap.from >= SHORTEST_GAP_SECONDS) found.push(gap);
      begun = -1;
    }
    return found;
  }

  /** The loudest value of one side between two instants, 0..1. */
  height(side: Uint8Array, from: number, to: number): number {
    const first = Math.floor(from / this.stepSeconds);
    const last = Math.max(first + 1, Math.ceil(to / this.stepSeconds));
    return side.subarray(first, last).reduce((most, value) => Math.max(most, value), 0) / 255;
  }
}

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

const BAR = 2; // pixels of a bar, and one between bars

/** Draw into a canvas as large as it is shown; `part` is what belongs to the case, the rest is pale. */
export function draw(canvas: HTMLCanvasElement, wave: Waveform | null, seconds: number, at: number, part: Part): void {
  const scale = window.devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== width * scale || canvas.height !== height * scale) {
    canvas.width = width * scale;
    canvas.height = height * scale;
  }
  const pen = canvas.getContext("2d");
  if (pen === null || width === 0) return;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  const strip = Number.parseFloat(colour("--strip"));
  const track = wave?.sides.size === 1 ? height - strip : (height - strip) / 2;
  const middles: Record<Side, number> = { customer: track / 2, agent: height - track / 2 };
  for (const [side, values] of wave?.sides ?? []) {
    for (let x = 0; wave && x < width; x += BAR + 1) {
      const [from, to] = [(x / width) * seconds, ((x + BAR + 1) / width) * seconds];
      const half = Math.max(0.5, (wave.height(values, from, to) * track) / 2 - 1);
      pen.globalAlpha = from < part.from || from >= part.to ? 0.3 : 1;
      pen.fillStyle = from < at ? colour(`--${side}`) : colour("--unheard");
      pen.fillRect(x, middles[side] - half, BAR, 2 * half);
    }
  }
  pen.globalAlpha = 1;
  pen.fillStyle = colour("--ink");
  pen.fillRect((at / seconds) * width - 0.75, 0, 1.5, height);
}
