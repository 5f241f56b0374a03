// The last resort where the gateway is gone: plain prompts of a snapshot, sent to the API directly.
import { readFileSync } from "node:fs";

const snapshot = JSON.parse(readFileSync("prompts.json", "utf8")); // promptctl get --all --versions --format json

/** What `responses.create` takes instead of `prompt`. */
export function request(id: string, version?: string, variables: Record<string, string> = {}) {
  const versions = (e: any) => [e.document.source?.version, ...(e.document.source?.versions ?? [])].map(String);
  const found = [...snapshot.prompts, ...(snapshot.versions ?? [])]
    .filter((e) => id === e.name || id === e.document.source?.id)
    .find((e) => version === undefined || (id === e.name ? String(e.version) === version : versions(e).includes(version)));
  if (!found?.plain) throw new Error(`${id} is not in the snapshot, or more than a plain template`);
  const value = (name: string) => {
    if (!(name in variables)) throw new Error(`${name} has no value`);
    return variables[name];
  };
  const fill = (text: string) => text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => value(name));
  const text = (c: any) => (typeof c === "string" ? c : c.map((part: any) => part.text).join(""));
  const input = found.document.messages.map((m: any) => ({ role: m.role, content: fill(text(m.content)) }));
  return { model: found.document.model.replace(/^[^/]*\//, ""), input };
}

// client.responses.create(request("pmpt_…", "6", { word: "cat" }))
