// The phone in the page, an agent's or a supervisor's: one tab holds it, Asterisk's call to it is answered by itself, and
// a desk that was loaded anew has itself called again.
import { Line, type Server } from "./softphone_line";
import { Sound, type Trouble } from "./softphone_sound";

const ASK_AFTER_MS = 300; // a call that is on its way arrives within this
const METER_MS = 100;

type State = Trouble | "connecting" | "elsewhere" | "ready" | "online" | "recovering" | "refused" | "unreachable";

const strip = document.getElementById("softphone");
if (strip) void run(strip);

async function run(strip: HTMLElement): Promise<void> {
  const sound = new Sound();
  if (!sound.possible || !navigator.locks) {
    show(strip, "insecure");
    return;
  }
  await alone(`softphone ${strip.dataset["login"]}`, () => show(strip, "elsewhere"));
  show(strip, "connecting");
  await sound.opened((trouble) => show(strip, trouble));
  const servers = await credentials(strip.dataset["phone"] ?? "");
  if (servers.length === 0) {
    show(strip, "refused");
    return;
  }
  new Phone(strip, sound, servers);
}

/** Resolves when no other tab has the phone; it is this tab's then, until the tab is gone. */
function alone(name: string, waits: () => void): Promise<void> {
  const forever = new Promise<void>(() => undefined);
  return new Promise((held) => {
    void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock) {
        held();
        return forever;
      }
      waits();
      void navigator.locks.request(name, () => (held(), forever));
      return undefined;
    });
  });
}

async function credentials(from: string): Promise<Server[]> {
  const answer = await fetch(from, { headers: { Accept: "application/json" }, cache: "no-store" });
  return answer.ok ? ((await answer.json()) as { servers: Server[] }).servers : [];
}

/** Says it in the words of the page. A fault opens the menu, which explains it, unless a customer is on the line. */
function show(strip: HTMLElement, state: State): void {
  if (strip.dataset["state"] === state) return;
  strip.dataset["state"] = state;
  for (const words of strip.querySelectorAll<HTMLElement>("[data-when]")) {
    words.hidden = !(words.dataset["when"] ?? "").split(" ").includes(state);
  }
  const menu = strip.querySelector("details");
  const talking = document.getElementById("desk")?.dataset["state"] === "TALKING";
  const explained = strip.querySelector(`p[data-when~="${state}"]`) !== null;
  if (menu && explained !== "explains" in menu.dataset && !(explained && talking)) {
    menu.open = menu.toggleAttribute("data-explains", explained);
  }
}

class Phone {
  private readonly lines: Line[];
  private asking = 0;

  constructor(
    private readonly strip: HTMLElement,
    private readonly sound: Sound,
    servers: Server[],
  ) {
    this.lines = servers.map((server) => new Line(server, sound, (line) => this.changed(line)));
    sound.changed = () => this.microphoneChanged();
    this.listDevices();
    this.listen();
    setInterval(() => this.measure(), METER_MS);
  }

  private get state(): State {
    const line = this.lines.find((each) => each.up);
    if (this.sound.trouble) return this.sound.trouble;
    if (line) return line.sounds ? "online" : "recovering";
    if (this.lines.some((each) => each.registered)) return "ready";
    if (this.lines.every((each) => each.refused)) return "refused";
    return this.lines.every((each) => each.away) ? "unreachable" : "connecting";
  }

  private changed(line: Line): void {
    show(this.strip, this.state);
    const test = this.strip.querySelector("button");
    if (test) test.disabled = this.state === "online" || this.state === "recovering";
    if (line.up) this.only(line);
    clearTimeout(this.asking);
    if (!this.strip.dataset["callAgain"]) return; // nobody sits here: who wants to listen says so
    if (this.state !== "ready" || this.lines.some((each) => each.taken)) return;
    this.asking = window.setTimeout(() => void this.ask(), ASK_AFTER_MS);
  }

  /** A leg that another server still holds is not the seat's any more. */
  private only(line: Line): void {
    for (const other of this.lines) if (other !== line) other.hangUp();
  }

  /** We are reachable and hold no leg: should the agent sit at the desk, it is called now. */
  private async ask(): Promise<void> {
    const headers = { "X-CSRF-Token": this.strip.dataset["csrf"] ?? "", "X-Unasked": "1" };
    await fetch(this.strip.dataset["callAgain"] ?? "", { method: "POST", headers });
  }

  private listen(): void {
    window.addEventListener("pagehide", () => this.lines.forEach((line) => line.hangUp()));
    navigator.mediaDevices.addEventListener("devicechange", () => this.listDevices());
    for (const choice of this.strip.querySelectorAll("select")) {
      choice.addEventListener("change", () => {
        void this.sound.choose(choice.name === "microphone" ? "audioinput" : "audiooutput", choice.value);
        choice.blur(); // the keys are the desk's again
      });
    }
    this.strip.querySelector("button")?.addEventListener("click", () => this.sound.hearYourself());
  }

  private microphoneChanged(): void {
    for (const line of this.lines) line.useMicrophone();
    show(this.strip, this.state);
    this.listDevices();
  }

  private listDevices(): void {
    void this.sound.devices().then((devices) => {
      for (const choice of this.strip.querySelectorAll("select")) {
        const kind = choice.name === "microphone" ? "audioinput" : "audiooutput";
        const offered = devices.filter((device) => device.kind === kind && device.label !== "");
        choice.replaceChildren(...offered.map((device) => new Option(device.label, device.deviceId)));
        choice.value = this.sound.chosen(kind);
        if (choice.selectedIndex < 0) choice.selectedIndex = 0;
      }
    });
  }

  private measure(): void {
    for (const meter of this.strip.querySelectorAll("meter")) {
      meter.value = meter.dataset["of"] === "microphone" ? this.sound.spoken : this.sound.heard;
    }
  }
}
