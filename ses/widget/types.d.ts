/** Shapes of the protocol `ses.v1`, known to all modules; for the type checker only, never served. */

type Button = { text: string; id?: string; url?: string; request?: "" | "phone" | "location" };

type Attachment = {
  kind: "image" | "file" | "audio" | "voice" | "video" | "location" | "contact" | "sticker";
  name?: string;
  url?: string;
  mime?: string;
  size?: number;
  value?: unknown;
  /** Of what the visitor sent himself: the id under which the daemon gives it back. */
  upload?: string;
};

type Shown = {
  type: "message";
  id: string;
  from: "robot" | "operator" | "visitor";
  /** Absent for the visitor's own. */
  seq?: number;
  at?: number;
  text?: string;
  buttons?: Button[];
  attachments?: Attachment[];
  format?: "plain" | "markdown";
  of?: string;
  /** What was recognised in the visitor's voice. */
  transcript?: string;
};

/** What the daemon takes. `upload`: bytes of a file, 0 for none. */
type Offer = { upload?: number; microphone?: boolean; elsewhere?: string[] };

type Settings = {
  name: string;
  title: string | Record<string, string>;
  color: string;
  type: "chat" | "assistant";
  host: string;
};

type Frame =
  | { type: "welcome"; session: string; key: string | null; settings: Offer; messages: Shown[]; another?: boolean }
  | Shown
  | { type: "ack"; id: string }
  | { type: "delta"; id: string; attempt: number; at: number; text: string }
  | { type: "typing"; on: boolean }
  | { type: "transcript"; of: string; text: string }
  | { type: "pong" }
  | { type: "elsewhere"; id: string; url: string; qr: { size: number; path: string } }
  | { type: "error"; code: string; message: string; id?: string; retry_after?: number };

/**
 * A message of the visitor that the daemon has not acknowledged. `text` of a press is its label; `of`: the message
 * whose text this replaces.
 */
type Unsent = { id: string; n: number; at: number; text: string; button?: string; of?: string; files?: Uploaded[] };

/** A file of the visitor's; `id` once it is stored, `seconds` of a recording. */
type Uploaded = Attachment & { id?: string; seconds?: number };

/** A link on which the conversation goes on in a messenger. */
type Way = { url: string; qr: { size: number; path: string } };

type Pair = { session: string; key: string };

/** One line of the dialogue as the view draws it. */
type Entry = {
  id: string;
  from: "robot" | "operator" | "visitor";
  text: string;
  /** Milliseconds since 1970; 0: unknown. */
  at: number;
  buttons: Button[];
  attachments: Attachment[];
  format: "plain" | "markdown";
  state: "sent" | "waiting" | "failed" | "streaming";
  /** Why it failed: a code of the protocol, `upload`, `too_many` or `gone`. */
  reason?: string;
  /** What was recognised in the visitor's voice. */
  transcript?: string;
  /** A file of it is still on its way. */
  coming?: boolean;
  /** Gives the bytes of the visitor's own files. */
  content?: (attachment: Attachment) => Promise<Blob>;
};

/** The dialogue as messages with files see it. */
interface Desk {
  unsent: Map<string, Unsent>;
  pair(): Pair | null;
  /** Bytes a file may have. */
  largest(): number;
  /** A new message, not shown yet. */
  compose(what: Partial<Unsent>): Unsent;
  show(message: Unsent, state: Entry["state"], live: boolean): void;
  share(id: string, share: number): void;
  /** Keep a message and send it as soon as may be; the visitor wishes so. */
  hand(message: Unsent): void;
  /** Keep a message and send it if there is a connection. */
  keep(message: Unsent): void;
  fail(id: string, reason: string): void;
  /** Forget a message as if it had never been. */
  remove(id: string): void;
}

type Link = "idle" | "connecting" | "open" | "offline" | "displaced";

interface View {
  /** Forget every line. */
  reset(): void;
  /** Draw a line, or draw it anew if its id is there. */
  show(entry: Entry, live: boolean): void;
  /** Take a line away. */
  forget(id: string): void;
  /** What may be sent beside texts. */
  offer(settings: Offer): void;
  /** How much of a message's file has gone up: 0 to 1. */
  share(id: string, share: number): void;
  /** What was recognised in a voice message. */
  heard(id: string, text: string): void;
  /** Messengers in which the conversation may go on; `ask` brings a link, or null. */
  elsewhere(names: string[], ask: (to: string) => Promise<Way | null>): void;
  typing(on: boolean): void;
  link(state: Link): void;
  /** The site's word on who the visitor is was refused. */
  unidentified(reason: string): void;
}

interface Socket {
  send(text: string): void;
  close(): void;
  onopen: ((event: any) => unknown) | null;
  onmessage: ((event: any) => unknown) | null;
  onclose: ((event: any) => unknown) | null;
}

interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
  readonly length: number;
}

/** What the machine around the page gives; tests give their own. */
interface World {
  connect(): Socket;
  /** What keeps and carries files; loaded with the first. */
  files(): Promise<Files>;
  now(): number;
  random(): number;
  id(): string;
  later(milliseconds: number, work: () => void): number;
  cancel(timer: number): void;
}

interface Files {
  /** Bring a file up; fails with `status` (none: the network) and perhaps `retryAfter` in seconds. */
  upload(pair: Pair, file: File, how: { progress: (share: number) => void; signal: AbortSignal }): Promise<Uploaded>;
  /** Fetch back what was brought up. */
  fetch(pair: Pair, upload: string): Promise<Blob>;
  /** Keep a file over reloads. */
  keep(id: string, file: File): Promise<void>;
  kept(id: string): Promise<File | null>;
  unkeep(id: string): Promise<void>;
}
