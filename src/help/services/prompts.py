"""Reads prompts from a snapshot of promptctl and fills them in. Python 3.9 or later, nothing to install.

    promptctl get --all --env production --format json > prompts.json

    prompts = Prompts("prompts.json", needed=["support/triage"])  # raises where one cannot be used
    prompt = prompts["support/triage"]
    client.responses.create(**prompt.request(ticket=text))
    log.info("answered", prompt=prompt.name, version=prompt.version, digest=prompt.digest)

The messages are those of `promptctl render`, with every helper. What this file cannot do is refused when
the snapshot is loaded: partials with a block, `{{#*inline}}`, raw blocks, attachments by `path` that the
snapshot does not hold (`get --all --versions` does). Of `input.schema` it checks types, `enum`, `required`,
`items`, `properties`, `additionalProperties`, and the least and most of numbers, texts and lists.
Dates before the year 1 are refused.
"""
import json
import math
import re
import unicodedata
import warnings
from collections import deque
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

MOST_TEXT, MOST_STEPS, MOST_NESTED = 40_000_000, 2_000_000, 127
MOST_TEMPLATE, MOST_TAGS, MOST_TAG, MOST_BLOCKS, MOST_BRACKETS = 1_000_000, 2_000, 64_000, 100, 50
MOST_PARTIALS, MOST_LEVELS, MOST_PIECES = 50, 150, 200_000
BLANK = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
ROLES = ("system", "developer", "user", "assistant")


class PromptError(ValueError):
    """A snapshot, a prompt or a value that cannot be used."""


class Prompts:
    """The prompts of a snapshot, by name. A new snapshot takes over only when all of it is good."""

    def __init__(self, path="prompts.json", needed=()):
        self._path, self._needed, self._text, self._live = Path(path), tuple(needed), None, {}
        self.reload()

    def reload(self):
        """Reads the file again; where something is wrong, this raises and the prompts stay as they were."""
        try:
            text = self._path.read_text(encoding="utf-8")
            if text == self._text:
                return
            snapshot = json.loads(text)
            if snapshot.get("schema") != 1:
                raise PromptError(f"{self._path}: a snapshot of schema {snapshot.get('schema')}, and 1 is known here")
            live = {entry["name"]: Prompt(entry) for entry in snapshot["prompts"]}
        except PromptError:
            raise
        except OSError as error:
            raise PromptError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except KeyError as error:
            raise PromptError(f"{self._path} is no snapshot of `promptctl get --all --format json`: {error} is missing") from error
        except (ValueError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise PromptError(f"{self._path} is no snapshot of `promptctl get --all --format json`: {error}") from error
        for name in self._needed:
            if name not in live:
                raise PromptError(f"{self._path}: {name} is not among its prompts")
        self._text, self._live = text, live  # from here on all callers see the new ones

    def __getitem__(self, name):
        if name not in self._live:
            raise PromptError(f"{name} is not in the snapshot")
        return self._live[name]

    def __iter__(self):
        return iter(self._live)


class Prompt:
    """One prompt: `name`, `version` (a number), `digest`, and what fills it in."""

    def __init__(self, entry):
        self.name, self.version, self.digest = entry["name"], entry["version"], entry["digest"]
        self._variables, self._attachments = entry["variables"], entry.get("attachments", {})
        self._document = document = {_camel(key): value for key, value in entry["document"].items()}
        self._schema = (document.get("input") or {}).get("schema") or None
        try:
            self._partials = {it["name"]: _parse(it["text"]) for it in entry["partials"]}
            self._messages = [self._message(it) for it in document["messages"]]
            check = _Check(self._partials)
            for name in self._partials:
                check.partial(name, ())
            for nodes in [t for m in self._messages for t in _texts(m)]:
                check.body(nodes, ())
        except PromptError as error:
            raise PromptError(f"{self.name} cannot be used here: {error}") from None

    def _message(self, entry):
        if "placeholder" in entry:
            return {"placeholder": entry["placeholder"]}
        content = entry["content"]
        if not isinstance(content, list):
            return {"role": entry["role"], "content": _parse(_scalar(content))}
        return {"role": entry["role"], "parts": [self._part(it) for it in content]}

    def _part(self, part):
        if not isinstance(part, dict):
            return {"type": "text", "text": _parse(_scalar(part))}
        part = {_camel(key): value for key, value in part.items()}
        kind = part.get("type")
        if kind in ("text", "input_text", "output_text"):
            return {"type": "text", "text": _parse(_scalar(part["text"]))}
        kind = "image" if kind in ("image", "image_url", "input_image") else "file"
        url = next((part[key] for key in ("url", "imageUrl", "fileUrl", "fileData") if key in part), None)
        for inner in (url, part.get("file")):
            if isinstance(inner, dict):
                return self._part({"type": kind, **({"detail": part["detail"]} if "detail" in part else {}), **inner})
        key, source = next((k, v) for k, v in (("url", url), ("path", part.get("path")), ("fileId", part.get("fileId"))) if v is not None)
        if key == "path":
            if source not in self._attachments:
                raise PromptError(f"the attachment {source} is not in the snapshot; `get --all --versions` takes it along")
            key, made = "url", [("text", self._attachments[source])]
        else:
            made = _parse(_scalar(source))
        result = {"type": kind, key: made}
        if kind == "image" and "detail" in part:
            result["detail"] = str(part["detail"])
        if kind == "file" and "filename" in part:
            result["filename"] = _parse(_scalar(part["filename"]))
        return result

    def render(self, /, **given):
        """The messages, as `promptctl render --format json` prints them."""
        return [message for message, _ in self._rendered(given)]

    def request(self, /, **given):
        """What `responses.create` takes, as `promptctl render --format request` prints it."""
        document, messages = self._document, self._rendered(given)
        model = str(document.get("model") or "").strip().partition("/")
        body = {"model": model[2] if model[1] else model[0]}
        if not body["model"]:
            body.pop("model")  # `extraBody` may name one
        leading = 0
        while leading < len(messages) and messages[leading][1] and messages[leading][0]["role"] in ROLES[:2]:
            leading += 1
        texts = [_only_text(message["content"]) for message, _ in messages[:leading]]
        if leading == len(messages) or None in texts:
            leading = 0
        if leading:
            body["instructions"] = "\n\n".join(texts)
        body["input"] = [_input(message) for message, _ in messages[leading:]]
        for key, value in (document.get("modelParameters") or {}).items():
            place = PARAMETERS.get(_camel(key))
            if place and value is not None:
                outer, _, inner = place.partition(".")
                _merge(body, {outer: {inner: value} if inner else value})
        wanted = _format(document)
        if wanted:
            _merge(body, {"text": {"format": wanted}})
        _merge(body, document.get("extraBody") or {})
        if not body.get("model"):
            raise PromptError(f"{self.name} names no model; `render` gives its messages for a call of your own")
        return body

    def _rendered(self, given):
        rendered = []
        try:
            values = self._values(given)
            filler = _Filler(values, self._schema, self._partials)
            for message in self._messages:
                if "placeholder" in message:
                    rendered.extend((it, False) for it in _given_messages(message["placeholder"], values))
                else:
                    rendered.append((_fill_message(filler, message), True))
        except PromptError as error:
            raise PromptError(f"{self.name}: {error}") from None
        except RecursionError:
            raise PromptError(f"{self.name}: blocks and values are nested too deeply for the stack of Python") from None
        return rendered

    def _values(self, given):
        values = _own(given)
        names = [variable["name"] for variable in self._variables]
        for name in values:
            if name not in names:
                known = f"its variables are {', '.join(names)}" if names else "it has none"
                warnings.warn(f"{self.name}: the prompt has no variable {name}; {known}", stacklevel=4)
        for variable in self._variables:
            name, kinds = variable["name"], (variable["type"] or "").split("|")
            if isinstance(values.get(name), str) and "string" not in kinds:
                values[name] = _exactly(values[name], kinds)
        _defaults(values, self._schema, self._schema)
        for variable in self._variables:
            name = variable["name"]
            if name not in values and variable["default"] is not None:
                values[name] = variable["default"]
            if variable["required"] and values.get(name) is None:
                raise PromptError(f"{name} has no value")
        if self._schema:
            wrong = _misfit(values, self._schema, self._schema, "")
            if wrong:
                raise PromptError(wrong)
        return values


PARAMETERS = {
    "temperature": "temperature", "topP": "top_p", "maxTokens": "max_output_tokens",
    "maxCompletionTokens": "max_output_tokens", "maxOutputTokens": "max_output_tokens",
    "reasoningEffort": "reasoning.effort", "verbosity": "text.verbosity",
}


def _camel(key):
    return re.sub(r"(?<=.)_([a-z0-9])", lambda at: at[1].upper(), key) if "_" in key else key


def _scalar(value):
    return value if isinstance(value, str) else _print(value)


def _texts(message):
    if "content" in message:
        return [message["content"]]
    return [it for part in message.get("parts", ()) for it in part.values() if isinstance(it, list)]


def _merge(target, source):
    for key, value in source.items():
        if isinstance(value, dict):
            old = target.get(key)
            target[key] = dict(old) if isinstance(old, dict) else {}
            _merge(target[key], value)
        else:
            target[key] = value


def _format(document):
    schema = document.get("jsonSchema") or None
    schema = json.loads(schema) if isinstance(schema, str) else schema
    kind = document.get("responseFormat") or ("json_schema" if schema else None)
    if kind != "json_schema":
        return {"type": kind} if kind else None
    if schema is None:
        raise PromptError("`responseFormat: json_schema` has no `jsonSchema`")
    made = {"type": kind, "name": "answer"}
    if "schema" in schema:
        made.update({key: schema[key] for key in ("name", "description", "schema", "strict") if schema.get(key) is not None})
    else:
        made["schema"] = schema
    return made


def _only_text(content):
    if isinstance(content, str):
        return content
    return "".join(it["text"] for it in content) if all(it["type"] == "text" for it in content) else None


def _input(message):
    content, role = message["content"], message["role"]
    if isinstance(content, str):
        return dict(message)
    made = []
    for part in content:
        kind = part["type"]
        if kind == "text":
            made.append({"type": "output_text" if role == "assistant" else "input_text", "text": part["text"]})
        elif role == "assistant":
            raise PromptError("a message of the assistant holds a picture or a file")
        elif kind == "image":
            key, value = ("image_url", part["url"]) if "url" in part else ("file_id", part["fileId"])
            made.append({"type": "input_image", key: value, **({"detail": part["detail"]} if "detail" in part else {})})
        elif kind == "file":
            if "url" in part:
                key, value = "file_data" if part["url"][:5].lower() == "data:" else "file_url", part["url"]
            else:
                key, value = "file_id", part["fileId"]
            made.append({"type": "input_file", key: value, **({"filename": part["filename"]} if "filename" in part else {})})
        else:
            made.append(part)
    return {"role": role, "content": made}


def _fill_message(filler, message):
    role = message["role"]
    if "content" in message:
        parts = filler.parts(message["content"], role == "user")
        whole = len(parts) == 1 and parts[0]["type"] == "text"
        return {"role": role, "content": parts[0]["text"] if whole else parts}
    parts = []
    for part in message["parts"]:
        if part["type"] == "text":
            parts.extend(filler.parts(part["text"], role == "user"))
        else:
            parts.append({key: filler.text(it) if isinstance(it, list) else it for key, it in part.items()})
    return {"role": role, "content": parts}


def _given_messages(name, values):
    items = values.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        raise PromptError(f"{name} must be a list of messages")
    made = []
    for at, item in enumerate(items):
        where = f"{name}[{at}]"
        _refuse_more(where, item, ("role", "content"), "a message")
        if not isinstance(item, dict) or set(item) != {"role", "content"} or item["role"] not in ROLES:
            raise PromptError(f"{where} must be {{role, content}} with a role of {', '.join(ROLES)}")
        content = item["content"]
        if isinstance(content, list) and content:
            content = [_given_part(f"{where}.content[{i}]", it, item["role"]) for i, it in enumerate(content)]
        elif not isinstance(content, str):
            raise PromptError(f"{where}.content must be a text or a list of parts")
        made.append({"role": item["role"], "content": content})
    return made


def _refuse_more(where, item, known, what):
    more = [key for key in item if key not in known] if isinstance(item, dict) else ()
    if more:
        raise PromptError(f"{where} holds {', '.join(more)}: {what} takes {', '.join(known)} and nothing else")


def _given_part(where, part, role):
    kind = part.get("type") if isinstance(part, dict) else None
    kind = kind if isinstance(kind, str) else None
    keys = set(part) - {"type"} if isinstance(part, dict) else set()
    if kind in ("text", "input_text", "output_text") and keys == {"text"} and isinstance(part["text"], str):
        return {"type": "text", "text": part["text"]}
    known = {"input_image": ("image_url", "file_id", "detail"), "input_file": ("file_url", "file_data", "file_id", "filename")}
    takes = {**known, "text": ("text",), "input_text": ("text",), "output_text": ("text",)}
    if isinstance(kind, str) and kind in takes:
        _refuse_more(where, part, ("type", *takes[kind]), f"a part of type {kind}")
    if role != "user" or not isinstance(kind, str) or kind not in known or keys - set(known[kind]) or not all(isinstance(it, str) for it in part.values()):
        raise PromptError(f"{where} is not a part that the API takes in a message of the {role}")
    return dict(part)


# --- values and their schema ---


def _own(value, depth=1):
    """A copy of a value that JSON can say, and `promptctl render` would read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if re.search("[\ud800-\udfff]", value):
            raise PromptError("a text holds half of a character (a lone surrogate)")
        return str.__str__(value)
    if isinstance(value, int):
        value = int(value)
        return value if _is_whole(value) else _finite(value)
    if isinstance(value, float):
        return _finite(value)
    if not isinstance(value, (list, tuple, dict)):
        raise PromptError(f"a value of type {type(value).__name__} is nothing that JSON can say")
    if depth > MOST_NESTED:
        raise PromptError(f"a value is nested more than {MOST_NESTED} levels deep")
    if not isinstance(value, dict):
        return [_own(it, depth + 1) for it in value]
    made = {}
    for key, it in value.items():
        if key is None or isinstance(key, (bool, int, float)):
            key = _json(_own(key))
        elif not isinstance(key, str):
            raise PromptError(f"a key of type {type(key).__name__} is nothing that JSON can say")
        made[_own(key)] = _own(it, depth + 1)
    return made


def _is_whole(number):
    return -(2**63) <= number < 2**64


def _finite(number):
    try:
        made = float(number)
    except OverflowError:
        made = math.inf
    if not math.isfinite(made):
        raise PromptError("a number is too large, or none")
    return made


def _number_of(text):
    """The number that a text is: a whole one has 64 bits, all others are floats, and too large is none."""
    if not re.fullmatch(NUMBER, text):
        return None
    if len(text) <= 20 and text != "-0" and not set(text) & set(".eE") and _is_whole(int(text)):
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def _exactly(text, kinds):
    """The number or boolean that a text is, if one of these kinds wants it."""
    if text in ("true", "false"):
        return text == "true" if "boolean" in kinds else text
    value = _number_of(text.strip(" \t\r\n"))
    fits = value is not None and ("number" in kinds or "integer" in kinds and isinstance(value, int))
    return value if fits else text


def _resolved(schema, root):
    for _ in range(20):
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(ref, str) or not ref.startswith("#"):
            break
        schema = root
        for step in ref[1:].split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            schema = schema.get(step, {}) if isinstance(schema, dict) else {}
    return schema if isinstance(schema, dict) else {}


def _defaults(values, schema, root, depth=0):
    for name, own in (_resolved(schema, root).get("properties") or {}).items():
        declared = _resolved(own, root)
        if isinstance(values.get(name), dict) and depth < 50:
            _defaults(values[name], own, root, depth + 1)
        elif name not in values:
            for one in (own, declared):
                if isinstance(one, dict) and "default" in one:
                    values[name] = json.loads(json.dumps(one["default"]))
                    break


def _kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def _misfit(value, schema, root, where, depth=0):
    """What is wrong with a value, by the keywords that this file knows; None if nothing is."""
    if schema is False:
        return f"{where or 'the input'} may not be given"
    schema, kind, name = _resolved(schema, root), _kind(value), where or "the input"
    if depth > 100:
        return f"{name} is nested too deeply"
    wanted = schema.get("type")
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and kind not in wanted and not (kind == "integer" and "number" in wanted):
        return f"{name} must be of type {'|'.join(wanted)}, and {kind} was given"
    if "enum" in schema and not any(_equal(value, it) for it in schema["enum"]):
        return f"{name} must be one of {json.dumps(schema['enum'], ensure_ascii=False)}"
    if "const" in schema and not _equal(value, schema["const"]):
        return f"{name} must be {json.dumps(schema['const'], ensure_ascii=False)}"
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        if not low <= value <= high or value <= schema.get("exclusiveMinimum", -math.inf) or value >= schema.get("exclusiveMaximum", math.inf):
            return f"{name} is out of range"
    size = {"string": "Length", "array": "Items", "object": "Properties"}.get(kind)
    if size and not schema.get("min" + size, 0) <= len(value) <= schema.get("max" + size, len(value)):
        return f"{name} is too short or too long"
    if kind == "array" and "items" in schema:
        for at, item in enumerate(value):
            wrong = _misfit(item, schema["items"], root, f"{where}[{at}]", depth + 1)
            if wrong:
                return wrong
    if kind == "object":
        for key in schema.get("required", ()):
            if key not in value:
                return f"{name} lacks {key}"
        known = schema.get("properties") or {}
        for key, inner in value.items():
            rule = known.get(key, schema.get("additionalProperties", True) if "patternProperties" not in schema else True)
            wrong = rule is not True and _misfit(inner, rule, root, f"{where}.{key}" if where else key, depth + 1)
            if wrong:
                return wrong
    return None


# --- templates: from text to a tree ---

LONG_COMMENT = re.compile(r"\{\{![" + BLANK + "]*--")
BLOCKS = ("if", "unless", "each", "with")


def _parse(text):
    """The tree of a template: ("text", t), ("print", e), ("block", …), ("partial", …)."""
    pieces = _pieces(text)
    _strip(pieces)
    stack = [_Open("", None)]
    for piece in pieces:
        kind, inner = piece.kind, piece.inner
        if len(stack) > MOST_BLOCKS + 1:
            raise PromptError(f"blocks are nested more than {MOST_BLOCKS} levels deep")
        if kind == "text":
            if inner:
                stack[-1].nodes.append(("text", inner))
        elif kind == "print":
            stack[-1].nodes.append(("print", _Tokens(inner).call()))
        elif kind == "partial":
            stack[-1].nodes.append(_partial(piece))
        elif kind == "open":
            stack.append(_open(inner))
        elif kind == "else":
            if len(stack) == 1 or stack[-1].has_else:
                raise PromptError("an `{{else}}` outside of a block")
            stack[-1].turn()
            if inner:
                chained = _open(inner)
                chained.is_chained = True
                stack.append(chained)
        elif kind == "close":
            while stack[-1].is_chained:
                chained = stack.pop()
                stack[-1].nodes.append(chained.made())
            block = stack.pop()
            if not stack or block.name != inner:
                raise PromptError(f"`{{{{/{inner}}}}}` closes nothing")
            stack[-1].nodes.append(block.made())
    if len(stack) > 1:
        raise PromptError(f"`{{{{#{stack[1].name}}}}}` is never closed")
    return stack[0].nodes


class _Piece:
    def __init__(self, kind, inner, left=False, right=False):
        self.kind, self.inner, self.left, self.right, self.indent, self.lone = kind, inner, left, right, "", False


class _Open:
    def __init__(self, name, subject, zero=False, params=()):
        self.name, self.subject, self.zero, self.params = name, subject, zero, params
        self.nodes = self.body = []
        self.otherwise, self.has_else, self.is_chained = [], False, False

    def turn(self):
        self.nodes, self.has_else = self.otherwise, True

    def made(self):
        return ("block", self.name, self.subject, self.zero, self.params, self.body, self.otherwise)


def _pieces(text):
    pieces, start, at = [], 0, 0
    literal, last_dashes = [], text.rfind("--}}")
    if "{{" in text and len(text.encode("utf-8", "replace")) > MOST_TEMPLATE:
        raise PromptError("a text with template tags may hold 1 MB, and this one is larger")

    def flush(end):
        literal.append(text[start:end])
        pieces.append(_Piece("text", "".join(literal)))
        literal.clear()

    while True:
        found = text.find("{{", at)
        if found < 0:
            break
        slashes = 0
        while slashes < 2 and found > slashes and text[found - 1 - slashes] == "\\":
            slashes += 1
        if slashes == 1:
            literal.append(text[start:found - 1] + "{{")
            start = at = found + 2
            continue
        if slashes or text.startswith("{{{{", found):
            raise PromptError("raw blocks and backslashes before a tag are not supported here")
        flush(found)
        if len(pieces) > 2 * MOST_TAGS:
            raise PromptError(f"the template has more than {MOST_TAGS} tags")
        if text.startswith("{{!", found):
            long = LONG_COMMENT.match(text, found)
            close = "--}}" if long and long.end() <= last_dashes else "}}"
            end = text.find(close, long.end() if close == "--}}" else found + 3)
            if end < 0:
                raise PromptError("a comment is never closed")
            pieces.append(_Piece("comment", ""))
            start = at = end + len(close)
            continue
        end, triple = _close(text, found), text.startswith("{{{", found)
        inner = text[found + 2:end - 2]
        if triple:
            inner = inner[1:-1]
        inner = inner.strip()
        left, right = inner.startswith("~"), inner.endswith("~") and len(inner) > 1
        inner = inner[left:len(inner) - right].strip()
        _check_tag(inner)
        pieces.append(_classified(inner, triple, left, right))
        start = at = end
    flush(len(text))
    return pieces


def _check_tag(inner):
    """A tag is short, and its brackets are not too deep."""
    if len(inner.encode("utf-8", "replace")) > MOST_TAG:
        raise PromptError(f"a tag is longer than {MOST_TAG} bytes")
    depth = 0
    for char in inner:
        depth = depth + 1 if char in "([{" else max(0, depth - 1) if char in ")]}" else depth
        if depth > MOST_BRACKETS:
            raise PromptError(f"brackets in a tag are nested more than {MOST_BRACKETS} levels deep")


def _close(text, start):
    """Where the tag that begins at `start` ends, its braces included."""
    close = "}}}" if text.startswith("{{{", start) else "}}"
    at, quote = start + len(close), ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and text.find(char, at + 1) >= 0:
            quote = char
        elif text.startswith(close, at):
            return at + len(close)
        elif text.startswith("{{", at):
            break
        at += 1
    raise PromptError("a tag is never closed")


def _classified(inner, triple, left, right):
    kind = "print"
    if not triple and inner:
        sign, rest = inner[0], inner[1:].strip()
        if sign in "*" or inner[:2] in ("#>", "#*"):
            raise PromptError(f"`{{{{{inner}}}}}` is not supported here: partials with a block, and such that a template defines")
        if sign == "#":
            kind, inner = "open", rest
        elif sign == "/":
            kind, inner = "close", rest
        elif sign == ">":
            kind, inner = "partial", rest
        elif sign == "^" or re.match(r"else(\s|$)", inner):
            kind, inner = "else", rest if sign == "^" else inner[4:].strip()
        elif sign == "&":
            inner = rest
    return _Piece(kind, inner, left, right)


def _strip(pieces):
    """Takes away the lines of tags that stand alone on them, and what `~` takes away."""
    lone = []
    for at in range(1, len(pieces) - 1, 2):
        piece, before, after = pieces[at], pieces[at - 1].inner, pieces[at + 1].inner
        if piece.kind == "print":
            continue
        line = before[before.rfind("\n") + 1:]
        starts = not line.strip(" \t") and ("\n" in before or at == 1)
        ends = re.match(r"[ \t]*(\r?\n)|()\Z", after)
        is_last = ends and not ends[1] and at + 2 < len(pieces)
        if starts and ends and not is_last:
            lone.append((at, len(line), ends.end()))
    for at, blanks, _ in lone:
        before = pieces[at - 1]
        pieces[at].indent = before.inner[len(before.inner) - blanks:] if blanks else ""
        before.inner = before.inner[:len(before.inner) - blanks]
    for at, _, end in lone:
        after = pieces[at + 1]
        # What stood before the next tag of its own may be gone by now.
        after.inner = after.inner[min(end, len(after.inner)):]
    for at in range(1, len(pieces) - 1, 2):
        if pieces[at].left:
            pieces[at - 1].inner = pieces[at - 1].inner.rstrip(BLANK)
        if pieces[at].right:
            pieces[at + 1].inner = pieces[at + 1].inner.lstrip(BLANK)
            while not pieces[at + 1].inner and at + 2 < len(pieces) and pieces[at + 2].kind == "comment":
                at += 2  # a comment ends nothing
                pieces[at + 1].inner = pieces[at + 1].inner.lstrip(BLANK)


def _open(inner):
    tokens = _Tokens(inner)
    name = tokens.take()
    if name not in BLOCKS:
        raise PromptError(f"there is no block `{{{{#{name}}}}}`")
    subject, zero, params = tokens.expr(), False, ()
    while tokens.left:
        token = tokens.take()
        if token == "as" and tokens.left and tokens.left[0].startswith("|"):
            params = tuple(tokens.take().strip("|").split())
        elif token == "includeZero=" and tokens.take() == "true":
            zero = True
        else:
            raise PromptError(f"`{{{{#{inner}}}}}` cannot be read here")
    return _Open(name, subject, zero, params)


def _partial(piece):
    tokens = _Tokens(piece.inner)
    name = tokens.take()
    name = name[1:-1] if name[:1] in "\"'[" else name
    if name.startswith("@") or name == "(":
        raise PromptError(f"`{{{{> {name}}}}}` is not supported here")
    context, options = tokens.rest()
    if len(context) > 1:
        raise PromptError(f"`{{{{> {name}}}}}` takes one context")
    return ("partial", name, context[0] if context else None, options, piece.indent)


TOKEN = re.compile(r"""\s*(?:("[^"\\]*"|'[^'\\]*')|(\|[^|]*\|)|([()])|([^\s=()"'|]+=)(?!=)|((?:\[[^\]]*\]|[^\s=()"'|\[\]])+))""")
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


class _Tokens:
    """The words inside a tag."""

    def __init__(self, inner):
        self.left, at, self.inner = deque(), 0, inner
        while at < len(inner.rstrip()):
            found = TOKEN.match(inner, at)
            if not found:
                raise PromptError(f"`{{{{{inner}}}}}` cannot be read here")
            self.left.append(found[0].strip())
            at = found.end()

    def take(self):
        if not self.left:
            raise PromptError(f"`{{{{{self.inner}}}}}` cannot be read here")
        return self.left.popleft()

    def expr(self):
        token = self.take()
        if token == "(":
            made = self._call(self.take(), until=")")
            self.take()
            return made
        if token[0] in "\"'":
            return ("literal", token[1:-1])
        if token in ("true", "false", "null"):
            return ("literal", {"true": True, "false": False, "null": None}[token])
        if re.fullmatch(NUMBER, token):
            number = _number_of(token)
            if number is None:
                raise PromptError(f"`{{{{{self.inner}}}}}` holds a number that is too large")
            return ("literal", number)
        if token in (")", "undefined") or token.endswith("=") or token.startswith("|"):
            raise PromptError(f"`{{{{{self.inner}}}}}` cannot be read here")
        return ("path", _Path(token))

    def call(self):
        if len(self.left) == 1:
            return self.expr()
        if self.left and self.left[0] == "(":
            made = self.expr()
            if self.left:
                raise PromptError(f"`{{{{{self.inner}}}}}` cannot be read here")
            return made
        return self._call(self.take(), until=None)

    def _call(self, name, until):
        args, options = self.rest(until)
        if not args and not options:
            return ("path", _Path(name))
        return ("call", name, args, options)

    def rest(self, until=None):
        args, options = [], {}
        while self.left and self.left[0] != until:
            if self.left[0].endswith("=") and self.left[0][0] not in "\"'":
                name = self.take()[:-1]
                options[name] = self.expr()
            else:
                args.append(self.expr())
        return args, options


class _Path:
    def __init__(self, raw):
        self.raw, self.start, rest = raw, "name", raw
        if rest.startswith("./"):
            self.start, rest = "here", rest[2:]
        elif rest.startswith(".") and not rest.startswith("..") and raw != ".":
            rest = rest[1:]
        if rest == ".":
            rest = "this"
        if re.match(r"@root([./]|$)", rest):
            self.start, rest = "root", rest[5:].lstrip("./")
        elif rest.startswith("@"):
            self.start, rest = "local", rest[1:]
        self.up = 0
        while rest.startswith("../"):
            self.up, rest = self.up + 1, rest[3:]
        if rest == "..":
            self.up, rest = self.up + 1, ""
        self.segments = [it[1:-1] if it.startswith("[") else it for it in re.findall(r"\[[^\]]*\]|[^./\[\]]+", rest)]
        if self.segments[:1] == ["this"] and self.start != "local":
            self.segments.pop(0)
            self.start = "here" if self.start == "name" else self.start


class _Check:
    """Every helper and every partial is known, and all is flat and small enough, before anything is rendered."""

    def __init__(self, partials):
        self.partials, self.known = partials, {}

    def partial(self, name, active):
        """How many levels, levels of partials, and pieces a partial has; each is looked at once."""
        if name not in self.partials:
            raise PromptError(f"there is no partial `{name}`")
        if name in active:
            raise PromptError(f"partials include each other: {' → '.join([*active[active.index(name):], name])}")
        if len(active) >= MOST_PARTIALS:
            raise PromptError(f"partials include each other more than {MOST_PARTIALS} levels deep")
        if name not in self.known:
            levels, partials, pieces = self.body(self.partials[name], (*active, name))
            self.known[name] = levels + 1, partials + 1, pieces + 1
        return self.known[name]

    def body(self, nodes, active):
        levels = partials = pieces = 0
        for node in nodes:
            inner = []
            if node[0] == "print":
                _check_expr(node[1])
            elif node[0] == "block":
                _check_expr(node[2])
                inner = [self.body(node[5], active), self.body(node[6], active)]
                inner = [(1 + max(it[0] for it in inner), max(it[1] for it in inner), 1 + sum(it[2] for it in inner))]
            elif node[0] == "partial":
                inner = [self.partial(node[1], active)]
                for expr in [node[2], *node[3].values()]:
                    _check_expr(expr)
            for it in inner:
                levels, partials, pieces = max(levels, it[0]), max(partials, it[1]), pieces + it[2]
        if levels > MOST_LEVELS or partials > MOST_PARTIALS:
            raise PromptError("blocks and partials are nested too deeply")
        if pieces > MOST_PIECES:
            raise PromptError(f"with its partials in place a text has more than {MOST_PIECES} pieces")
        return levels, partials, pieces


def _check_expr(expr):
    if not expr or expr[0] != "call":
        return
    name, args, options = expr[1:]
    if name not in HELPERS:
        raise PromptError(f"there is no helper `{name}`")
    least, most, known = HELPERS[name][1:4]
    if not least <= len(args) <= most or set(options) - set(known):
        raise PromptError(f"`{name}` takes other arguments")
    if name in ("date", "datetime"):
        given = options.get("format") or (args[1] if len(args) > 1 else None)
        if given and given[0] == "literal":
            _check_format(given[1])
        zone = options.get("tz")
        if zone and zone[0] == "literal":
            _zone(zone[1])
    for one in [*args, *options.values()]:
        _check_expr(one)


# --- filling in ---


class _Item:
    __slots__ = ("value", "schema", "is_all")

    def __init__(self, value, schema=None, is_all=False):
        self.value, self.schema, self.is_all = value, schema, is_all


class _Absent(Exception):
    def __init__(self, may_be):
        self.may_be = may_be


class _Filler:
    """One rendering of all texts of a prompt."""

    def __init__(self, values, schema, partials):
        self.root, self.schema, self.partials = _Item(values, schema, True), schema, partials
        self.steps = self.made = 0
        self.out, self.may_cut = [], False

    def parts(self, nodes, may_cut):
        """The text as parts, cut where it prints a picture or a file."""
        self.frames, self.out, self.may_cut = [_Frame(self.root)], [], may_cut
        self.body(nodes)
        if not any(isinstance(it, dict) for it in self.out):
            return [{"type": "text", "text": "".join(self.out)}]
        parts, text = [], ""
        for piece in [*self.out, None]:
            if isinstance(piece, str):
                text += piece
                continue
            if text:
                parts.append({"type": "text", "text": text})
            text = ""
            if piece:
                parts.append(piece)
        return parts

    def text(self, nodes):
        return self.parts(nodes, False)[0]["text"]

    def push(self, text):
        self.made += len(text)
        if self.made > MOST_TEXT:
            raise PromptError("the template makes more than 40 MB of text")
        self.out.append(text)

    def count(self, more=1):
        self.steps += more
        if self.steps > MOST_STEPS:
            raise PromptError("the template takes more than 2 million pieces")

    def body(self, nodes):
        for node in nodes:
            if node[0] == "text":
                self.push(node[1])
                continue
            self.count()
            if node[0] == "print":
                self.print(self.expr(node[1], "value").value)
            elif node[0] == "block":
                self.block(*node[1:])
            else:
                self.partial(*node[1:])

    def print(self, value):
        if isinstance(value, dict) and value.get("type") in ("input_image", "input_file"):
            if not self.may_cut:
                raise PromptError("a picture or a file is printed where only text can stand")
            self.out.append(value)
        else:
            self.push(_print(value))

    def block(self, kind, subject, zero, params, body, otherwise):
        item = self.expr(subject, "condition")
        value = item.value if item else None
        holds = _true(value) or (zero or kind == "with") and _is_number(value)
        if kind == "unless":
            self.body(otherwise if holds else body)
        elif not holds:
            if kind == "each" and value is not None and not isinstance(value, (list, dict)):
                raise PromptError("`{{#each}}` wants a list or a map")
            self.body(otherwise)
        elif kind == "if":
            self.body(body)
        elif kind == "with":
            self.inside(_Frame(item, params=dict(zip(params, [item])), locals=self.frames[-1].locals), body)
        else:
            self.each(item, params, body)

    def inside(self, frame, body):
        self.frames.append(frame)
        self.body(body)
        self.frames.pop()

    def each(self, item, params, body):
        if not isinstance(item.value, (list, dict)):
            raise PromptError("`{{#each}}` wants a list or a map")
        keys = list(item.value) if isinstance(item.value, dict) else range(len(item.value))
        self.steps += len(keys)  # before the first, so that what is too much is known early
        self.count(0)
        is_plain = isinstance(item.value, list) and not item.schema
        for index, key in enumerate(keys):
            value = _Item(item.value[key]) if is_plain else self.step(item, str(key))
            local = {"index": index, "key": key, "first": index == 0, "last": index + 1 == len(keys)}
            self.inside(_Frame(value, params=dict(zip(params, [value, _Item(key)])), locals=local), body)

    def partial(self, name, context, options, indent):
        item = self.expr(context, "null") if context else None
        given = {key: self.expr(expr, "null") for key, expr in options.items()}
        outer = self.frames[-1]
        same = item is None and not given
        frame = _Frame(item or outer.context, locals=outer.locals, edge="same" if same else "partial")
        frame.given = {**({} if item else outer.given), **given}
        before, self.out = self.out, []
        self.inside(frame, self.partials[name])
        inner, self.out = self.out, before
        if not indent:
            self.out.extend(inner)
            return
        starts = True
        for piece in inner:
            lines = re.findall(r"[^\n]*\n|[^\n]+", piece) if isinstance(piece, str) else [piece]
            for line in lines:
                if starts:
                    self.push(indent)
                self.out.append(line)
                starts = isinstance(line, str) and line.endswith("\n")

    def expr(self, expr, mode):
        if expr[0] == "literal":
            return _Item(expr[1])
        if expr[0] == "call":
            return _Item(self.call(expr[1], expr[2], expr[3], mode))
        try:
            item = self.resolve(expr[1])
        except _Absent as absent:
            if mode == "absent" or mode == "condition" and absent.may_be:
                return None
            raise PromptError(f"`{expr[1].raw}` has no value") from None
        if item.value is None and mode == "value":
            raise PromptError(f"`{expr[1].raw}` has no value: null was given")
        return item

    def resolve(self, path):
        if path.start == "root":
            item, rest = self.root, path.segments
        elif path.start == "local":
            locals = self.outer(path.up).locals
            if not locals or not path.segments or path.segments[0] not in locals:
                raise _Absent(False)
            return _Item(locals[path.segments[0]])
        else:
            first, rest = (path.segments or [None])[0], path.segments[1:]
            item = self.param(first) if path.start == "name" and path.up == 0 else None
            if item is None:
                frame = self.outer(path.up)
                item = frame.given.get(first)
                if item is None:
                    item, rest = frame.context, path.segments
        for segment in rest:
            item = self.step(item, segment)
        return item

    def param(self, name):
        for frame in reversed(self.frames):
            if name in frame.params:
                return frame.params[name]
            if frame.edge != "block":
                return None
        return None

    def outer(self, up):
        at = len(self.frames) - 1
        for _ in range(up):
            while at >= 0 and self.frames[at].edge == "same":
                at -= 1
            at -= 1
        if at < 0:
            raise _Absent(False)
        return self.frames[at]

    def step(self, item, key):
        value, schema = item.value, _resolved(item.schema, self.schema)
        below = (schema.get("properties") or {}).get(key)
        if below is None:
            below = schema.get("items") if "items" in schema and re.fullmatch("[0-9]+", key) else schema.get("additionalProperties")
        below = below if isinstance(below, dict) else None
        if isinstance(value, dict) and key in value:
            return _Item(value[key], below)
        if isinstance(value, list):
            digits = key[key.startswith("+"):].lstrip("0") or "0"
            if re.fullmatch(r"\+?[0-9]+", key) and len(digits) < 20 and int(digits) < len(value):
                return _Item(value[int(digits)], below)
            if key == "length":
                return _Item(len(value))
        known = schema.get("properties")
        if key in (schema.get("required") or ()):
            raise _Absent(False)
        raise _Absent(key in known if isinstance(known, dict) else not item.is_all)

    def call(self, name, args, options, mode):
        self.count()
        run, _, _, _, accepts = HELPERS[name]
        values = []
        for at, arg in enumerate(args):
            wanted = {"value": "value", "null": "null", "absent": "value" if at + 1 == len(args) else "absent",
                      "conditions": "condition" if mode == "condition" else "null"}[accepts]
            item = self.expr(arg, wanted)
            values.append(item.value if item else None)
            if name == "default" and values[-1] is not None or name == "and" and not _true(values[-1]) or name == "or" and _true(values[-1]):
                break
        given = {key: self.expr(expr, "value").value for key, expr in options.items()}
        try:
            made = run(values, given)
        except PromptError as error:
            raise PromptError(f"`{name}` {error}") from None
        if made is None and mode == "value":
            raise PromptError(f"`{name}` finds null, which is no value")
        if isinstance(made, str) and len(made) > MOST_TEXT:
            raise PromptError(f"`{name}` makes more than 40 MB of text")
        return made


class _Frame:
    def __init__(self, context, params=None, locals=None, edge="block"):
        self.context, self.params, self.locals, self.edge, self.given = context, params or {}, locals, edge, {}


# --- printing ---


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _true(value):
    return bool(value)


def _digits(number):
    """The shortest digits of a float, and how many of them stand before the point."""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return digits.rstrip("0") or "0", point


def _number(number):
    if isinstance(number, int):
        return str(number)
    if number == 0:
        return "-0.0" if str(number).startswith("-") else "0.0"
    (digits, point), sign = _digits(number), "-" if number < 0 else ""
    if len(digits) <= point <= 16:
        return f"{sign}{digits.ljust(point, '0')}.0"
    if 0 < point <= 16:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{point - 1:+}"


def _json(value, indent=0, depth=0):
    if _is_number(value):
        return _number(value)
    if not isinstance(value, (list, dict)) or not value:
        return json.dumps(value, ensure_ascii=False)
    line, end = ("\n" + " " * indent * (depth + 1), "\n" + " " * indent * depth) if indent else ("", "")
    colon = ": " if indent else ":"
    if isinstance(value, list):
        return "[" + line + ("," + line).join(_json(it, indent, depth + 1) for it in value) + end + "]"
    items = (json.dumps(key, ensure_ascii=False) + colon + _json(it, indent, depth + 1) for key, it in value.items())
    return "{" + line + ("," + line).join(items) + end + "}"


def _print(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


# --- helpers ---


def _wants(what, value):
    return PromptError(f"wants {what}, and {_json(value)[:60]} was given")


def _plain(value):
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (list, dict)):
        raise _wants("a text", value)
    return _print(value)


def _option(values, options, name, default):
    return options[name] if name in options else values[1] if len(values) > 1 else default


def _count(values, options, name, default=None, most=2**53):
    value = _option(values, options, name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _wants(f"a whole number from 0 to {most} for `{name}`", value)
    return value


def _word(options, name, default):
    if not isinstance(options.get(name, default), str):
        raise _wants(f"a text for `{name}`", options[name])
    return options.get(name, default)


def _figure(options, name, default):
    if not _is_number(options.get(name, default)):
        raise _wants(f"a number for `{name}`", options[name])
    return options.get(name, default)


def _as_number(value):
    if isinstance(value, str):
        return _number_of(value.strip(BLANK))
    return value if _is_number(value) else None


def _needs_number(value):
    number = _as_number(value)
    if number is None:
        raise _wants("a number", value)
    return number


def _list(value):
    if not isinstance(value, list):
        raise _wants("a list", value)
    return value


def _title(text):
    made, inside = [], False
    for char in text:
        made.append(char.lower() if inside else char.upper())
        kind = unicodedata.category(char)
        is_letter = char.isalnum() or kind == "Mc" or kind == "Mn" and unicodedata.combining(char) == 0 or kind in ("Nl", "No")
        inside = is_letter or inside and char in "'’"
    return "".join(made)


def _truncate(values, options):
    text, length = _plain(values[0]), _count(values, options, "length")
    ellipsis = _word(options, "ellipsis", "…")
    if len(text) <= length:
        return text
    return (text[:max(0, length - len(ellipsis))].rstrip(BLANK) + ellipsis)[:length]


def _indent(values, options):
    blanks = " " * _count(values, options, "spaces", most=1000)
    lines = re.findall(r"[^\n]*\n|[^\n]+", _plain(values[0]))
    return "".join(line if not line.rstrip("\r\n") else blanks + line for line in lines)


def _join(values, options):
    separator = _option(values, options, "separator", ", ")
    if not isinstance(separator, str):
        raise _wants("a text for `separator`", separator)
    return separator.join(_print(it) for it in _list(values[0]))


def _end(at):
    def run(values, _):
        if not _list(values[0]):
            raise PromptError("wants a list with items, and an empty one was given")
        return values[0][at]
    return run


def _length(values, _):
    if not isinstance(values[0], (list, dict, str)):
        raise _wants("a list, a map or a text", values[0])
    return len(values[0])


def _lookup(values, _):
    value, key = values
    if isinstance(value, list):
        index = _as_number(key)
        if isinstance(index, int) and 0 <= index < len(value):
            return value[index]
    elif isinstance(value, dict):
        if _print(key) in value:
            return value[_print(key)]
    else:
        raise _wants("a list or a map", value)
    raise PromptError(f"finds nothing under {_json(key)}")


def _decimal(value, digits, shift=0):
    """A number in decimal digits, halves rounded away from zero: its sign, what stands before the point, and behind."""
    number = _needs_number(value)
    if isinstance(number, int):
        figures, scale = str(abs(number)), 0
    else:
        figures, point = _digits(number)
        figures, scale = ("0" * -point + figures, len(figures) - point) if point <= 0 else (figures.ljust(point, "0"), max(0, len(figures) - point))
    scale -= shift
    figures, scale = figures + "0" * max(0, -scale), max(0, scale)
    rounded = int(figures) * 10 ** max(0, digits - scale)
    if scale > digits:
        cut = 10 ** (scale - digits)
        rounded = rounded // cut + (rounded % cut * 2 >= cut)
    text = str(rounded).rjust(digits + 1, "0")
    return "-" if number < 0 and rounded else "", text[:len(text) - digits], text[len(text) - digits:]


def _round(values, options):
    sign, whole, fraction = _decimal(values[0], _count(values, options, "digits", 0, 20))
    return _number_of(f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}")


def _percent(values, options):
    sign, whole, fraction = _decimal(values[0], _count(values, options, "digits", 1, 20), 2)
    return f"{sign}{whole}{'.' + fraction if fraction else ''}%"


CURRENCIES = {"USD": ("$", 2), "EUR": ("€", 2), "GBP": ("£", 2), "INR": ("₹", 2), "JPY": ("¥", 0), "KRW": ("₩", 0)}


def _currency(values, options):
    code = _option(values, options, "code", "USD")
    if not isinstance(code, str):
        raise _wants("a text for `code`", code)
    symbol, usual = CURRENCIES.get(code, ("", 2))
    digits = _count([], options, "digits", usual, 20)
    symbol = _word(options, "symbol", symbol) or f"{code} "
    sign, whole, fraction = _decimal(values[0], digits)
    head = len(whole) % 3 or 3
    groups = [whole[:head], *(whole[at:at + 3] for at in range(head, len(whole), 3))]
    return f"{sign}{symbol}{_word(options, 'thousands', ',').join(groups)}{'.' + fraction if fraction else ''}"


MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DIRECTIVES = {
    "Y": lambda t: f"{t.year:04}", "m": lambda t: f"{t.month:02}", "d": lambda t: f"{t.day:02}", "e": lambda t: f"{t.day:2}",
    "H": lambda t: f"{t.hour:02}", "I": lambda t: f"{t.hour % 12 or 12:02}", "M": lambda t: f"{t.minute:02}",
    "S": lambda t: f"{t.second:02}", "y": lambda t: f"{t.year % 100:02}", "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "B": lambda t: MONTHS[t.month - 1], "b": lambda t: MONTHS[t.month - 1][:3], "A": lambda t: DAYS[t.weekday()],
    "a": lambda t: DAYS[t.weekday()][:3], "p": lambda t: "AM" if t.hour < 12 else "PM", "Z": lambda t: t.tzname(),
    "z": lambda t: t.strftime("%z"), "F": lambda t: f"{t.year:04}-{t.month:02}-{t.day:02}",
    "T": lambda t: f"{t.hour:02}:{t.minute:02}:{t.second:02}", "R": lambda t: f"{t.hour:02}:{t.minute:02}", "%": lambda t: "%",
}
DIRECTIVE = re.compile(r"%(-?)(.?)", re.S)


def _check_format(pattern):
    for flag, name in DIRECTIVE.findall(pattern if isinstance(pattern, str) else "%"):
        if name not in DIRECTIVES or flag and name not in "mdeHIMSyj%":
            raise PromptError(f"the format \"{pattern}\" holds %{flag}{name}, which is not supported here")


ZONES = {}  # how the names are spelt, by the names in small letters


def _zone(name):
    if name.lower() == "utc":
        return timezone.utc
    import zoneinfo
    if not ZONES:
        known = zoneinfo.available_timezones() - {"localtime", "posixrules"}
        ZONES.update((it.lower(), it) for it in known if not it.startswith(("posix/", "right/")))
    try:
        return zoneinfo.ZoneInfo(ZONES[name.lower()])
    except (KeyError, OSError, ValueError):
        raise PromptError(f"the time zone \"{name}\" is not known on this machine (the package tzdata brings them)") from None


EPOCH, FIRST, LAST = datetime(1970, 1, 1, tzinfo=timezone.utc), -62_135_596_800, 253_402_207_200
MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(Z|z|[+-](?:[01][0-9]|2[0-5]):?[0-5][0-9])?)?")


def _moment(value, zone):
    seconds = _seconds(value, zone)
    if not FIRST <= seconds <= LAST:
        raise _wants("a date from the year 1 to 9999", value)
    return EPOCH + timedelta(seconds=seconds)


def _seconds(value, zone):
    """The whole seconds from 1970 to the moment that a value names."""
    if _is_number(value):
        return round(Fraction(value) * 10**9) // 10**9
    text = value.strip(BLANK) if isinstance(value, str) else ""
    if len(text) != 8 and re.fullmatch(r"-?[0-9]+", text):
        return float(text)
    if re.fullmatch(r"[0-9]{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    found = MOMENT.fullmatch(text)
    if not found:
        raise _wants("a date such as 2026-11-20, a moment such as 2026-11-20T12:00:00Z or seconds since 1970", value)
    year, month, day, hour, minute, second = (int(found[at] or 0) for at in range(1, 7))
    second = 59 if second == 60 else second
    wall = datetime(year, month, day, hour, minute, second, tzinfo=zone if found[8] is None else timezone.utc)
    ahead = 0
    if found[8] and found[8] not in "Zz":
        ahead = (int(found[8][1:3]) * 60 + int(found[8][-2:])) * (-60 if found[8][0] == "-" else 60)
    return (wall.astimezone(timezone.utc) - EPOCH) // timedelta(seconds=1) - ahead


def _date(default):
    def run(values, options):
        pattern = _option(values, options, "format", default)
        if not isinstance(pattern, str) or len(pattern.encode()) > 1000:
            raise _wants("a format such as \"%Y-%m-%d\"", pattern)
        _check_format(pattern)
        zone = _zone(_word(options, "tz", "UTC"))
        try:
            moment = _moment(values[0], zone).astimezone(zone)
        except (ValueError, OverflowError) as error:
            raise error if isinstance(error, PromptError) else _wants("a date", values[0]) from None
        return DIRECTIVE.sub(lambda at: DIRECTIVES[at[2]](moment).lstrip("0 " if at[1] else "") or "0", pattern)
    return run


def _trend(values, options):
    change, threshold = _needs_number(values[0]), abs(_figure(options, "threshold", 0))
    name = "up" if change > threshold else "down" if change < -threshold else "flat"
    return _word(options, name, name)


def _signal(values, options):
    score, buy, sell = _needs_number(values[0]), _figure(options, "buy", 0.5), _figure(options, "sell", -0.5)
    if sell >= buy:
        raise PromptError("wants `sell` below `buy`")
    name = "buy" if score >= buy else "sell" if score <= sell else "hold"
    return _word(options, f"{name}_label", name)


def _equal(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b or _is_number(a) and _is_number(b) and a == b


def _order(holds):
    def run(values, _):
        a, b = values
        x, y = _as_number(a), _as_number(b)
        if x is not None and y is not None:
            return holds(x, y)
        if isinstance(a, str) and isinstance(b, str):
            return holds(a, b)
        raise PromptError("compares two numbers or two texts")
    return run


def _default(values, _):
    found = [it for it in values if it is not None]
    if not found:
        raise PromptError("has no value that is given")
    return found[0]


def _as_json(values, options):
    pretty = options.get("pretty", False)
    if not isinstance(pretty, bool):
        raise _wants("true or false for `pretty`", pretty)
    return _json(values[0], _count([], options, "indent", 2 if pretty else 0, 1000))


# name: what runs, the fewest and the most values, the options, what it accepts
HELPERS = {
    "default": (_default, 2, 100, (), "absent"),
    "json": (_as_json, 1, 1, ("pretty", "indent"), "null"),
    "upper": (lambda v, o: _plain(v[0]).upper(), 1, 1, (), "value"),
    "lower": (lambda v, o: _plain(v[0]).lower(), 1, 1, (), "value"),
    "title": (lambda v, o: _title(_plain(v[0])), 1, 1, (), "value"),
    "trim": (lambda v, o: _plain(v[0]).strip(BLANK), 1, 1, (), "value"),
    "truncate": (_truncate, 1, 2, ("length", "ellipsis"), "value"),
    "indent": (_indent, 1, 2, ("spaces",), "value"),
    "join": (_join, 1, 2, ("separator",), "value"),
    "first": (_end(0), 1, 1, (), "value"),
    "last": (_end(-1), 1, 1, (), "value"),
    "length": (_length, 1, 1, (), "value"),
    "lookup": (_lookup, 2, 2, (), "value"),
    "round": (_round, 1, 2, ("digits",), "value"),
    "abs": (lambda v, o: abs(_needs_number(v[0])), 1, 1, (), "value"),
    "percent": (_percent, 1, 2, ("digits",), "value"),
    "currency": (_currency, 1, 2, ("code", "symbol", "digits", "thousands"), "value"),
    "date": (_date("%Y-%m-%d"), 1, 2, ("format", "tz"), "value"),
    "datetime": (_date("%Y-%m-%d %H:%M:%S %Z"), 1, 2, ("format", "tz"), "value"),
    "trend_label": (_trend, 1, 1, ("threshold", "up", "down", "flat"), "value"),
    "signal_label": (_signal, 1, 1, ("buy", "sell", "buy_label", "hold_label", "sell_label"), "value"),
    "eq": (lambda v, o: _equal(v[0], v[1]), 2, 2, (), "null"),
    "ne": (lambda v, o: not _equal(v[0], v[1]), 2, 2, (), "null"),
    "gt": (_order(lambda a, b: a > b), 2, 2, (), "value"),
    "gte": (_order(lambda a, b: a >= b), 2, 2, (), "value"),
    "lt": (_order(lambda a, b: a < b), 2, 2, (), "value"),
    "lte": (_order(lambda a, b: a <= b), 2, 2, (), "value"),
    "and": (lambda v, o: all(map(_true, v)), 1, 100, (), "conditions"),
    "or": (lambda v, o: any(map(_true, v)), 1, 100, (), "conditions"),
    "not": (lambda v, o: not _true(v[0]), 1, 1, (), "conditions"),
}
