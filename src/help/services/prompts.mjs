// Reads prompts from a snapshot of promptctl and fills them in. Node 18 or later, nothing to install.
// For TypeScript put the types beside it: promptctl help services/prompts.d.mts > prompts.d.mts
//
//     promptctl get --all --env production --format json > prompts.json
//
//     const prompts = new Prompts("prompts.json", ["support/triage"]); // throws where one cannot be used
//     const prompt = prompts.get("support/triage");
//     await client.responses.create(prompt.request({ ticket }));
//     log.info("answered", { prompt: prompt.name, version: prompt.version, digest: prompt.digest });
//
// The messages are those of `promptctl render`, with every helper. What this file cannot do is refused when
// the snapshot is loaded: partials with a block, `{{#*inline}}`, raw blocks, `%Z` of other zones than UTC, and
// attachments by `path` that the snapshot does not hold (`get --all --versions` does). Of `input.schema` it
// checks types, `enum`, `required`, `items`, `properties`, `additionalProperties`, and the least and most of
// numbers, texts and lists. JavaScript does not tell 1.0 from 1, nor whole numbers beyond 2^53 apart, and it
// puts keys of a map that are whole numbers before all others. Dates before the year 1 are refused.
import { readFileSync } from "node:fs";

const MOST_TEXT = 40_000_000, MOST_STEPS = 2_000_000, MOST_NESTED = 127;
const MOST_TEMPLATE = 1_000_000, MOST_TAGS = 2_000, MOST_TAG = 64_000, MOST_BLOCKS = 100, MOST_BRACKETS = 50;
const MOST_PARTIALS = 50, MOST_LEVELS = 150, MOST_PIECES = 200_000;
const BLANK = "[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const START = new RegExp(`^${BLANK}`), END = new RegExp(`(?<!${BLANK.slice(0, -1)})${BLANK}$`);
const ROLES = ["system", "developer", "user", "assistant"];
const has = (map, key) => Object.hasOwn(map, key);
const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Num);
const copy = (value) => JSON.parse(JSON.stringify(value));
const bytes = (text) => new TextEncoder().encode(text).length;
const trimEnd = (text) => text.replace(END, ""), trim = (text) => trimEnd(text.replace(START, ""));

/** A snapshot, a prompt or a value that cannot be used. */
export class PromptError extends Error {}

function refuse(message) {
  throw new PromptError(message);
}

/** The prompts of a snapshot, by name. A new snapshot takes over only when all of it is good. */
export class Prompts {
  #path; #needed; #text = null; #live = new Map();

  constructor(path = "prompts.json", needed = []) {
    this.#path = path;
    this.#needed = needed;
    this.reload();
  }

  /** Reads the file again; where something is wrong, this throws and the prompts stay as they were. */
  reload() {
    let text, snapshot, live;
    try {
      text = readFileSync(this.#path, "utf8");
      if (text === this.#text) return;
      snapshot = JSON.parse(text);
      if (!isMap(snapshot)) throw new TypeError("it holds no map");
      if (snapshot.schema !== 1) refuse(`${this.#path}: a snapshot of schema ${snapshot.schema}, and 1 is known here`);
      live = new Map(snapshot.prompts.map((entry) => [entry.name, new Prompt(entry)]));
    } catch (error) {
      if (error instanceof PromptError) throw error;
      const what = error.code ? "cannot be read" : "is no snapshot of `promptctl get --all --format json`";
      throw new PromptError(`${this.#path} ${what}: ${error.message}`, { cause: error });
    }
    for (const name of this.#needed) if (!live.has(name)) refuse(`${this.#path}: ${name} is not among its prompts`);
    [this.#text, this.#live] = [text, live]; // from here on all callers see the new ones
  }

  get(name) {
    return this.#live.get(name) ?? refuse(`${name} is not in the snapshot`);
  }

  names() {
    return [...this.#live.keys()];
  }
}

/** One prompt: `name`, `version` (a number), `digest`, and what fills it in. */
export class Prompt {
  #variables; #attachments; #document; #schema; #partials; #messages;

  constructor(entry) {
    this.name = entry.name;
    this.version = entry.version;
    this.digest = entry.digest;
    this.#variables = entry.variables;
    this.#attachments = entry.attachments ?? {};
    this.#document = camelKeys(entry.document);
    this.#schema = this.#document.input?.schema ?? null;
    try {
      this.#partials = new Map(entry.partials.map((it) => [it.name, parse(it.text)]));
      this.#messages = this.#document.messages.map((it) => this.#message(it));
      const checked = new Check(this.#partials);
      for (const name of this.#partials.keys()) checked.partial(name, []);
      for (const nodes of this.#messages.flatMap(texts)) checked.body(nodes, []);
    } catch (error) {
      if (error instanceof PromptError) error.message = `${this.name} cannot be used here: ${error.message}`;
      throw error;
    }
  }

  #message(entry) {
    if (has(entry, "placeholder")) return { placeholder: entry.placeholder };
    const { role, content } = entry;
    return Array.isArray(content) ? { role, parts: content.map((it) => this.#part(it)) } : { role, content: parse(scalar(content)) };
  }

  #part(given) {
    if (!isMap(given)) return { type: "text", text: parse(scalar(given)) };
    const part = camelKeys(given);
    if (["text", "input_text", "output_text"].includes(part.type)) return { type: "text", text: parse(scalar(part.text)) };
    const type = ["image", "image_url", "input_image"].includes(part.type) ? "image" : "file";
    const url = part.url ?? part.imageUrl ?? part.fileUrl ?? part.fileData;
    for (const inner of [url, part.file]) {
      if (isMap(inner)) return this.#part({ type, ...("detail" in part ? { detail: part.detail } : {}), ...inner });
    }
    let made;
    if (url !== undefined) made = { type, url: parse(scalar(url)) };
    else if (part.path !== undefined) {
      if (!has(this.#attachments, part.path)) refuse(`the attachment ${part.path} is not in the snapshot; \`get --all --versions\` takes it along`);
      made = { type, url: [{ kind: "text", text: this.#attachments[part.path] }] };
    } else made = { type, fileId: parse(scalar(part.fileId)) };
    if (type === "image" && "detail" in part) made.detail = String(part.detail);
    if (type === "file" && "filename" in part) made.filename = parse(scalar(part.filename));
    return made;
  }

  /** The messages, as `promptctl render --format json` prints them. */
  render(given = {}) {
    return this.#rendered(given).map(([message]) => message);
  }

  /** What `responses.create` takes, as `promptctl render --format request` prints it. */
  request(given = {}) {
    const document = this.#document, messages = this.#rendered(given), body = {};
    const model = String(document.model ?? "").trim().replace(/^[^/]*\//, "");
    if (model) body.model = model; // else `extraBody` may name one
    let leading = messages.findIndex(([message, isOwn]) => !isOwn || !ROLES.slice(0, 2).includes(message.role));
    const lead = messages.slice(0, Math.max(leading, 0)).map(([message]) => onlyText(message.content));
    if (leading < 0 || lead.includes(null)) leading = 0;
    if (leading > 0) body.instructions = lead.join("\n\n");
    body.input = messages.slice(leading).map(([message]) => input(message));
    for (const [key, value] of Object.entries(document.modelParameters ?? {})) {
      const place = PARAMETERS.get(camel(key));
      if (!place || value === null) continue;
      const [outer, inner] = place.split(".");
      merge(body, { [outer]: inner ? { [inner]: value } : value });
    }
    const wanted = format(document);
    if (wanted) merge(body, { text: { format: wanted } });
    merge(body, document.extraBody ?? {});
    if (!body.model) refuse(`${this.name} names no model; \`render\` gives its messages for a call of your own`);
    return body;
  }

  #rendered(given) {
    try {
      const values = this.#values(given);
      const filler = new Filler(values, this.#schema, this.#partials);
      return this.#messages.flatMap((message) =>
        "placeholder" in message
          ? givenMessages(message.placeholder, values).map((it) => [it, false])
          : [[fillMessage(filler, message), true]]);
    } catch (error) {
      if (error instanceof PromptError) error.message = `${this.name}: ${error.message}`;
      throw error;
    }
  }

  #values(given) {
    const values = own(given);
    if (!isMap(values)) refuse("the values must be a map");
    const names = this.#variables.map(({ name }) => name);
    for (const name of Object.keys(values).filter((it) => !names.includes(it))) {
      const known = names.length ? `its variables are ${names.join(", ")}` : "it has none";
      console.warn(`${this.name}: the prompt has no variable ${name}; ${known}`);
    }
    for (const { name, type } of this.#variables) {
      const kinds = (type ?? "").split("|");
      if (has(values, name) && typeof values[name] === "string" && !kinds.includes("string")) put(values, name, exactly(values[name], kinds));
    }
    defaults(values, this.#schema, this.#schema);
    for (const { name, required, default: usual } of this.#variables) {
      if (!has(values, name) && usual !== null) put(values, name, usual);
      if (required && (!has(values, name) || values[name] === null)) refuse(`${name} has no value`);
    }
    const wrong = this.#schema && misfit(values, this.#schema, this.#schema, "");
    if (wrong) refuse(wrong);
    return values;
  }
}

const PARAMETERS = new Map(Object.entries({
  temperature: "temperature", topP: "top_p", maxTokens: "max_output_tokens", maxCompletionTokens: "max_output_tokens",
  maxOutputTokens: "max_output_tokens", reasoningEffort: "reasoning.effort", verbosity: "text.verbosity",
}));

const camel = (key) => key.replace(/(?<=.)_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const camelKeys = (map) => Object.fromEntries(Object.entries(map).map(([key, value]) => [camel(key), value]));
const scalar = (value) => (typeof value === "string" ? value : print(value));

function texts(message) {
  if (message.content) return [message.content];
  return (message.parts ?? []).flatMap((part) => Object.values(part).filter(Array.isArray));
}

function merge(target, source) {
  for (const [key, value] of Object.entries(source)) {
    const old = has(target, key) ? target[key] : null;
    put(target, key, isMap(value) ? merge(isMap(old) ? { ...old } : {}, value) : value);
  }
  return target;
}

function format(document) {
  let schema = document.jsonSchema || null;
  if (typeof schema === "string") schema = JSON.parse(schema);
  const type = document.responseFormat ?? (schema ? "json_schema" : null);
  if (type !== "json_schema") return type ? { type } : null;
  if (schema === null) refuse("`responseFormat: json_schema` has no `jsonSchema`");
  if (!has(schema, "schema")) return { type, name: "answer", schema };
  const keys = ["name", "description", "schema", "strict"].filter((key) => (schema[key] ?? null) !== null);
  return { type, name: "answer", ...Object.fromEntries(keys.map((key) => [key, schema[key]])) };
}

function onlyText(content) {
  if (typeof content === "string") return content;
  return content.every((it) => it.type === "text") ? content.map((it) => it.text).join("") : null;
}

function input({ role, content }) {
  if (typeof content === "string") return { role, content };
  return { role, content: content.map((part) => inputPart(part, role)) };
}

function inputPart(part, role) {
  if (part.type === "text") return { type: role === "assistant" ? "output_text" : "input_text", text: part.text };
  if (role === "assistant") refuse("a message of the assistant holds a picture or a file");
  if (part.type === "image") {
    const image = { type: "input_image", ...("url" in part ? { image_url: part.url } : { file_id: part.fileId }) };
    return "detail" in part ? { ...image, detail: part.detail } : image;
  }
  if (part.type !== "file") return part;
  const isData = part.url?.slice(0, 5).toLowerCase() === "data:";
  const file = { type: "input_file", ...("url" in part ? { [isData ? "file_data" : "file_url"]: part.url } : { file_id: part.fileId }) };
  return "filename" in part ? { ...file, filename: part.filename } : file;
}

function fillMessage(filler, { role, content, parts }) {
  if (content) {
    const made = filler.parts(content, role === "user");
    return { role, content: made.length === 1 && made[0].type === "text" ? made[0].text : made };
  }
  return {
    role,
    content: parts.flatMap((part) => {
      if (part.type === "text") return filler.parts(part.text, role === "user");
      return [Object.fromEntries(Object.entries(part).map(([key, it]) => [key, Array.isArray(it) ? filler.text(it) : it]))];
    }),
  };
}

function givenMessages(name, values) {
  const items = has(values, name) ? values[name] : null;
  if (items === null) return [];
  if (!Array.isArray(items)) refuse(`${name} must be a list of messages`);
  return items.map((item, at) => {
    const where = `${name}[${at}]`;
    refuseMore(where, item, ["role", "content"], "a message");
    const keys = isMap(item) ? Object.keys(item).sort().join() : "";
    if (keys !== "content,role" || !ROLES.includes(item.role)) refuse(`${where} must be {role, content} with a role of ${ROLES.join(", ")}`);
    const { role, content } = item;
    if (Array.isArray(content) && content.length) return { role, content: content.map((it, i) => givenPart(`${where}.content[${i}]`, it, role)) };
    return typeof content === "string" ? { role, content } : refuse(`${where}.content must be a text or a list of parts`);
  });
}

const GIVEN = { input_image: ["image_url", "file_id", "detail"], input_file: ["file_url", "file_data", "file_id", "filename"] };

const TAKES = { ...GIVEN, text: ["text"], input_text: ["text"], output_text: ["text"] };

function refuseMore(where, item, known, what) {
  const more = isMap(item) ? Object.keys(item).filter((key) => !known.includes(key)) : [];
  if (more.length) refuse(`${where} holds ${more.join(", ")}: ${what} takes ${known.join(", ")} and nothing else`);
}

function givenPart(where, part, role) {
  const { type, ...others } = isMap(part) ? part : {};
  if (typeof type === "string" && has(TAKES, type)) refuseMore(where, part, ["type", ...TAKES[type]], `a part of type ${type}`);
  const keys = Object.keys(others), allText = Object.values(others).every((it) => typeof it === "string");
  if (["text", "input_text", "output_text"].includes(type) && keys.join() === "text" && allText) return { type: "text", text: part.text };
  const fits = role === "user" && typeof type === "string" && has(GIVEN, type) && allText && keys.every((key) => GIVEN[type].includes(key));
  return fits ? part : refuse(`${where} is not a part that the API takes in a message of the ${role}`);
}

// --- values and their schema ---

const NUMBER = "-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?";
const isNumber = (text) => new RegExp(`^${NUMBER}$`).test(text);
const isLong = (number) => number >= -(2 ** 63) && number < 2 ** 64;

/** The number that a text is; one that is too large is none. */
function numberOf(text) {
  const number = isNumber(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}

/** Sets what a map holds under a key, `__proto__` included. */
function put(map, key, value) {
  if (key === "__proto__") Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

/** A copy of a value that JSON can say, and `promptctl render` would read. */
function own(given, depth = 1) {
  const value = typeof given?.toJSON === "function" ? given.toJSON() : given;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return /[\ud800-\udfff]/u.test(value) ? refuse("a text holds half of a character (a lone surrogate)") : value;
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse("a number is too large, or none");
  if (typeof value !== "object") return refuse(`a value of type ${typeof value} is nothing that JSON can say`);
  if (depth > MOST_NESTED) refuse(`a value is nested more than ${MOST_NESTED} levels deep`);
  if (Array.isArray(value)) return Array.from(value, (it) => own(it ?? null, depth + 1));
  const made = {};
  for (const [key, it] of Object.entries(value)) if (it !== undefined) put(made, own(key), own(it, depth + 1));
  return made;
}

/** The number or boolean that a text is, if one of these kinds wants it. */
function exactly(text, kinds) {
  if (text === "true" || text === "false") return kinds.includes("boolean") ? text === "true" : text;
  let from = 0, to = text.length;
  while (from < to && " \t\r\n".includes(text[from])) from++;
  while (from < to && " \t\r\n".includes(text[to - 1])) to--;
  const plain = text.slice(from, to), number = numberOf(plain);
  const isWhole = number !== null && !/[.eE]/.test(plain) && isLong(number) && plain !== "-0";
  return number !== null && (kinds.includes("number") || (isWhole && kinds.includes("integer"))) ? number : text;
}

function resolved(schema, root) {
  for (let i = 0; i < 20 && isMap(schema) && typeof schema.$ref === "string" && schema.$ref.startsWith("#"); i++) {
    const steps = schema.$ref.slice(1).split("/").slice(1).map((it) => it.replaceAll("~1", "/").replaceAll("~0", "~"));
    schema = steps.reduce((at, step) => (isMap(at) && has(at, step) ? at[step] : {}), root);
  }
  return isMap(schema) ? schema : {};
}

function defaults(values, schema, root, depth = 0) {
  for (const [name, own] of Object.entries(resolved(schema, root).properties ?? {})) {
    if (has(values, name)) {
      if (isMap(values[name]) && depth < 50) defaults(values[name], own, root, depth + 1);
      continue;
    }
    const found = [own, resolved(own, root)].find((it) => isMap(it) && has(it, "default"));
    if (found) put(values, name, copy(found.default));
  }
}

function kindOf(value) {
  if (value === null) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return Array.isArray(value) ? "array" : typeof value;
}

/** What is wrong with a value, by the keywords that this file knows; null if nothing is. */
function misfit(value, rule, root, where, depth = 0) {
  const name = where || "the input";
  if (rule === false) return `${name} may not be given`;
  const schema = resolved(rule, root), kind = kindOf(value);
  if (depth > 100) return `${name} is nested too deeply`;
  const wanted = schema.type === undefined ? null : [schema.type].flat();
  if (wanted && !wanted.includes(kind) && !(kind === "integer" && wanted.includes("number"))) {
    return `${name} must be of type ${wanted.join("|")}, and ${kind} was given`;
  }
  if (schema.enum && !schema.enum.some((it) => equal(value, it))) return `${name} must be one of ${JSON.stringify(schema.enum)}`;
  if (has(schema, "const") && !equal(value, schema.const)) return `${name} must be ${JSON.stringify(schema.const)}`;
  if (typeof value === "number") {
    const { minimum = value, maximum = value, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = schema;
    if (value < minimum || value > maximum || value <= exclusiveMinimum || value >= exclusiveMaximum) return `${name} is out of range`;
  }
  const size = { string: "Length", array: "Items", object: "Properties" }[kind];
  const count = kind === "string" ? [...value].length : kind === "array" ? value.length : kind === "object" ? Object.keys(value).length : 0;
  if (size && (count < (schema[`min${size}`] ?? 0) || count > (schema[`max${size}`] ?? count))) return `${name} is too short or too long`;
  if (kind === "array" && has(schema, "items")) {
    for (const [at, item] of value.entries()) {
      const wrong = misfit(item, schema.items, root, `${where}[${at}]`, depth + 1);
      if (wrong) return wrong;
    }
  }
  if (kind === "object") {
    const missing = (schema.required ?? []).find((key) => !has(value, key));
    if (missing !== undefined) return `${name} lacks ${missing}`;
    const others = has(schema, "patternProperties") ? true : schema.additionalProperties ?? true;
    for (const [key, inner] of Object.entries(value)) {
      const own = schema.properties && has(schema.properties, key) ? schema.properties[key] : others;
      const wrong = own === true ? null : misfit(inner, own, root, where ? `${where}.${key}` : key, depth + 1);
      if (wrong) return wrong;
    }
  }
  return null;
}

// --- templates: from text to a tree ---

const LONG_COMMENT = new RegExp(`\\{\\{!${BLANK}--`, "y");
const BLOCKS = ["if", "unless", "each", "with"];

/** The tree of a template. */
function parse(text) {
  const pieces = split(text);
  strip(pieces);
  const stack = [open("root")];
  const top = () => stack[stack.length - 1];
  for (const piece of pieces) {
    const { kind, inner } = piece;
    if (stack.length > MOST_BLOCKS + 1) refuse(`blocks are nested more than ${MOST_BLOCKS} levels deep`);
    if (kind === "text" && inner) top().nodes.push({ kind, text: inner });
    else if (kind === "print") top().nodes.push({ kind, expr: new Tokens(inner).call() });
    else if (kind === "partial") top().nodes.push(partial(piece));
    else if (kind === "open") stack.push(opened(inner));
    else if (kind === "else") {
      if (stack.length === 1 || top().hasElse) refuse("an `{{else}}` outside of a block");
      Object.assign(top(), { nodes: top().otherwise, hasElse: true });
      if (inner) stack.push({ ...opened(inner), isChained: true });
    } else if (kind === "close") {
      while (top().isChained) {
        const chained = stack.pop();
        top().nodes.push(chained);
      }
      const block = stack.pop();
      if (!stack.length || block.name !== inner) refuse(`\`{{/${inner}}}\` closes nothing`);
      top().nodes.push(block);
    }
  }
  if (stack.length > 1) refuse(`\`{{#${stack[1].name}}}\` is never closed`);
  return stack[0].nodes;
}

function open(name, subject = null) {
  const body = [];
  return { kind: "block", name, subject, zero: false, params: [], body, nodes: body, otherwise: [], hasElse: false, isChained: false };
}

function split(text) {
  const pieces = [], literal = [], lastDashes = text.lastIndexOf("--}}");
  if (text.includes("{{") && bytes(text) > MOST_TEMPLATE) refuse("a text with template tags may hold 1 MB, and this one is larger");
  let start = 0, at = 0;
  const flush = (end) => {
    literal.push(text.slice(start, end));
    pieces.push({ kind: "text", inner: literal.splice(0).join("") });
  };
  for (;;) {
    const found = text.indexOf("{{", at);
    if (found < 0) break;
    const slashes = /\\*$/.exec(text.slice(Math.max(0, found - 3), found))[0].length;
    if (slashes === 1) {
      literal.push(`${text.slice(start, found - 1)}{{`);
      start = at = found + 2;
      continue;
    }
    if (slashes || text.startsWith("{{{{", found)) refuse("raw blocks and backslashes before a tag are not supported here");
    flush(found);
    if (pieces.length > 2 * MOST_TAGS) refuse(`the template has more than ${MOST_TAGS} tags`);
    if (text.startsWith("{{!", found)) {
      LONG_COMMENT.lastIndex = found;
      const long = LONG_COMMENT.exec(text), body = found + (long?.[0].length ?? 3);
      const close = long && body <= lastDashes ? "--}}" : "}}";
      const end = text.indexOf(close, close === "--}}" ? body : found + 3);
      if (end < 0) refuse("a comment is never closed");
      pieces.push({ kind: "comment", inner: "" });
      start = at = end + close.length;
      continue;
    }
    const end = closing(text, found), isTriple = text.startsWith("{{{", found);
    let inner = (isTriple ? text.slice(found + 3, end - 3) : text.slice(found + 2, end - 2)).trim();
    const left = inner.startsWith("~"), right = inner.endsWith("~") && inner.length > 1;
    inner = inner.slice(left ? 1 : 0, right ? -1 : undefined).trim();
    checkTag(inner);
    pieces.push({ ...classified(inner, isTriple), left, right });
    start = at = end;
  }
  flush(text.length);
  return pieces;
}

/** A tag is short, and its brackets are not too deep. */
function checkTag(inner) {
  if (bytes(inner) > MOST_TAG) refuse(`a tag is longer than ${MOST_TAG} bytes`);
  let depth = 0;
  for (const char of inner) {
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth = Math.max(0, depth - 1);
    if (depth > MOST_BRACKETS) refuse(`brackets in a tag are nested more than ${MOST_BRACKETS} levels deep`);
  }
}

/** Where the tag that begins at `start` ends, its braces included. */
function closing(text, start) {
  const close = text.startsWith("{{{", start) ? "}}}" : "}}";
  let quote = "";
  for (let at = start + close.length; at < text.length; at++) {
    const char = text[at];
    if (quote) quote = char === quote ? "" : quote;
    else if ((char === '"' || char === "'") && text.indexOf(char, at + 1) >= 0) quote = char;
    else if (text.startsWith(close, at)) return at + close.length;
    else if (text.startsWith("{{", at)) break;
  }
  return refuse("a tag is never closed");
}

function classified(inner, isTriple) {
  const rest = inner.slice(1).trim();
  if (isTriple || !inner) return { kind: "print", inner };
  if (inner[0] === "*" || inner.startsWith("#>") || inner.startsWith("#*")) {
    refuse(`\`{{${inner}}}\` is not supported here: partials with a block, and such that a template defines`);
  }
  if (inner[0] === "#") return { kind: "open", inner: rest };
  if (inner[0] === "/") return { kind: "close", inner: rest };
  if (inner[0] === ">") return { kind: "partial", inner: rest };
  if (inner[0] === "^") return { kind: "else", inner: rest };
  if (/^else(\s|$)/.test(inner)) return { kind: "else", inner: inner.slice(4).trim() };
  return { kind: "print", inner: inner[0] === "&" ? rest : inner };
}

/** Takes away the lines of tags that stand alone on them, and what `~` takes away. */
function strip(pieces) {
  const lone = [];
  for (let at = 1; at < pieces.length - 1; at += 2) {
    if (pieces[at].kind === "print") continue;
    const before = pieces[at - 1].inner, line = before.slice(before.lastIndexOf("\n") + 1);
    const starts = !/[^ \t]/.test(line) && (before.includes("\n") || at === 1);
    const ends = /^(?:[ \t]*(\r?\n)|$)/.exec(pieces[at + 1].inner);
    const isLast = ends && !ends[1] && at + 2 < pieces.length;
    if (starts && ends && !isLast) lone.push([at, line.length, ends[0].length]);
  }
  for (const [at, blanks] of lone) {
    const before = pieces[at - 1], end = before.inner.length - blanks;
    pieces[at].indent = before.inner.slice(end);
    before.inner = before.inner.slice(0, end);
  }
  for (const [at, , end] of lone) pieces[at + 1].inner = pieces[at + 1].inner.slice(end);
  for (let at = 1; at < pieces.length - 1; at += 2) {
    if (pieces[at].left) pieces[at - 1].inner = trimEnd(pieces[at - 1].inner);
    if (!pieces[at].right) continue;
    let next = at - 1;
    do {
      next += 2;
      pieces[next].inner = pieces[next].inner.replace(START, "");
    } while (!pieces[next].inner && pieces[next + 1]?.kind === "comment"); // which ends nothing
  }
}

function opened(inner) {
  const tokens = new Tokens(inner), name = tokens.take();
  if (!BLOCKS.includes(name)) refuse(`there is no block \`{{#${name}}}\``);
  const block = open(name, tokens.expr());
  while (tokens.left.length) {
    const token = tokens.take();
    if (token === "as" && tokens.left[0]?.startsWith("|")) block.params = tokens.take().slice(1, -1).trim().split(/\s+/).filter(Boolean);
    else if (token === "includeZero=" && tokens.take() === "true") block.zero = true;
    else tokens.fail();
  }
  return block;
}

function partial({ inner, indent = "" }) {
  const tokens = new Tokens(inner);
  let name = tokens.take();
  if (/^["'[]/.test(name)) name = name.slice(1, -1);
  if (name.startsWith("@") || name === "(") refuse(`\`{{> ${name}}}\` is not supported here`);
  const { args, options } = tokens.rest();
  if (args.length > 1) refuse(`\`{{> ${name}}}\` takes one context`);
  return { kind: "partial", name, context: args[0] ?? null, options, indent };
}

const TOKEN = /\s*(?:("[^"\\]*"|'[^'\\]*')|(\|[^|]*\|)|([()])|([^\s=()"'|]+=)(?!=)|((?:\[[^\]]*\]|[^\s=()"'|[\]])+))/y;

/** The words inside a tag. */
class Tokens {
  constructor(inner) {
    this.inner = inner;
    this.left = [];
    for (let at = 0; inner.slice(at).trim(); at = TOKEN.lastIndex) {
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(inner) ?? this.fail();
      this.left.push(found[0].trim());
    }
  }

  fail() {
    return refuse(`\`{{${this.inner}}}\` cannot be read here`);
  }

  take() {
    return this.left.shift() ?? this.fail();
  }

  expr() {
    const token = this.take();
    if (token === "(") {
      const made = this.named(this.take(), ")");
      this.take();
      return made;
    }
    if (/^["']/.test(token)) return { kind: "literal", value: token.slice(1, -1) };
    if (["true", "false", "null"].includes(token)) return { kind: "literal", value: JSON.parse(token) };
    if (isNumber(token)) return { kind: "literal", value: numberOf(token) ?? refuse(`\`{{${this.inner}}}\` holds a number that is too large`) };
    if (token === ")" || token === "undefined" || token.endsWith("=") || token.startsWith("|")) this.fail();
    return path(token);
  }

  call() {
    if (this.left.length === 1) return this.expr();
    if (this.left[0] !== "(") return this.named(this.take());
    const made = this.expr();
    return this.left.length ? this.fail() : made;
  }

  named(name, until) {
    const { args, options } = this.rest(until);
    return args.length || options.length ? { kind: "call", name, args, options } : path(name);
  }

  rest(until) {
    const args = [], options = [];
    while (this.left.length && this.left[0] !== until) {
      if (/^[^"'].*=$/.test(this.left[0])) options.push([this.take().slice(0, -1), this.expr()]);
      else args.push(this.expr());
    }
    return { args, options };
  }
}

function path(raw) {
  let start = "name", rest = raw, up = 0;
  if (rest.startsWith("./")) [start, rest] = ["here", rest.slice(2)];
  else if (/^\.[^.]/.test(rest)) rest = rest.slice(1);
  if (rest === ".") rest = "this";
  if (/^@root([./]|$)/.test(rest)) [start, rest] = ["root", rest.slice(5).replace(/^[./]+/, "")];
  else if (rest.startsWith("@")) [start, rest] = ["local", rest.slice(1)];
  for (; rest.startsWith("../"); rest = rest.slice(3)) up++;
  if (rest === "..") [up, rest] = [up + 1, ""];
  const segments = (rest.match(/\[[^\]]*\]|[^./[\]]+/g) ?? []).map((it) => (it.startsWith("[") ? it.slice(1, -1) : it));
  if (segments[0] === "this" && start !== "local") {
    segments.shift();
    if (start === "name") start = "here";
  }
  return { kind: "path", raw, start, up, segments };
}

/** Every helper and every partial is known, and all is flat and small enough, before anything is rendered. */
class Check {
  constructor(partials) {
    this.partials = partials;
    this.known = new Map();
  }

  /** How many levels, levels of partials, and pieces a partial has; each is looked at once. */
  partial(name, active) {
    if (!this.partials.has(name)) refuse(`there is no partial \`${name}\``);
    if (active.includes(name)) refuse(`partials include each other: ${[...active.slice(active.indexOf(name)), name].join(" → ")}`);
    if (active.length >= MOST_PARTIALS) refuse(`partials include each other more than ${MOST_PARTIALS} levels deep`);
    if (!this.known.has(name)) this.known.set(name, this.body(this.partials.get(name), [...active, name]).map((it) => it + 1));
    return this.known.get(name);
  }

  body(nodes, active) {
    let levels = 0, partials = 0, pieces = 0;
    const add = ([deep, included, count]) => {
      [levels, partials, pieces] = [Math.max(levels, deep), Math.max(partials, included), pieces + count];
    };
    for (const node of nodes) {
      if (node.kind === "print") checkExpr(node.expr);
      else if (node.kind === "block") {
        checkExpr(node.subject);
        for (const inner of [node.body, node.otherwise]) {
          const [deep, included, count] = this.body(inner, active);
          add([deep + 1, included, count]);
        }
        pieces++;
      } else if (node.kind === "partial") {
        for (const expr of [node.context, ...node.options.map(([, it]) => it)]) checkExpr(expr);
        add(this.partial(node.name, active));
      }
    }
    if (levels > MOST_LEVELS || partials > MOST_PARTIALS) refuse("blocks and partials are nested too deeply");
    if (pieces > MOST_PIECES) refuse(`with its partials in place a text has more than ${MOST_PIECES} pieces`);
    return [levels, partials, pieces];
  }
}

function checkExpr(expr) {
  if (expr?.kind !== "call") return;
  const { name, args } = expr, options = new Map(expr.options);
  const [, least, most, known] = HELPERS.get(name) ?? refuse(`there is no helper \`${name}\``);
  if (args.length < least || args.length > most || [...options.keys()].some((key) => !known.includes(key))) refuse(`\`${name}\` takes other arguments`);
  if (name === "date" || name === "datetime") {
    const given = options.get("format") ?? args[1], zone = options.get("tz");
    const pattern = given ? (given.kind === "literal" ? given.value : "") : USUAL[name];
    checkFormat(pattern, zone?.kind === "literal" ? zone.value : "UTC");
  }
  for (const one of [...args, ...options.values()]) checkExpr(one);
}

// --- filling in ---

class Absent extends Error {
  constructor(mayBe) {
    super();
    this.mayBe = mayBe;
  }
}

const frameOf = (context, more) => ({ context, params: new Map(), given: new Map(), locals: null, edge: "block", ...more });

/** One rendering of all texts of a prompt. */
class Filler {
  constructor(values, schema, partials) {
    this.root = { value: values, schema, isAll: true };
    Object.assign(this, { schema, partials, steps: 0, made: 0 });
  }

  /** The text as parts, cut where it prints a picture or a file. */
  parts(nodes, mayCut) {
    Object.assign(this, { frames: [frameOf(this.root)], out: [], mayCut });
    this.body(nodes);
    if (this.out.every((it) => typeof it === "string")) return [{ type: "text", text: this.out.join("") }];
    const parts = [];
    let text = "";
    for (const piece of [...this.out, null]) {
      if (typeof piece === "string") {
        text += piece;
        continue;
      }
      if (text) parts.push({ type: "text", text });
      text = "";
      if (piece) parts.push(piece);
    }
    return parts;
  }

  text(nodes) {
    return this.parts(nodes, false)[0].text;
  }

  push(text) {
    this.made += text.length;
    if (this.made > MOST_TEXT) refuse("the template makes more than 40 MB of text");
    this.out.push(text);
  }

  count(more = 1) {
    this.steps += more;
    if (this.steps > MOST_STEPS) refuse("the template takes more than 2 million pieces");
  }

  body(nodes) {
    for (const node of nodes) {
      if (node.kind === "text") {
        this.push(node.text);
        continue;
      }
      this.count();
      if (node.kind === "print") this.print(this.expr(node.expr, "value").value);
      else if (node.kind === "block") this.block(node);
      else this.partial(node);
    }
  }

  print(value) {
    if (isMap(value) && ["input_image", "input_file"].includes(value.type)) {
      if (!this.mayCut) refuse("a picture or a file is printed where only text can stand");
      this.out.push(value);
    } else this.push(print(value));
  }

  block({ name, subject, zero, params, body, otherwise }) {
    const item = this.expr(subject, "condition"), value = item?.value ?? null;
    const holds = isTrue(value) || ((zero || name === "with") && isFigure(value));
    const isLoop = Array.isArray(value) || isMap(value);
    if (name === "unless") this.body(holds ? otherwise : body);
    else if (name === "each" && value !== null && !isLoop) refuse("`{{#each}}` wants a list or a map");
    else if (!holds) this.body(otherwise);
    else if (name === "if") this.body(body);
    else if (name === "with") this.inside(frameOf(item, { params: new Map(params.slice(0, 1).map((it) => [it, item])), locals: this.frames.at(-1).locals }), body);
    else this.each(item, params, body);
  }

  inside(frame, body) {
    this.frames.push(frame);
    this.body(body);
    this.frames.pop();
  }

  each(item, params, body) {
    const isList = Array.isArray(item.value), keys = isList ? [...item.value.keys()] : Object.keys(item.value);
    this.count(keys.length); // before the first, so that what is too much is known early
    for (const [index, key] of keys.entries()) {
      const value = this.step(item, String(key)), both = [value, { value: key, schema: null }];
      const locals = { index, key, first: index === 0, last: index + 1 === keys.length };
      this.inside(frameOf(value, { params: new Map(params.slice(0, 2).map((it, at) => [it, both[at]])), locals }), body);
    }
  }

  partial({ name, context, options, indent }) {
    const item = context && this.expr(context, "null");
    const given = options.map(([key, expr]) => [key, this.expr(expr, "null")]);
    const outer = this.frames.at(-1), edge = item || given.length ? "partial" : "same";
    const before = this.out;
    this.out = [];
    this.inside(frameOf(item || outer.context, { given: new Map([...(item ? [] : outer.given), ...given]), locals: outer.locals, edge }), this.partials.get(name));
    const inner = this.out;
    this.out = before;
    let starts = true;
    for (const piece of inner) {
      for (const line of indent && typeof piece === "string" ? piece.match(/[^\n]*\n|[^\n]+/g) ?? [] : [piece]) {
        if (indent && starts) this.push(indent);
        this.out.push(line);
        starts = typeof line === "string" && line.endsWith("\n");
      }
    }
  }

  expr(expr, mode) {
    if (expr.kind === "literal") return { value: expr.value, schema: null };
    if (expr.kind === "call") return { value: this.call(expr, mode), schema: null };
    let item;
    try {
      item = this.resolve(expr);
    } catch (absent) {
      if (!(absent instanceof Absent)) throw absent;
      if (mode === "absent" || (mode === "condition" && absent.mayBe)) return null;
      return refuse(`\`${expr.raw}\` has no value`);
    }
    if (item.value === null && mode === "value") refuse(`\`${expr.raw}\` has no value: null was given`);
    return item;
  }

  resolve({ start, up, segments }) {
    let item = this.root, rest = segments;
    if (start === "local") {
      const locals = this.outer(up).locals;
      if (!locals || !segments.length || !has(locals, segments[0])) throw new Absent(false);
      return { value: locals[segments[0]], schema: null };
    }
    if (start !== "root") {
      const first = segments[0];
      item = start === "name" && up === 0 ? this.param(first) : null;
      const frame = item ? null : this.outer(up);
      item ??= frame.given.get(first);
      if (item) rest = segments.slice(1);
      else item = frame.context;
    }
    return rest.reduce((at, segment) => this.step(at, segment), item);
  }

  param(name) {
    for (const frame of [...this.frames].reverse()) {
      if (frame.params.has(name)) return frame.params.get(name);
      if (frame.edge !== "block") break;
    }
    return null;
  }

  outer(up) {
    let at = this.frames.length - 1;
    for (let i = 0; i < up; i++) {
      while (at >= 0 && this.frames[at].edge === "same") at--;
      at--;
    }
    if (at < 0) throw new Absent(false);
    return this.frames[at];
  }

  step(item, key) {
    const { value } = item, schema = resolved(item.schema, this.schema);
    const known = isMap(schema.properties) ? schema.properties : null;
    let below = known && has(known, key) ? known[key] : /^[0-9]+$/.test(key) && has(schema, "items") ? schema.items : schema.additionalProperties;
    if (!isMap(below)) below = null;
    if (isMap(value) && has(value, key)) return { value: value[key], schema: below };
    if (Array.isArray(value)) {
      if (/^\+?[0-9]+$/.test(key) && Number(key) < value.length) return { value: value[Number(key)], schema: below };
      if (key === "length") return { value: value.length, schema: null };
    }
    if ((schema.required ?? []).includes(key)) throw new Absent(false);
    throw new Absent(known ? has(known, key) : !item.isAll);
  }

  call({ name, args, options }, mode) {
    this.count();
    const [run, , , , accepts] = HELPERS.get(name), values = [];
    for (const [at, arg] of args.entries()) {
      const last = at + 1 === args.length;
      const wanted = { value: "value", null: "null", absent: last ? "value" : "absent", conditions: mode === "condition" ? "condition" : "null" }[accepts];
      const value = this.expr(arg, wanted)?.value ?? null;
      values.push(value);
      if ((name === "default" && value !== null) || (name === "and" && !isTrue(value)) || (name === "or" && isTrue(value))) break;
    }
    const given = new Map(options.map(([key, expr]) => [key, this.expr(expr, "value").value]));
    let made;
    try {
      made = run(values, given);
    } catch (error) {
      if (error instanceof PromptError) error.message = `\`${name}\` ${error.message}`;
      throw error;
    }
    if (made === null && mode === "value") refuse(`\`${name}\` finds null, which is no value`);
    if (typeof made === "string" && made.length > MOST_TEXT) refuse(`\`${name}\` makes more than 40 MB of text`);
    return made;
  }
}

// --- printing ---

/** A number that a helper made, with the digits that it is printed with. */
class Num {
  constructor(text) {
    this.text = text;
  }
}

const figure = (value) => (value instanceof Num ? Number(value.text) : value);
const isFigure = (value) => typeof figure(value) === "number";

function isTrue(value) {
  if (Array.isArray(value)) return value.length > 0;
  return isMap(value) ? Object.keys(value).length > 0 : Boolean(figure(value));
}

/** The shortest digits of a number, and how many of them stand before the point. */
function digitsOf(number) {
  const [mantissa, exponent] = Math.abs(number).toExponential().split("e");
  return [mantissa.replace(".", "").replace(/0+$/, "") || "0", Number(exponent) + 1];
}

function numeral(value) {
  if (value instanceof Num) return value.text;
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  const [digits, point] = digitsOf(value), sign = value < 0 ? "-" : "";
  if (digits.length <= point && point <= 16) return `${sign}${digits.padEnd(point, "0")}.0`;
  if (point > 0 && point <= 16) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point > -5 && point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${point > 0 ? "+" : ""}${point - 1}`;
}

function asJson(value, indent = 0, depth = 0) {
  if (isFigure(value)) return numeral(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const [left, right] = Array.isArray(value) ? "[]" : "{}";
  const line = indent ? `\n${" ".repeat(indent * (depth + 1))}` : "", end = indent ? `\n${" ".repeat(indent * depth)}` : "";
  const items = Array.isArray(value)
    ? value.map((it) => asJson(it, indent, depth + 1))
    : Object.entries(value).map(([key, it]) => `${JSON.stringify(key)}:${indent ? " " : ""}${asJson(it, indent, depth + 1)}`);
  return items.length ? `${left}${line}${items.join(`,${line}`)}${end}${right}` : `${left}${right}`;
}

function print(value) {
  if (value === null) return "";
  return typeof value === "string" ? value : asJson(value);
}

// --- helpers ---

const wants = (what, value) => refuse(`wants ${what}, and ${(asJson(value) ?? "nothing").slice(0, 60)} was given`);

function plain(value) {
  if (typeof value === "string") return value;
  return value === null || Array.isArray(value) || isMap(value) ? wants("a text", value) : print(value);
}

const option = (values, options, name, usual) => (options.has(name) ? options.get(name) : values.length > 1 ? values[1] : usual);

const isIndex = (number) => Number.isInteger(number) && number >= 0 && !Object.is(number, -0);

function countOf(values, options, name, usual, most = Number.MAX_SAFE_INTEGER) {
  const value = figure(option(values, options, name, usual));
  return isIndex(value) && value <= most ? value : wants(`a whole number from 0 to ${most} for \`${name}\``, value);
}

function word(options, name, usual) {
  const value = options.get(name) ?? usual;
  return typeof value === "string" ? value : wants(`a text for \`${name}\``, value);
}

function amount(options, name, usual) {
  const value = figure(options.get(name) ?? usual);
  return typeof value === "number" ? value : wants(`a number for \`${name}\``, value);
}

function asNumber(value) {
  if (typeof value === "string") return numberOf(trim(value));
  return isFigure(value) ? figure(value) : null;
}

const needsNumber = (value) => asNumber(value) ?? wants("a number", value);
const list = (value) => (Array.isArray(value) ? value : wants("a list", value));
const lines = (text) => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

function title(text) {
  let isInside = false;
  return [...text].map((char) => {
    const made = isInside ? char.toLowerCase() : char.toUpperCase();
    isInside = /[\p{Alphabetic}\p{N}]/u.test(char) || (isInside && "'’".includes(char));
    return made;
  }).join("");
}

function truncate(values, options) {
  const text = plain(values[0]), length = countOf(values, options, "length"), ellipsis = word(options, "ellipsis", "…");
  const chars = [...text];
  if (chars.length <= length) return text;
  const kept = trimEnd(chars.slice(0, Math.max(0, length - [...ellipsis].length)).join(""));
  return [...kept, ...ellipsis].slice(0, length).join("");
}

function indent(values, options) {
  const blanks = " ".repeat(countOf(values, options, "spaces", undefined, 1000));
  return lines(plain(values[0])).map((line) => (/[^\r\n]/.test(line) ? blanks + line : line)).join("");
}

function join(values, options) {
  const separator = option(values, options, "separator", ", ");
  return list(values[0]).map(print).join(typeof separator === "string" ? separator : wants("a text for `separator`", separator));
}

const end = (at) => ([value]) => (list(value).length ? value.at(at) : refuse("wants a list with items, and an empty one was given"));

function length([value]) {
  if (typeof value === "string") return [...value].length;
  return Array.isArray(value) ? value.length : isMap(value) ? Object.keys(value).length : wants("a list, a map or a text", value);
}

function lookup([value, key]) {
  if (Array.isArray(value)) {
    const index = asNumber(key);
    if (isIndex(index) && index < value.length) return value[index];
  } else if (!isMap(value)) wants("a list or a map", value);
  else if (has(value, print(key))) return value[print(key)];
  return refuse(`finds nothing under ${asJson(key)}`);
}

/** A number in decimal digits, halves rounded away from zero: its sign, what stands before the point, and behind. */
function decimal(value, digits, shift = 0) {
  const number = needsNumber(value);
  let [figures, point] = digitsOf(number);
  if (point <= 0) [figures, point] = ["0".repeat(1 - point) + figures, 1];
  figures = figures.padEnd(point, "0");
  let scale = figures.length - point - shift;
  if (scale < 0) [figures, scale] = [figures + "0".repeat(-scale), 0];
  let rounded = BigInt(figures);
  if (scale > digits) {
    const cut = 10n ** BigInt(scale - digits);
    rounded = rounded / cut + ((rounded % cut) * 2n >= cut ? 1n : 0n);
  } else rounded *= 10n ** BigInt(digits - scale);
  const text = String(rounded).padStart(digits + 1, "0");
  return [number < 0 && rounded ? "-" : "", text.slice(0, text.length - digits), text.slice(text.length - digits)];
}

function abs([value]) {
  if (value instanceof Num) return new Num(value.text.replace("-", ""));
  const number = needsNumber(value);
  return Object.is(number, -0) ? new Num("0.0") : Math.abs(number);
}

function round(values, options) {
  const [sign, whole, fraction] = decimal(values[0], countOf(values, options, "digits", 0, 20));
  const isWhole = BigInt(sign + whole) >= -(2n ** 63n) && BigInt(sign + whole) < 2n ** 64n;
  if (!fraction) return isWhole ? new Num(sign + whole) : Number(sign + whole);
  const number = Number(`${sign}${whole}.${fraction}`);
  return Number.isSafeInteger(number) ? new Num(`${number}.0`) : number;
}

function percent(values, options) {
  const [sign, whole, fraction] = decimal(values[0], countOf(values, options, "digits", 1, 20), 2);
  return `${sign}${whole}${fraction && `.${fraction}`}%`;
}

const CURRENCIES = new Map(Object.entries({ USD: ["$", 2], EUR: ["€", 2], GBP: ["£", 2], INR: ["₹", 2], JPY: ["¥", 0], KRW: ["₩", 0] }));

function currency(values, options) {
  const code = option(values, options, "code", "USD");
  if (typeof code !== "string") wants("a text for `code`", code);
  const [known, usual] = CURRENCIES.get(code) ?? ["", 2];
  const digits = countOf([], options, "digits", usual, 20), symbol = word(options, "symbol", known) || `${code} `;
  const [sign, whole, fraction] = decimal(values[0], digits), thousands = word(options, "thousands", ",");
  return `${sign}${symbol}${whole.replace(/\B(?=(\d{3})+$)/g, () => thousands)}${fraction && `.${fraction}`}`;
}

const USUAL = { date: "%Y-%m-%d", datetime: "%Y-%m-%d %H:%M:%S %Z" };
const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const two = (number) => String(number).padStart(2, "0");
// `t` is a Date whose UTC fields are those of the clock on the wall; `o` is its offset in seconds.
const DIRECTIVES = {
  Y: (t) => String(t.getUTCFullYear()).padStart(4, "0"), m: (t) => two(t.getUTCMonth() + 1), d: (t) => two(t.getUTCDate()),
  e: (t) => String(t.getUTCDate()).padStart(2), H: (t) => two(t.getUTCHours()), I: (t) => two(t.getUTCHours() % 12 || 12),
  M: (t) => two(t.getUTCMinutes()), S: (t) => two(t.getUTCSeconds()), y: (t) => two(t.getUTCFullYear() % 100),
  j: (t) => String(Math.floor((t - Date.UTC(t.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, "0"),
  B: (t) => MONTHS[t.getUTCMonth()], b: (t) => MONTHS[t.getUTCMonth()].slice(0, 3), A: (t) => DAYS[t.getUTCDay()],
  a: (t) => DAYS[t.getUTCDay()].slice(0, 3), p: (t) => (t.getUTCHours() < 12 ? "AM" : "PM"), Z: () => "UTC",
  z: (_, o) => {
    const [whole, rest] = [Math.floor(Math.abs(o) / 60), Math.abs(o) % 60];
    return `${o < 0 ? "-" : "+"}${two(Math.floor(whole / 60))}${two(whole % 60)}${rest ? two(rest) : ""}`;
  },
  F: (t) => `${DIRECTIVES.Y(t)}-${DIRECTIVES.m(t)}-${DIRECTIVES.d(t)}`, T: (t) => `${DIRECTIVES.R(t)}:${DIRECTIVES.S(t)}`,
  R: (t) => `${DIRECTIVES.H(t)}:${DIRECTIVES.M(t)}`, "%": () => "%",
};
const DIRECTIVE = /%(-?)([^]?)/g;

function checkFormat(pattern, zone) {
  if (typeof pattern !== "string" || new TextEncoder().encode(pattern).length > 1000) wants('a format such as "%Y-%m-%d"', pattern);
  for (const [, flag, name] of pattern.matchAll(DIRECTIVE)) {
    if (!name || !has(DIRECTIVES, name) || (flag && !"mdeHIMSyj%".includes(name))) refuse(`the format "${pattern}" holds %${flag}${name}, which is not supported here`);
    if (name === "Z" && !isUtc(zone)) refuse("%Z of another zone than UTC is not supported here; %z is");
  }
  if (typeof zone !== "string") wants("a text for `tz`", zone);
  offsetAt(0, zone);
}

const SHORT = /^(CET|EET|EST|GMT|HST|MET|MST|PRC|ROC|ROK|UCT|UTC|WET)$/i;
const isUtc = (zone) => typeof zone === "string" && zone.toUpperCase() === "UTC";

/** How many seconds the clock of a zone is ahead of UTC at a moment. */
function offsetAt(milliseconds, zone) {
  if (isUtc(zone)) return 0;
  let parts;
  try {
    if (/^[+-]|^SystemV/i.test(zone) || (zone.length === 3 && !SHORT.test(zone))) refuse(); // what ICU alone knows
    const options = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    parts = new Intl.DateTimeFormat("en-US", options).formatToParts(milliseconds);
  } catch {
    refuse(`the time zone "${zone}" is not known here`);
  }
  const part = (type) => Number(parts.find((it) => it.type === type).value);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return Math.round(wall / 1000) - Math.floor(milliseconds / 1000);
}

/** The moment at which the clock of a zone shows this; of two the earlier, and in a gap as if it had not come. */
function atWall(wall, zone) {
  const [before, after] = [wall - 86_400_000, wall + 86_400_000].map((it) => offsetAt(it, zone));
  const fits = [before, after].find((offset) => offsetAt(wall - offset * 1000, zone) === offset);
  return wall - (fits ?? before) * 1000;
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|z|[+-](?:[01]\d|2[0-5]):?[0-5]\d)?)?$/;
const FIRST = -62_135_596_800_000, LAST = 253_402_207_200_000;

function momentOf(value, zone) {
  if (isFigure(value)) {
    const whole = Math.floor(figure(value)), rest = Math.round((figure(value) - whole) * 1e9);
    return (rest === 1e9 ? whole + 1 : whole) * 1000;
  }
  let text = typeof value === "string" ? trim(value) : "";
  if (text.length !== 8 && /^-?[0-9]+$/.test(text)) return Number(text) * 1000;
  if (/^[0-9]{8}$/.test(text)) text = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const found = MOMENT.exec(text), [year, month, day, hour, minute, second] = (found ?? []).slice(1, 7).map((it) => Number(it ?? 0));
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day);
  wall.setUTCHours(hour, minute, Math.min(second, 59));
  const isReal = found && wall.getUTCMonth() === month - 1 && wall.getUTCDate() === day && hour < 24 && minute < 60 && second <= 60;
  if (!isReal) wants("a date such as 2026-11-20, a moment such as 2026-11-20T12:00:00Z or seconds since 1970", value);
  const offset = found[8];
  if (!offset) return atWall(wall.getTime(), zone);
  if (/z/i.test(offset)) return wall.getTime();
  return wall.getTime() - (offset[0] === "-" ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2))) * 60_000;
}

const date = (usual) => (values, options) => {
  const pattern = option(values, options, "format", usual), zone = word(options, "tz", "UTC");
  checkFormat(pattern, zone);
  const moment = momentOf(values[0], zone);
  if (!(moment >= FIRST && moment <= LAST)) wants("a date from the year 1 to 9999", values[0]);
  const offset = offsetAt(moment, zone), wall = new Date(moment + offset * 1000);
  if (wall.getUTCFullYear() < 1 || wall.getUTCFullYear() > 9999) wants("a date from the year 1 to 9999", values[0]);
  return pattern.replace(DIRECTIVE, (_, flag, name) => {
    const text = DIRECTIVES[name](wall, offset);
    return flag ? text.replace(/^[0 ]+(?=.)/, "") : text;
  });
};

function trend(values, options) {
  const change = needsNumber(values[0]), threshold = Math.abs(amount(options, "threshold", 0));
  const name = change > threshold ? "up" : change < -threshold ? "down" : "flat";
  return word(options, name, name);
}

function signal(values, options) {
  const score = needsNumber(values[0]), buy = amount(options, "buy", 0.5), sell = amount(options, "sell", -0.5);
  if (sell >= buy) refuse("wants `sell` below `buy`");
  const name = score >= buy ? "buy" : score <= sell ? "sell" : "hold";
  return word(options, `${name}_label`, name);
}

function equal(a, b) {
  if (isFigure(a) && isFigure(b)) return figure(a) === figure(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((it, at) => equal(it, b[at]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => has(b, key) && equal(a[key], b[key]));
}

/** How two texts are ordered: by their characters, and not by halves of them. */
function compared(a, b) {
  const [x, y] = [[...a], [...b]], at = x.findIndex((char, index) => char !== y[index]);
  if (at < 0) return x.length - y.length;
  return y[at] === undefined ? 1 : x[at].codePointAt(0) - y[at].codePointAt(0);
}

const order = (holds) => ([a, b]) => {
  const x = asNumber(a), y = asNumber(b);
  if (x !== null && y !== null) return holds(x - y);
  return typeof a === "string" && typeof b === "string" ? holds(compared(a, b)) : refuse("compares two numbers or two texts");
};

function jsonHelper(values, options) {
  const pretty = options.get("pretty") ?? false;
  if (typeof pretty !== "boolean") wants("true or false for `pretty`", pretty);
  return asJson(values[0], countOf([], options, "indent", pretty ? 2 : 0, 1000));
}

// name: what runs, the fewest and the most values, the options, what it accepts
const HELPERS = new Map(Object.entries({
  default: [(v) => v.find((it) => it !== null) ?? refuse("has no value that is given"), 2, 100, [], "absent"],
  json: [jsonHelper, 1, 1, ["pretty", "indent"], "null"],
  upper: [(v) => plain(v[0]).toUpperCase(), 1, 1, [], "value"],
  lower: [(v) => plain(v[0]).toLowerCase(), 1, 1, [], "value"],
  title: [(v) => title(plain(v[0])), 1, 1, [], "value"],
  trim: [(v) => trim(plain(v[0])), 1, 1, [], "value"],
  truncate: [truncate, 1, 2, ["length", "ellipsis"], "value"],
  indent: [indent, 1, 2, ["spaces"], "value"],
  join: [join, 1, 2, ["separator"], "value"],
  first: [end(0), 1, 1, [], "value"],
  last: [end(-1), 1, 1, [], "value"],
  length: [length, 1, 1, [], "value"],
  lookup: [lookup, 2, 2, [], "value"],
  round: [round, 1, 2, ["digits"], "value"],
  abs: [abs, 1, 1, [], "value"],
  percent: [percent, 1, 2, ["digits"], "value"],
  currency: [currency, 1, 2, ["code", "symbol", "digits", "thousands"], "value"],
  date: [date(USUAL.date), 1, 2, ["format", "tz"], "value"],
  datetime: [date(USUAL.datetime), 1, 2, ["format", "tz"], "value"],
  trend_label: [trend, 1, 1, ["threshold", "up", "down", "flat"], "value"],
  signal_label: [signal, 1, 1, ["buy", "sell", "buy_label", "hold_label", "sell_label"], "value"],
  eq: [(v) => equal(v[0], v[1]), 2, 2, [], "null"],
  ne: [(v) => !equal(v[0], v[1]), 2, 2, [], "null"],
  gt: [order((sign) => sign > 0), 2, 2, [], "value"],
  gte: [order((sign) => sign >= 0), 2, 2, [], "value"],
  lt: [order((sign) => sign < 0), 2, 2, [], "value"],
  lte: [order((sign) => sign <= 0), 2, 2, [], "value"],
  and: [(v) => v.every(isTrue), 1, 100, [], "conditions"],
  or: [(v) => v.some(isTrue), 1, 100, [], "conditions"],
  not: [(v) => !isTrue(v[0]), 1, 1, [], "conditions"],
}));
