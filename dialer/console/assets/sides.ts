// The two sides of a recording: agent left, customer right in the file, each in both ears and a little to its side.
import type { Side } from "./waveform";

const PLACES: readonly [Side, number, number][] = [
  ["agent", 0, -0.35],
  ["customer", 1, 0.35],
];

export class Sides {
  private readonly context = new AudioContext();
  private readonly gains = new Map<Side, GainNode>();

  /** From now on the element is heard through us alone. */
  constructor(audio: HTMLAudioElement, heard: ReadonlySet<Side>) {
    const splitter = this.context.createChannelSplitter(2);
    this.context.createMediaElementSource(audio).connect(splitter);
    for (const [side, channel, pan] of PLACES) {
      const gain = this.context.createGain();
      splitter.connect(gain, channel);
      gain.connect(new StereoPannerNode(this.context, { pan })).connect(this.context.destination);
      this.gains.set(side, gain);
    }
    this.hear(heard);
  }

  hear(heard: ReadonlySet<Side>): void {
    for (const [side, gain] of this.gains) gain.gain.value = heard.has(side) ? 1 : 0;
  }

  /** How loud a side is let through, 0..1. */
  level(side: Side): number {
    return this.gains.get(side)?.gain.value ?? 0;
  }

  async resume(): Promise<void> {
    await this.context.resume();
  }

  close(): void {
    void this.context.close();
  }
}
