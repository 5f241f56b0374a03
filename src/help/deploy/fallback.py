"""The last resort where the gateway is gone: plain prompts of a snapshot, sent to the API directly."""
import json, pathlib, re

# promptctl get --all --versions --format json > prompts.json, beside this file
SNAPSHOT = json.loads((pathlib.Path(__file__).parent / "prompts.json").read_text("utf-8"))
NAMES = {"maxTokens": "max_output_tokens", "maxCompletionTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p"}


def request(id, version=None, variables=None):
    """What `responses.create` takes instead of `prompt`."""
    entries = SNAPSHOT["prompts"] + SNAPSHOT.get("versions", [])
    source = lambda e: e["document"].get("source") or {}
    held = lambda e: [str(v) for v in [source(e).get("version"), *source(e).get("versions", [])]]
    same = [e for e in entries if id in (e["name"], source(e).get("id"))]
    if version is not None:
        same = [e for e in same if str(version) in ([str(e["version"])] if id == e["name"] else held(e))]
        same.sort(key=lambda e: e["version"])  # an edit may have kept the number: the first was it
    document = same[0]["document"] if same and same[0]["plain"] else {"tools": None}
    parameters = document.get("modelParameters") or {}
    if {"tools", "responseFormat", "extraBody"} & set(document) or set(parameters) - set(NAMES):
        raise LookupError(f"{id} is not in the snapshot, or more than plain texts")
    given = {v["name"]: v.get("default") for v in same[0]["variables"]} | (variables or {})
    fill = lambda text: re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: value(given, m[1]), text)
    text = lambda c: c if isinstance(c, str) else "".join(part["text"] for part in c)
    messages = [{"role": m["role"], "content": fill(text(m["content"]))} for m in document["messages"]]
    return {"model": document["model"].split("/", 1)[-1], "input": messages} | {NAMES[k]: v for k, v in parameters.items()}


def value(given, name):
    if not isinstance(given.get(name), str):
        raise LookupError(f"{name} has no value, or one that is no text")
    return given[name]


# client.responses.create(**request("pmpt_…", "6", {"word": "cat"}))
