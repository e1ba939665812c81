/** Shapes of the protocol `ses.v1`, known to all modules; for the type checker only, never served. */

type Button = { text: string; id?: string; url?: string; request?: "" | "phone" | "location" };

type Attachment = {
  kind: "image" | "file" | "audio" | "voice" | "video" | "location" | "contact" | "sticker";
  name?: string;
  url?: string;
  mime?: string;
  size?: number;
  value?: unknown;
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
};

type Settings = {
  name: string;
  title: string | Record<string, string>;
  color: string;
  type: "chat" | "assistant";
  host: string;
};

type Frame =
  | { type: "welcome"; session: string; key: string | null; settings: { upload?: number }; messages: Shown[] }
  | Shown
  | { type: "ack"; id: string }
  | { type: "delta"; id: string; attempt: number; at: number; text: string }
  | { type: "typing"; on: boolean }
  | { type: "pong" }
  | { type: "error"; code: string; message: string; id?: string; retry_after?: number };

/**
 * A message of the visitor that the daemon has not acknowledged. `text` of a press is its label; `of`: the message
 * whose text this replaces.
 */
type Unsent = { id: string; n: number; at: number; text: string; button?: string; of?: string; files?: Uploaded[] };

/** A file of the visitor's; `id` once it is stored. */
type Uploaded = Attachment & { id?: string };

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
  /** Why it failed: a code of the protocol. */
  reason?: string;
};

type Link = "idle" | "connecting" | "open" | "offline" | "displaced";

interface View {
  /** Forget every line. */
  reset(): void;
  /** Draw a line, or draw it anew if its id is there. */
  show(entry: Entry, live: boolean): void;
  /** How many bytes a file may have; 0: none may be sent. */
  files(largest: number): void;
  typing(on: boolean): void;
  link(state: Link): void;
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
  /** Bring a file up; fails when the daemon does not take it. */
  upload(pair: Pair, file: File): Promise<Uploaded>;
  now(): number;
  random(): number;
  id(): string;
  later(milliseconds: number, work: () => void): number;
  cancel(timer: number): void;
}
