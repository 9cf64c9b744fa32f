// The line to one Asterisk: registered over a WebSocket, and the leg when it calls.
//
// A socket that is lost takes nothing with it: sound goes its own way, and the leg at Asterisk stays up. When we are
// registered again, a re-INVITE tells Asterisk where we are now and opens the sound's way anew (ICE restart).
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { RTCSessionEvent, UnRegisteredEvent } from "jssip/lib/UA";
import type { Sound } from "./softphone_sound";

const REGISTERED_FOR_SECONDS = 60; // Asterisk forgets a browser that vanished within this
const RECONNECT_SECONDS = 1;
const GIVE_UP_MS = 10_000; // a way that does not open anew within this never will: a new leg is asked for

export interface Server {
  name: string;
  websocket: string;
  user: string;
  password: string;
  caller: string;
}

export class Line {
  registered = false;
  refused = false;
  away = false;
  private session: RTCSession | null = null;
  private giveUp = 0;
  private readonly agent: JsSIP.UA;

  constructor(
    private readonly server: Server,
    private readonly sound: Sound,
    private readonly changed: (line: Line) => void,
  ) {
    const host = new URL(server.websocket).hostname;
    this.agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server.websocket)],
      uri: `sip:${server.user}@${host}`,
      password: server.password,
      register_expires: REGISTERED_FOR_SECONDS,
      session_timers: false,
      connection_recovery_min_interval: RECONNECT_SECONDS,
      connection_recovery_max_interval: 4 * RECONNECT_SECONDS,
    });
    this.agent.on("registered", () => this.found());
    this.agent.on("unregistered", () => this.set({ registered: false }));
    this.agent.on("disconnected", () => this.set({ registered: false, away: true }));
    this.agent.on("registrationFailed", (failed) => this.failed(failed));
    this.agent.on("newRTCSession", (call: RTCSessionEvent) => this.called(call.session));
    this.agent.start();
  }

  /** Whether the seat's leg is up, or on its way. */
  get taken(): boolean {
    return this.session !== null;
  }

  /** Whether the seat's leg is up. */
  get up(): boolean {
    return this.session?.isEstablished() ?? false;
  }

  /** Whether sound can go both ways, and Asterisk can reach us. */
  get sounds(): boolean {
    const way = this.session?.connection?.iceConnectionState;
    return this.registered && (way === "connected" || way === "completed");
  }

  hangUp(): void {
    if (this.session && !this.session.isEnded()) this.session.terminate();
  }

  /** Speak through the microphone that is chosen now. */
  useMicrophone(): void {
    const [track] = this.sound.microphone?.getAudioTracks() ?? [];
    if (track) for (const sender of this.session?.connection?.getSenders() ?? []) void sender.replaceTrack(track);
  }

  private set(now: Partial<Pick<Line, "registered" | "refused" | "away">>): void {
    Object.assign(this, now);
    this.changed(this);
  }

  private found(): void {
    if (this.up) this.openAnew();
    this.set({ registered: true, refused: false, away: false });
  }

  private failed(failed: UnRegisteredEvent): void {
    this.set({ registered: false, refused: failed.response !== null, away: failed.response === null });
  }

  /** Only the call that names this phone's own seat or browser is taken: nobody else's may open the microphone. */
  private called(session: RTCSession): void {
    const microphone = this.sound.microphone;
    if (session.remote_identity.display_name !== this.server.caller || !microphone) {
      session.terminate({ status_code: 480 });
      return;
    }
    this.hangUp();
    this.session = session;
    session.on("peerconnection", ({ peerconnection }) => this.follow(session, peerconnection));
    session.on("confirmed", () => this.changed(this));
    session.on("ended", () => this.over(session));
    session.on("failed", () => this.over(session));
    this.changed(this);
    session.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  }

  private follow(session: RTCSession, connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ streams: [stream] }) => stream && this.sound.play(stream));
    connection.addEventListener("iceconnectionstatechange", () => {
      if (this.session !== session) return;
      if (connection.iceConnectionState === "failed") this.openAnew();
      this.changed(this);
    });
  }

  private openAnew(): void {
    const session = this.session;
    session?.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
    clearTimeout(this.giveUp);
    this.giveUp = window.setTimeout(() => {
      if (this.session === session && this.registered && !this.sounds) this.hangUp();
    }, GIVE_UP_MS);
  }

  private over(session: RTCSession): void {
    if (this.session !== session) return;
    this.session = null;
    this.changed(this);
  }
}
