"""The last resort where the gateway is gone: plain prompts of a snapshot, sent to the API directly."""
import json, re

SNAPSHOT = json.load(open("prompts.json"))  # promptctl get --all --versions --format json


def request(id, version=None, variables=None):
    """What `responses.create` takes instead of `prompt`."""
    entries = SNAPSHOT["prompts"] + SNAPSHOT.get("versions", [])
    same = [e for e in entries if id in (e["name"], (e["document"].get("source") or {}).get("id"))]
    if version is not None:
        source = lambda e: e["document"].get("source") or {}
        held = lambda e: [source(e).get("version"), *source(e).get("versions", [])]
        same = [e for e in same if str(version) in ([str(e["version"])] if id == e["name"] else map(str, held(e)))]
    if not same or not same[0]["plain"]:
        raise LookupError(f"{id} is not in the snapshot, or more than a plain template")
    fill = lambda text: re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: (variables or {})[m[1]], text)
    text = lambda c: c if isinstance(c, str) else "".join(part["text"] for part in c)
    messages = [{"role": m["role"], "content": fill(text(m["content"]))} for m in same[0]["document"]["messages"]]
    return {"model": same[0]["document"]["model"].split("/", 1)[-1], "input": messages}


# client.responses.create(**request("pmpt_…", "6", {"word": "cat"}))
