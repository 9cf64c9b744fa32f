// Microphone and speaker: which ones, how loud, and why there is none.

const ECHO_SECONDS = 8;
const ECHO_DELAY_SECONDS = 1;
const AGAIN_MS = 2000;

export type Trouble = "insecure" | "blocked" | "missing" | "taken";
type Kind = "audioinput" | "audiooutput";

export class Sound {
  trouble: Trouble | null = null;
  changed: () => void = () => undefined;
  private stream: MediaStream | null = null;
  private context: AudioContext | null = null;
  private readonly speaker = new Audio();
  private readonly loop = new Audio();
  private ours: AnalyserNode | null = null;
  private theirs: AnalyserNode | null = null;

  /** Browsers show the microphone to pages that came by HTTPS, or from this very machine. */
  get possible(): boolean {
    return window.isSecureContext && "mediaDevices" in navigator;
  }

  get microphone(): MediaStream | null {
    return this.stream;
  }

  /** How loud we are, and they are, from 0 to 1. */
  get spoken(): number {
    return loudness(this.ours);
  }

  get heard(): number {
    return loudness(this.theirs);
  }

  /** Resolves when there is a microphone; until then says what is in its way, and tries again. */
  async opened(inTheWay: (trouble: Trouble) => void): Promise<void> {
    while (!(await this.open())) {
      if (this.trouble) inTheWay(this.trouble);
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }

  async choose(kind: Kind, device: string): Promise<void> {
    localStorage.setItem(`softphone.${kind}`, device);
    if (kind === "audioinput") await this.open();
    else await this.speakInto();
  }

  chosen(kind: Kind): string {
    return localStorage.getItem(`softphone.${kind}`) ?? "default";
  }

  devices(): Promise<MediaDeviceInfo[]> {
    return navigator.mediaDevices.enumerateDevices();
  }

  /** What comes in from the line. */
  play(stream: MediaStream): void {
    this.speaker.srcObject = stream;
    this.theirs = this.meter(stream);
    void this.speakInto().then(() => this.speaker.play());
  }

  /** The echo test: what is said comes back a second later, through the chosen speaker. */
  hearYourself(): void {
    if (!this.stream || !this.context || this.loop.srcObject) return;
    void this.context.resume();
    const source = this.context.createMediaStreamSource(this.stream);
    const late = this.context.createDelay(ECHO_DELAY_SECONDS);
    const back = this.context.createMediaStreamDestination();
    late.delayTime.value = ECHO_DELAY_SECONDS;
    source.connect(late).connect(back);
    this.loop.srcObject = back.stream;
    void this.loop.play();
    setTimeout(() => {
      source.disconnect();
      this.loop.srcObject = null;
    }, ECHO_SECONDS * 1000);
  }

  private async open(): Promise<boolean> {
    const audio = { deviceId: { ideal: this.chosen("audioinput") } };
    try {
      this.use(await navigator.mediaDevices.getUserMedia({ audio }));
      this.trouble = null;
    } catch (error) {
      this.trouble = troubleOf(error);
    }
    this.changed();
    return this.trouble === null;
  }

  private use(stream: MediaStream): void {
    const before = this.stream;
    this.stream = stream;
    this.ours = this.meter(stream);
    const [track] = stream.getAudioTracks();
    track?.addEventListener("ended", () => {
      if (this.stream === stream) void this.opened(() => this.changed()); // unplugged: another, or none
    });
    before?.getTracks().forEach((old) => old.stop());
  }

  private async speakInto(): Promise<void> {
    for (const each of [this.speaker, this.loop]) {
      try {
        await each.setSinkId(this.chosen("audiooutput"));
      } catch {
        await each.setSinkId(""); // it is not plugged in today: the machine's own choice
      }
    }
  }

  private meter(stream: MediaStream): AnalyserNode {
    this.context ??= new AudioContext();
    void this.context.resume();
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(analyser);
    return analyser;
  }
}

function loudness(analyser: AnalyserNode | null): number {
  if (!analyser) return 0;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-6) / 6)); // -60 dB to full scale
}

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "taken";
}
