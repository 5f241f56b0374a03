/** The types of prompts.mjs. */

export interface Part { type: string; [key: string]: unknown }
export interface Message { role: "system" | "developer" | "user" | "assistant"; content: string | Part[] }

/** A snapshot, a prompt or a value that cannot be used. */
export class PromptError extends Error {}

/** The prompts of a snapshot, by name. A new snapshot takes over only when all of it is good. */
export class Prompts {
  constructor(path?: string, needed?: readonly string[]);
  /** Reads the file again; where something is wrong, this throws and the prompts stay as they were. */
  reload(): void;
  get(name: string): Prompt;
  names(): string[];
}

/** One prompt, ready to be filled in. */
export class Prompt {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  /** The messages, as `promptctl render --format json` prints them. */
  render(given?: Record<string, unknown>): Message[];
  /** What `responses.create` takes, as `promptctl render --format request` prints it. */
  request(given?: Record<string, unknown>): any;
}
