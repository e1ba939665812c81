/** The values that travel between the page's modules. */

export type Way = "token" | "password" | "code";

/** `GET chat/settings` */
export interface Settings {
  /** How one may sign in; none: only the place of the browser counts. */
  ways: Way[];
  /** This browser may use the model as it is. */
  admitted: boolean;
  /** The model of a new dialogue. */
  default: string | null;
  /** Model → what people call it. */
  names: Record<string, string>;
}

export interface Model {
  id: string;
  /** What people call it. */
  name: string;
  /** Tokens of prompt and answer together. */
  context: number | null;
}

/** What is sent with each request beside the messages; what is left out is the model's own default. */
export interface Parameters {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  seed?: number;
  stop?: string[];
}

export interface Usage {
  prompt: number;
  answer: number;
}

/** Why an answer did not come, or not to its end. */
export interface Failure {
  kind: "offline" | "signed_out" | "forbidden" | "model" | "too_long" | "too_large" | "busy" | "often" | "broken" | "request" | "server";
  /** The API's own words. */
  message: string;
  /** Seconds after which it may be tried again. */
  wait?: number;
}

/** `writing`: it is being generated; `stopped`: by the person; `broken`: by anything else; `cut`: by max_tokens; `filtered`: by the censor. */
export type State = "writing" | "done" | "stopped" | "broken" | "cut" | "filtered";

/** A question or an answer. Those with one parent are versions of each other. */
export interface Turn {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  text: string;
  /** Milliseconds since 1970. */
  at: number;
  state: State;
  reasoning?: string;
  model?: string;
  failure?: Failure;
  usage?: Usage;
  seconds?: number;
}

export interface Dialogue {
  id: string;
  title: string;
  /** The person gave the title; else it follows the first question. */
  named: boolean;
  model: string;
  system: string;
  parameters: Parameters;
  turns: Turn[];
  /** The last turn of the version that is shown. */
  leaf: string | null;
  /** What is being written and was not sent. */
  draft: string;
  created: number;
  changed: number;
}

/** One piece of an answer. */
export interface Piece {
  text: string;
  reasoning: string;
  finish: string | null;
  usage: Usage | null;
}

export type Inline =
  | string
  | { kind: "strong" | "em" | "del"; parts: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "link"; href: string; parts: Inline[] }
  | { kind: "break" };

export type Block =
  | { kind: "paragraph"; parts: Inline[] }
  | { kind: "heading"; level: number; parts: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "list"; start: number | null; items: Block[][] }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "table"; align: ("left" | "center" | "right" | "")[]; head: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" };
