// The player of a recording: both sides to see and to hear, answers to jump to. Everything it says is in the page.
import { clock } from "./clock";
import { Sides } from "./sides";
import { draw, Waveform, type Gap, type Part, type Side } from "./waveform";

const STEP_SECONDS = 5;
const JUST_BEFORE_SECONDS = 1.5; // "the answer before" means the one before this, once it has begun
const RATE = "player.rate";
const SKIP = "player.skip"; // habits of the person, nothing of the customer, so they may stay in the browser

interface Answer {
  button: HTMLButtonElement;
  from: number;
  until: number;
  marker: HTMLButtonElement;
}

export class SoundPlayer extends HTMLElement {
  static last: SoundPlayer | null = null;

  private readonly gone = new AbortController();
  private readonly muted = new Set<Side>();
  private solo: Side | null = null;
  private answers: Answer[] = [];
  private wave: Waveform | null = null;
  private gaps: Gap[] = [];
  private sides: Sides | null = null;
  private wanted: number | null = null; // where to begin, until the browser knows the sound

  connectedCallback(): void {
    const signal = this.gone.signal;
    this.answers = this.findAnswers();
    this.audio.addEventListener("loadedmetadata", () => this.take(), { signal });
    for (const event of ["play", "pause", "seeked", "timeupdate", "ended"]) {
      this.audio.addEventListener(event, () => this.show(), { signal });
    }
    this.audio.addEventListener("play", () => this.run(), { signal });
    this.audio.addEventListener("error", () => this.field("fault").toggleAttribute("hidden", false), { signal });
    this.addEventListener("click", (event) => this.onClick(event), { signal });
    this.addEventListener("input", (event) => this.onInput(event), { signal });
    new ResizeObserver(() => this.show()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show(), { signal });
    this.recall();
    this.wanted = this.number("start");
    this.show();
    this.lookWhenSeen();
    if (this.closest("[data-plays]")) {
      this.markItsResult();
      this.hear(this.wanted); // it came by a click on its result
    }
  }

  disconnectedCallback(): void {
    this.gone.abort();
    this.audio.pause();
    this.sides?.close();
  }

  private markItsResult(): void {
    document.querySelector("tr.playing")?.classList.remove("playing");
    document.activeElement?.closest("tr")?.classList.add("playing");
  }

  get audio(): HTMLAudioElement {
    return this.querySelector("audio") as HTMLAudioElement;
  }

  get at(): number {
    return this.wanted ?? this.audio.currentTime;
  }

  /** Hear the sound from a place on. */
  hear(from: number): void {
    this.seek(from);
    this.play();
  }

  toggle(): void {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  seek(seconds: number): void {
    const to = Math.min(Math.max(0, seconds), this.number("seconds"));
    if (this.audio.readyState >= HTMLMediaElement.HAVE_METADATA) this.audio.currentTime = to;
    else this.wanted = to;
    this.show();
  }

  /** To the answer before or after the place that is heard. */
  step(by: -1 | 1): void {
    const after = this.answers.find((each) => each.from > this.at + 0.05);
    const before = this.answers.findLast((each) => each.from < this.at - JUST_BEFORE_SECONDS);
    const next = by > 0 ? after : before;
    if (next) this.hear(next.from);
  }

  answer(number: number): void {
    const found = this.answers[number - 1];
    if (found) this.hear(found.from);
  }

  faster(by: -1 | 1): void {
    const speed = this.control<HTMLSelectElement>("speed");
    speed.selectedIndex = Math.min(Math.max(0, speed.selectedIndex + by), speed.options.length - 1);
    this.adjust();
  }

  skip(): void {
    const box = this.control<HTMLInputElement>("skip");
    box.checked = !box.checked;
    this.adjust();
  }

  help(): void {
    const menu = this.querySelector("details") as HTMLDetailsElement;
    menu.open = !menu.open;
  }

  private play(): void {
    for (const other of document.querySelectorAll<SoundPlayer>("sound-player")) if (other !== this) other.audio.pause();
    SoundPlayer.last = this;
    if (this.sides === null && this.querySelector("[data-do=solo]")) this.sides = new Sides(this.audio, this.heard());
    void this.sides?.resume();
    this.audio.play().catch(() => this.show()); // refused, or paused again: the button says so
  }

  private take(): void {
    if (this.wanted !== null) this.audio.currentTime = this.wanted;
    this.wanted = null;
    this.adjust();
  }

  /** A case may have many recordings; those that nobody scrolls to need no picture. */
  private lookWhenSeen(): void {
    const watch = new IntersectionObserver((seen) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      watch.disconnect();
      void this.look();
    });
    watch.observe(this);
  }

  private async look(): Promise<void> {
    try {
      this.wave = await Waveform.load(this.dataset["waveform"] ?? "", this.gone.signal);
    } catch {
      return; // it is heard without a picture as well
    }
    this.gaps = this.wave.gaps();
    this.dataset["drawn"] = "";
    this.show();
  }

  private run(): void {
    if (this.audio.paused || this.gone.signal.aborted) return;
    this.show();
    requestAnimationFrame(() => this.run());
  }

  private show(): void {
    if (!this.audio.paused) this.overSilence();
    const [at, seconds] = [this.at, this.number("seconds")];
    draw(this.canvas, this.wave, seconds, at, this.own);
    this.toggleAttribute("playing", !this.audio.paused);
    this.field("elapsed").textContent = clock(at);
    const range = this.control<HTMLInputElement>("seek");
    range.value = String(at);
    range.setAttribute("aria-valuetext", `${clock(at)} / ${clock(seconds)}`);
    this.mark(this.answers.find((each) => at < each.until && (at >= each.from || !this.audio.paused)));
  }

  private mark(now: Answer | undefined): void {
    for (const each of this.answers) {
      const current = each === now;
      if (each.button.hasAttribute("aria-current") === current) continue;
      if (current) each.button.setAttribute("aria-current", "true");
      else each.button.removeAttribute("aria-current");
      each.button.closest("tr")?.classList.toggle("now", current);
      each.marker.classList.toggle("now", current);
    }
    this.field("answer").textContent = now?.button.dataset["title"] ?? "";
  }

  private overSilence(): void {
    if (!this.control<HTMLInputElement>("skip").checked) return;
    const at = this.audio.currentTime;
    const gap = this.gaps.find((each) => at > each.from && at < each.to - 0.1);
    if (gap && !this.audio.seeking) this.audio.currentTime = gap.to;
  }

  private onClick(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>("button[data-do]");
    const side = button?.closest<HTMLElement>("[data-side]")?.dataset["side"] as Side;
    if (button?.dataset["do"] === "play") this.toggle();
    if (button?.dataset["do"] === "solo") this.solo = this.solo === side ? null : side;
    if (button?.dataset["do"] === "mute" && !this.muted.delete(side)) this.muted.add(side);
    this.press();
  }

  private press(): void {
    const heard = this.heard();
    this.sides?.hear(heard);
    for (const element of this.querySelectorAll<HTMLElement>("[data-side]")) {
      const side = element.dataset["side"] as Side;
      element.classList.toggle("off", !heard.has(side));
      element.querySelector("[data-do=solo]")?.setAttribute("aria-pressed", String(this.solo === side));
      element.querySelector("[data-do=mute]")?.setAttribute("aria-pressed", String(this.muted.has(side)));
    }
  }

  private heard(): Set<Side> {
    const sides = [...this.querySelectorAll<HTMLElement>("[data-side]")].map((each) => each.dataset["side"] as Side);
    return new Set(sides.filter((side) => (this.solo === null ? !this.muted.has(side) : side === this.solo)));
  }

  private onInput(event: Event): void {
    if (event.target === this.control("seek")) this.seek(Number(this.control<HTMLInputElement>("seek").value));
    else this.adjust();
  }

  private adjust(): void {
    const rate = this.control<HTMLSelectElement>("speed").value;
    this.audio.playbackRate = Number(rate);
    localStorage.setItem(RATE, rate);
    localStorage.setItem(SKIP, this.control<HTMLInputElement>("skip").checked ? "1" : "");
  }

  private recall(): void {
    this.control<HTMLSelectElement>("speed").value = localStorage.getItem(RATE) ?? "1";
    this.control<HTMLInputElement>("skip").checked = localStorage.getItem(SKIP) === "1";
  }

  /** Those beside it: while a page is changed, the ones of the player that goes are still in the document. */
  private findAnswers(): Answer[] {
    const beside = this.parentElement ?? document;
    const buttons = beside.querySelectorAll<HTMLButtonElement>(`button.seek[data-player="${this.id}"]`);
    this.querySelector(".markers")?.replaceChildren();
    return [...buttons].map((button, index) => {
      const [from, until] = [Number(button.dataset["from"]), Number(button.dataset["until"])];
      return { button, from, until, marker: this.marker(button, from, index + 1) };
    });
  }

  /** For the mouse; the keyboard has the buttons of the table. */
  private marker(button: HTMLButtonElement, from: number, number: number): HTMLButtonElement {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.tabIndex = -1;
    marker.className = button.dataset["value"] ?? "";
    marker.textContent = String(number);
    marker.title = `${clock(from)} ${button.dataset["title"] ?? ""}`;
    marker.style.left = `${(100 * from) / this.number("seconds")}%`;
    marker.addEventListener("click", () => this.hear(from));
    this.querySelector(".markers")?.append(marker);
    return marker;
  }

  private get canvas(): HTMLCanvasElement {
    return this.querySelector("canvas") as HTMLCanvasElement;
  }

  private get own(): Part {
    return { from: this.number("start"), to: this.number("end") };
  }

  private number(name: string): number {
    return Number(this.dataset[name]);
  }

  private field(name: string): HTMLElement {
    return this.querySelector(`[data-show=${name}]`) as HTMLElement;
  }

  private control<Control extends HTMLElement>(name: string): Control {
    return this.querySelector(`[data-do=${name}]`) as Control;
  }
}

const BUTTONS = "button.seek, sound-player button"; // after the mouse they leave the space key to the player

/** Click an answer, hear it; and the keys. */
export function playRecordings(): void {
  customElements.define("sound-player", SoundPlayer);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button") : null;
    const player = button && document.getElementById(button.dataset["player"] ?? "");
    if (button && player instanceof SoundPlayer) player.hear(Number(button.dataset["from"]));
    if (event.detail > 0 && button?.matches(BUTTONS)) button.blur();
  });
  document.addEventListener("keydown", onKey);
}

/** The one that has the focus, or was heard last, or is first on the page. */
function meant(): SoundPlayer | null {
  const focused = document.activeElement?.closest<SoundPlayer>("sound-player");
  const last = SoundPlayer.last?.isConnected ? SoundPlayer.last : null;
  return focused ?? last ?? document.querySelector<SoundPlayer>("sound-player");
}

const KEYS: Readonly<Record<string, (player: SoundPlayer) => void>> = {
  Space: (player) => player.toggle(),
  KeyK: (player) => player.toggle(),
  ArrowLeft: (player) => player.seek(player.at - STEP_SECONDS),
  ArrowRight: (player) => player.seek(player.at + STEP_SECONDS),
  KeyJ: (player) => player.step(-1),
  KeyL: (player) => player.step(1),
  KeyS: (player) => player.skip(),
  Minus: (player) => player.faster(-1),
  NumpadSubtract: (player) => player.faster(-1),
  Equal: (player) => player.faster(1),
  NumpadAdd: (player) => player.faster(1),
  Slash: (player) => player.help(),
};

function onKey(event: KeyboardEvent): void {
  const player = event.ctrlKey || event.altKey || event.metaKey || event.isComposing ? null : meant();
  if (player === null || typing(event)) return;
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const act = number ? (): void => player.answer(Number(number)) : KEYS[event.code];
  if (!act) return;
  event.preventDefault();
  act(player);
}

/** A field takes its letters, a list its arrows, a button its space. */
function typing(event: KeyboardEvent): boolean {
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  if (target.matches("input:not([type=range], [type=checkbox]), textarea, select")) return true;
  return event.code === "Space" && target.matches("button, summary, [type=checkbox]");
}
