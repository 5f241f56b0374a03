// The last resort where the gateway is gone: plain prompts of a snapshot, sent to the API directly.
import { readFileSync } from "node:fs";

// promptctl get --all --versions --format json > prompts.json, where the service is started
const snapshot = JSON.parse(readFileSync("prompts.json", "utf8"));
const names: any = { maxTokens: "max_output_tokens", maxCompletionTokens: "max_output_tokens", temperature: "temperature", topP: "top_p" };

/** What `responses.create` takes instead of `prompt`. */
export function request(id: string, version?: string, variables: Record<string, string> = {}) {
  const versions = (e: any) => [e.document.source?.version, ...(e.document.source?.versions ?? [])].map(String);
  const same = [...snapshot.prompts, ...(snapshot.versions ?? [])].filter((e) => id === e.name || id === e.document.source?.id);
  const pinned = same.filter((e) => (id === e.name ? String(e.version) === version : versions(e).includes(version as any)));
  // An edit may have kept the number: the first version that has it was it.
  const found = version === undefined ? same[0] : pinned.sort((a, b) => a.version - b.version)[0];
  const { document, variables: known } = found?.plain ? found : { document: { tools: null }, variables: [] };
  const parameters = Object.entries(document.modelParameters ?? {});
  const more = ["tools", "responseFormat", "extraBody"].some((key) => key in document) || parameters.some(([key]) => !names[key]);
  if (more) throw new Error(`${id} is not in the snapshot, or more than plain texts`);
  const given: any = { ...Object.fromEntries(known.map((v: any) => [v.name, v.default])), ...variables };
  const value = (name: string) => {
    if (typeof given[name] !== "string") throw new Error(`${name} has no value, or one that is no text`);
    return given[name];
  };
  const fill = (text: string) => text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => value(name));
  const text = (c: any) => (typeof c === "string" ? c : c.map((part: any) => part.text).join(""));
  const input = document.messages.map((m: any) => ({ role: m.role, content: fill(text(m.content)) }));
  const settings = Object.fromEntries(parameters.map(([key, value]) => [names[key], value]));
  return { model: document.model.replace(/^[^/]*\//, ""), input, ...settings };
}

// client.responses.create(request("pmpt_…", "6", { word: "cat" }))
