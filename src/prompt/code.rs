//! Codes of errors and findings: short names that never change their meaning.

use std::fmt;

/// A code such as `P104`, printed with every error and finding that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Code(&'static str);

impl Code {
    /// The code's text, such as `P104`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The code with this text in any case, if there is one.
    pub fn find(text: &str) -> Option<Self> {
        EXPLANATIONS
            .iter()
            .map(|entry| entry.code)
            .find(|code| code.0.eq_ignore_ascii_case(text))
    }

    /// How severe its findings are, and whether a setting says otherwise.
    pub fn default_level(self) -> DefaultLevel {
        self.explanation().level
    }

    /// What this code means.
    pub fn explanation(self) -> &'static Explanation {
        EXPLANATIONS
            .iter()
            .find(|entry| entry.code == self)
            .unwrap_or(&EXPLANATIONS[0])
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How severe the findings of a code are, and whether `lint:` and a comment can say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultLevel {
    /// It names what keeps a prompt from being used or published, or no finding: nothing changes it.
    Fixed,
    /// A rule, whose findings are errors unless the configuration says otherwise.
    Error,
    /// A rule, whose findings are warnings unless the configuration says otherwise.
    Warning,
    /// A rule, whose findings say themselves how severe they are unless the configuration does.
    Varies,
}

impl DefaultLevel {
    /// Whether this is a rule, which can be configured and allowed.
    pub fn is_rule(self) -> bool {
        self != Self::Fixed
    }
}

/// What a code means, for `promptctl explain`.
#[derive(Debug)]
pub struct Explanation {
    /// The code explained.
    pub code: Code,
    /// How severe it is.
    pub level: DefaultLevel,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What it means and what to do.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $level:ident, $title:literal, $text:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")]
        pub const $name: Code = Code($code);)*

        /// Every code, in order.
        pub static EXPLANATIONS: &[Explanation] = &[
            $(Explanation { code: $name, level: DefaultLevel::$level, title: $title, text: $text },)*
        ];
    };
}

codes! {
    YAML_SYNTAX = "P001", Fixed, "the file is not valid YAML",
        "The YAML parser stopped at the place named. Common causes are a tab used for indentation, a value that holds `: ` without quotes, and a block scalar whose lines are indented less than its first.";
    DUPLICATE_KEY = "P002", Fixed, "a key stands twice in one map",
        "A map keeps one value a key. Remove one of the two.";
    UNKNOWN_KEY = "P003", Warning, "a key that promptctl does not know",
        "The key is kept and has no effect. Put a request field that promptctl does not know under `extraBody:`.";
    MISSPELT_KEY = "P004", Fixed, "a key that is nearly a known one",
        "The key would be ignored without a word, so it is refused. Use the spelling that the message names.";
    WRONG_TYPE = "P005", Fixed, "a value of the wrong type",
        "The key wants another kind of value than the file gives, as the message says.";
    NO_MESSAGES = "P006", Fixed, "the prompt has no messages",
        "A prompt needs at least one entry under `messages:`, each with a `role` and a `content`.";
    BAD_ROLE = "P007", Fixed, "a role that no API knows",
        "Roles are `system`, `developer`, `user` and `assistant`.";
    NOT_UTF8 = "P008", Fixed, "the file is not UTF-8 text",
        "Save the file as UTF-8. `iconv -f latin1 -t utf-8` converts the most common other encoding.";
    TOO_LARGE = "P009", Fixed, "the file is too large",
        "A prompt file may hold 10 MB. Move test data into a dataset file.";
    TOO_COMPLEX = "P010", Fixed, "the YAML is nested too deeply or expands too far",
        "Deep nesting and aliases of aliases are refused, because a small file can stand for gigabytes.";
    BAD_NAME = "P011", Fixed, "a name that is not allowed",
        "A name is made of segments of letters, digits, `_` and `-`, joined by `/`, with `.variant` suffixes on the last. Refused are bare numbers, names like `v3`, `.lock` endings and the device names of Windows.";
    NAME_CLASH = "P012", Fixed, "two files have one name",
        "A name is unique over all roots, and two names may not differ only in case, because one of them would be lost on macOS and Windows.";
    OUTSIDE_ROOT = "P013", Fixed, "a path that leaves the repository",
        "A prompt, a partial or an attachment must be a regular file inside the repository. Links out of it are refused.";
    BAD_SCHEMA = "P014", Fixed, "a JSON Schema that is not valid",
        "`input.schema` and `jsonSchema.schema` must be valid JSON Schemas.";
    BAD_PART = "P015", Fixed, "a content part that is not valid",
        "A part is `{type: text, text: …}`, `{type: image, url|path|fileId: …}` or `{type: file, url|path|fileId: …}`.";
    AMBIGUOUS_SCALAR = "P016", Warning, "a number that YAML readers disagree about",
        "Values such as `012` and `1_000` mean different numbers to different readers. Quote the value, or write it plainly.";
    NOT_A_FILE = "P017", Fixed, "not a regular file",
        "A directory or device stands where a prompt file is expected.";
    BAD_ATTACHMENT = "P018", Fixed, "an attachment that cannot be sent",
        "Images and files named by `path` must exist inside the repository and be no larger than 20 MB.";
    BAD_DIGEST_LINE = "P019", Fixed, "a `digest:` that is not a digest",
        "`digest:` is written by promptctl: 12 hexadecimal digits. `promptctl bump` writes it anew.";
    BAD_VERSION_LINE = "P020", Fixed, "a `version:` that is not a positive whole number",
        "Versions count 1, 2, 3. `promptctl bump` raises the number.";
    DUPLICATE_PARAMETER = "P021", Fixed, "one parameter under two spellings",
        "`maxTokens`, `max_tokens` and `maxCompletionTokens` are one parameter. Keep one of the lines.";
    UNKNOWN_TAG = "P022", Warning, "a YAML tag that promptctl does not know",
        "The tag is ignored and its value is read as it stands. promptctl includes no other files: use a partial, `{{> name}}`.";

    EMPTY_MESSAGE = "P023", Warning, "a message without text",
        "The message says nothing: its content is empty or blank. Write its text, or remove the message.";
    STRICT_SCHEMA = "P024", Error, "an output schema that OpenAI refuses as strict",
        "With `strict: true`, every object lists all its properties in `required` and has `additionalProperties: false`, the outermost schema is an object, and some keywords are not permitted. An optional value is one that may be null: `type: [string, \"null\"]`.";
    PARAMETER_RANGE = "P025", Error, "a parameter out of its range",
        "The API refuses the value; the message says what it takes.";
    SECRET = "P026", Error, "a secret in the text",
        "What looks like an API key, a token or a private key stands in the file. Revoke it, because git keeps it for ever; then take it out. A key reaches promptctl through the environment only.";
    INVISIBLE = "P027", Varies, "invisible or bidirectional control characters",
        "The model reads characters that a reviewer cannot see, or the text is shown in another order than it is read. Remove them, or write them as an escape such as `\\u200b` in a quoted text.";
    UNUSED_ALLOW = "P028", Warning, "a comment that allows nothing",
        "`# promptctl: allow CODE` silences findings of that code on its line and the next, or in the whole file where it stands at the top. This one silences none: remove it.";
    MIXED_LINE_ENDS = "P029", Warning, "two kinds of line ends in one file",
        "Some lines end as on Windows and some do not, so that every editor shows another change. `promptctl validate --fix` writes all of them like most of them.";
    NOT_NUMBERED = "P030", Warning, "no `version:` line",
        "A file without it is version 1, and a change of its content is not noticed. `promptctl validate --fix` writes `version:` and `digest:`.";
    ROOTS_CHANGED = "P031", Fixed, "the folders that hold prompts changed",
        "`roots:` of promptctl.yaml is another than where the branch began. What left the folders is no prompt any more, and what came in is one now. The files of both are compared, so that nothing escapes the check.";
    NOT_SET_UP = "P032", Fixed, "the repository is not set up for prompts",
        "There is neither a `promptctl.yaml` nor a folder `prompts/`. `promptctl init` makes both; `-C DIR` names another repository.";
    SCHEMA_TOO_COMPLEX = "P033", Fixed, "a JSON Schema that asks for too much work",
        "References and alternatives multiply, patterns grow when their repetitions are written out, and a schema may refer to itself without an end. What a schema asks for is counted before it is used: at most 50,000 steps at one place, 5 million for one value, 150 levels, 20,000 maps.";
    MANY_FINDINGS = "P034", Fixed, "more findings than anyone reads",
        "Of each file 200 findings are shown, the errors first. Mend those, and the others show.";
    NO_NUMBER_LEFT = "P035", Fixed, "no version number is left",
        "Versions count up to 4294967295, and the file has that number. Write one that people count to; git tells which it was: `git log -p FILE`.";
    NUMBER_LEAP = "P036", Warning, "a version number far above the last one",
        "The number stands more than 1,000 above the highest one that has a tag, or that the file had where the branch began. It may be a slip; numbers that are used up never come back. Numbers taken from elsewhere, such as dates, are fine: `# promptctl: allow P036`.";

    TEMPLATE_SYNTAX = "P101", Fixed, "a template that cannot be parsed",
        "The Handlebars parser stopped at the place named. Write `\\{{` for braces that are text.";
    MISSING_VARIABLE = "P102", Fixed, "a variable has no value",
        "The template asks for a value that was not given and that has no default. Pass it with `--var name=value`, give it a `default` in `input.schema`, or guard it with `{{#if name}}` and leave it out of `required`.";
    BAD_VALUE = "P103", Fixed, "a value does not fit the input schema",
        "A variable was given a value that `input.schema` does not allow. `--var name:=json` passes numbers, lists and maps.";
    UNDECLARED_VARIABLE = "P104", Error, "a variable that the input schema does not declare",
        "The template uses a variable that `input.schema.properties` does not list. Add it there, so that callers can see it.";
    UNUSED_VARIABLE = "P105", Warning, "a declared variable that the template does not use",
        "`input.schema.properties` lists a variable that no message uses. Use it or remove it.";
    MISSING_PARTIAL = "P106", Fixed, "a partial that does not exist",
        "`{{> name}}` is the file `_name.hbs` below a root; `{{> dir/name}}` is `dir/_name.hbs`.";
    PARTIAL_CYCLE = "P107", Fixed, "partials that include each other in a circle",
        "The chain named in the message ends where it began. Break it.";
    TEMPLATE_TOO_COMPLEX = "P108", Fixed, "a template that is too large or nested too deeply",
        "A template may hold 1 MB, 2,000 tags and 100 levels of nesting. Split it into messages or partials.";
    JINJA = "P109", Warning, "Jinja in a Handlebars template",
        "`{% if x %}` is `{{#if x}}`, `{% for i in xs %}` is `{{#each xs}}`, `{# … #}` is `{{! … }}`. Written the other way, it goes to the model as it stands. A tag such as `{{ x | upper }}`, which is `{{upper x}}`, cannot be parsed: P101.";
    UNKNOWN_HELPER = "P110", Fixed, "a helper that does not exist",
        "The helpers are listed by `promptctl help templates`.";
    COMPUTED_PARTIAL = "P111", Fixed, "a partial whose name is computed",
        "The name of a partial must stand in the template, so that a version can be known from its files alone.";
    HELPER_FAILED = "P112", Fixed, "a helper could not use its arguments",
        "A helper was given too few arguments or values that it cannot work with, as the message says.";
    UNKNOWN_VARIABLE = "P113", Fixed, "a value for a variable that the prompt does not have",
        "The value is ignored. Check the spelling against the name in the hint.";
    CASE_VARIABLES = "P114", Varies, "a case and the template disagree about variables",
        "An entry of `testData:` or of a dataset lacks a variable that the template needs, or gives it a value that `input.schema` does not allow. Such a case cannot be evaluated: an error where the prompt has evaluators and the case is not skipped, else a warning. Or a case expects a word that the enum of the answer's schema does not have, so that no answer can pass.";
    UNUSED_PARTIAL = "P115", Warning, "a partial that no prompt includes",
        "Include it as `{{> name}}`, or remove the file.";
    FOREIGN_PLACEHOLDER = "P116", Varies, "a placeholder of another dialect",
        "`{ticket}`, `${ticket}`, `%(ticket)s`, `<%= ticket %>`, `[[ticket]]` and the curly quotes about `“{{ticket}}”` go to the model as they stand. A warning where the prompt has no variable at all, or where a declared one of that name is used nowhere else, which `promptctl validate --fix` rewrites; otherwise a note, which `validate --verbose` shows. Code fences and JSON are passed over.";

    UNKNOWN_PROMPT = "P201", Fixed, "no prompt of that name",
        "A name is the path of the file below its root without `.prompt.yml`. `promptctl list` shows all.";
    UNKNOWN_VERSION = "P202", Fixed, "no such version",
        "Neither a tag nor a commit reachable from HEAD holds that version. `promptctl history NAME` shows those that exist; `promptctl fetch` brings tags that the remote has.";
    NOT_LIVE = "P203", Fixed, "nothing is live in that environment",
        "No version was ever published there, or it was unpublished. `promptctl releases NAME` tells which.";
    UNCOMMITTED = "P204", Fixed, "the prompt has changes that are not committed",
        "Only committed content is published. Commit the file and the partials that it includes.";
    INVALID_PROMPT = "P205", Fixed, "the prompt is not valid",
        "A prompt is published only when it loads and its templates parse.";
    NUMBER_TAKEN = "P206", Fixed, "the version number was published with other content",
        "A published version never changes. `promptctl bump NAME` gives the new content the next number.";
    NOT_BUMPED = "P207", Fixed, "the content changed without a new version number",
        "The `digest:` line does not match the content. `promptctl bump NAME` raises the version and writes the digest.";
    WRONG_BRANCH = "P208", Fixed, "the version is not on the required branch",
        "The environment's `requireBranch` wants a commit on that branch that holds this name, version and content. Merge first; where this clone does not know the branch, `git fetch`.";
    RELEASE_GAP = "P209", Fixed, "a release number is missing",
        "Releases count 1, 2, 3 without a gap. A tag was deleted or not fetched: `promptctl fetch` brings what the remote has, `promptctl doctor` tells what is wrong.";
    BAD_TAG = "P210", Fixed, "a tag that promptctl did not make",
        "Version and release tags are annotated and carry trailers. Another tag stands in the place of one.";
    RELEASE_MISMATCH = "P211", Fixed, "a release and its version tag disagree",
        "A release must point at the commit of the version that it names, with the same digest.";
    OVERTAKEN = "P212", Fixed, "somebody released first",
        "The remote holds a release that this clone had not seen. Nothing was changed. Look with `promptctl releases NAME`, then decide again.";
    NOTHING_BELOW = "P213", Fixed, "nothing to roll back to",
        "No earlier release lies below the active one. `promptctl publish NAME@vN` releases a version, `promptctl unpublish NAME` takes the prompt out of the environment.";
    NOT_IN_STACK = "P214", Fixed, "the version is not below the active release",
        "Rollback returns to what was live before. `promptctl publish NAME@vN` releases any other version.";
    REMOTE_UNREACHABLE = "P215", Fixed, "the remote could not be reached",
        "Nothing was changed. Check the network and the credentials with `git ls-remote`, or use `--no-push` to prepare the release here and `promptctl push` to send it.";
    REMOTE_REFUSED = "P216", Fixed, "the remote refused the tags",
        "A rule of the host forbids it: ask who may create tags below the prefix. Nothing was changed.";
    NOT_FETCHED = "P217", Fixed, "the clone has not fetched the tags",
        "The clone knows no releases of this remote yet. `promptctl fetch` brings them.";
    PENDING = "P218", Fixed, "tags that the remote has not confirmed",
        "Tags made with `--no-push` are not live until `promptctl push` has sent them.";
    NO_REPOSITORY = "P219", Fixed, "not inside a git repository",
        "promptctl keeps prompts in git. `promptctl init` makes a repository here.";
    UNSUPPORTED_REPOSITORY = "P220", Fixed, "a repository in a format that is not supported",
        "The library that reads objects knows SHA-1 repositories with the `files` reference format. `git refs migrate --ref-format=files` converts a reftable.";
    LOCKED = "P221", Fixed, "another process holds a lock",
        "git leaves a `.lock` file when it is killed. If no git process is running, remove the file that the message names.";
    NO_IDENTITY = "P222", Fixed, "git does not know who you are",
        "Commits and tags need a name and an address: `git config --global user.name \"…\"` and `git config --global user.email \"…\"`.";
    WRITE_FAILED = "P223", Fixed, "the repository could not be written",
        "The disk is full or the files are not writable for this user. Nothing was changed.";
    EXISTS = "P224", Fixed, "it exists already",
        "A prompt of that name exists. `promptctl edit NAME` makes its next version.";
    UNKNOWN_REVISION = "P225", Fixed, "neither a version, an environment nor a git revision",
        "What follows `@` is tried as a version (`v3`), as an environment, and as a git revision.";
    BAD_CONFIG = "P226", Fixed, "the configuration is not valid",
        "`promptctl.yaml` at the top of the repository holds the configuration, the user's own file adds what a repository may not say.";
    UNSAFE_OWNER = "P227", Fixed, "the repository belongs to another user",
        "git refuses it until it is named as safe: `git config --global --add safe.directory PATH`.";
    ARCHIVED = "P228", Fixed, "the prompt is archived",
        "An archived prompt is kept and not released. `promptctl unarchive NAME` brings it back.";
    SHALLOW = "P229", Fixed, "the clone is too shallow",
        "The history needed is not in this clone. `git fetch --unshallow` brings it.";
    STALE_LOCK = "P230", Fixed, "a lock file that nobody removed",
        "A process was killed while it held the lock. Remove the file that the message names when no git process is running.";
    HOOK_REFUSED = "P231", Fixed, "git refused the commit",
        "A hook or a setting of git stopped the commit; its words are shown. Nothing was changed.";
    SLOW_HISTORY = "P233", Fixed, "history without a commit-graph",
        "git finds the commits of one file several times faster with a commit-graph: `git commit-graph write --reachable --changed-paths`.";
    CONTESTED_NUMBER = "P234", Fixed, "two contents with one version number",
        "Two branches, or two commits, gave different contents the same number. The one that comes second takes the next number, which the message names.";
    NO_GIT = "P235", Fixed, "git cannot be started",
        "Commits, tags, fetches and pushes are git's own work: promptctl needs git 2.31 or newer on the PATH.";
    NO_FOLDER = "P236", Fixed, "the current folder or the program itself cannot be found",
        "It was moved or removed since. `cd` into a folder that exists, or name one with `-C DIR`.";
    GIT_FAILED = "P237", Fixed, "git failed",
        "git's own words are shown. Nothing was changed unless the message says so.";
    GIT_IGNORES = "P238", Fixed, "git ignores the file",
        "What git ignores is in no commit. `git check-ignore -v PATH` shows the rule.";
    MERGE_IN_PROGRESS = "P239", Fixed, "a merge or rebase is in progress",
        "git commits no single files before it ends. `git merge --continue` or `--abort`, then run the same command again.";

    UNSIGNED = "P240", Fixed, "a release without the signature that the environment requires",
        "`requireSigned` wants the release tag signed by a key of the file that `allowedSigners` names. `promptctl publish NAME@vN` makes a signed release of what is live already; a rollback is never refused, and is told here where it could not be signed. A release that nobody expected is taken back with `promptctl rollback NAME` instead.";
    CANNOT_SIGN = "P241", Fixed, "git could not sign the tag",
        "The environment requires signed releases. `git config gpg.format ssh`, `git config user.signingkey ~/.ssh/id_ed25519.pub` and `git config tag.gpgSign true` set git up to sign. Nothing was changed.";
    NOT_STAGED = "P242", Fixed, "the version is not live where the environment takes it from",
        "`from` wants the same content live in another environment first: `promptctl publish NAME --env staging`.";
    BAD_SIGNERS = "P243", Fixed, "the list of allowed signers cannot be used",
        "`allowedSigners` names a regular file that is committed, in the format of git's `gpg.ssh.allowedSignersFile`: a line for each person, such as `ada@example.com ssh-ed25519 AAAA…`.";
    TAG_GONE = "P244", Fixed, "a tag that the remote no longer has as it was",
        "Somebody deleted or moved a published tag at the remote. What this clone saw first goes on counting here. `promptctl doctor` names the `git push` that puts the tag back, `promptctl fetch --accept TAG` takes the remote's word; the host's tag rules can forbid moving and deleting.";

    INDEX_BEHIND = "P245", Fixed, "git's index is behind HEAD",
        "A commit was killed after it moved the branch and before it wrote the index, so that something older looks staged. `promptctl doctor --fix` brings the index of the prompts up to HEAD, and the next `promptctl edit` of the prompt does too.";
    STRAY_TAG = "P250", Fixed, "a release tag far above the others",
        "Releases count 1, 2, 3. A tag more than 1,000 above the one before it is not read, so that nobody can use the numbers up; it counts when the releases have come that far.";
    BROKEN_CHAIN = "P251", Fixed, "a release that does not follow the one before it",
        "Each release names the one that was active when it was made. One that names another was made by hand or by two at once, or a tag between the two was deleted. It counts all the same.";
    FOREIGN_TAG = "P252", Fixed, "a tag that did not come from the remote",
        "The tag has the name of a version or a release, was not made by promptctl in this clone, and the remote does not have it: it came from a fork, or was made by hand. It does not count and is never sent. `git tag -d TAG` removes it.";
    UNSEEN_ROLLBACK = "P253", Fixed, "somebody rolled back already",
        "What is live is a rollback that this clone had not seen before. Another rollback would go one version further back: `--again` does that, `--undo VERSION` only if that version is live.";
    UNTRUSTED = "P254", Fixed, "nothing below was signed for",
        "The environment requires signatures, and a bare rollback goes only to what somebody signed for. `--to VERSION` goes to a version all the same; publishing it again signs for it.";
    MANY_PUSH_URLS = "P255", Fixed, "a remote with several push URLs",
        "One push to several places cannot be taken or refused as a whole, so releases cannot be published through such a remote. Name another: `git config promptctl.remote NAME`.";
    DATED_AHEAD = "P256", Fixed, "a release that is dated ahead of now",
        "Somebody's clock was wrong: the release is dated later than now. What is live is the newest release by number, so it counts at once; only `--at` leaves it, and the releases after it, out until the time that it says.";
    UNKNOWN_ENVIRONMENT = "P257", Fixed, "an environment that nobody knows",
        "`environments:` in promptctl.yaml does not name it and nothing was ever released to it, so it is taken for a slip of the pen. To make a new one, write it under `environments:`, or say `promptctl publish NAME --env NEW --create-env` once; its name is permanent.";
    SETTINGS_CHANGED = "P258", Fixed, "a setting of releases that changed",
        "`remote:`, `tagPrefix:`, `allowedSigners:` or the policy of an environment is another than where the branch began, or a key came to or went from the file that `allowedSigners:` names. Such a change decides what is live and who may release, so a reviewer should see it.";
    OLDER_THAN_RELEASED = "P259", Fixed, "a version that is not new in the environment",
        "The file has a version that was live there and was overtaken, rolled back or taken out. `publish NAME` means the version of the file, and in a clone that was not brought up to date that is an old one. `promptctl publish NAME@vN` makes it live all the same.";

    NO_KEY = "P301", Fixed, "no API key",
        "Set `OPENAI_API_KEY`, or the variable that the provider's configuration names. `run --model echo` answers without one, and `import` reads saved answers without one.";
    KEY_REFUSED = "P302", Fixed, "the API refused the key",
        "The key is wrong, revoked or not allowed to do this.";
    UNKNOWN_MODEL = "P303", Fixed, "the API does not know the model",
        "Check `model:`. The part before `/` names the provider, the rest goes to the API as it stands.";
    BAD_REQUEST = "P304", Fixed, "the API refused the request",
        "The API's own message says which field it would not take.";
    RATE_LIMITED = "P305", Fixed, "the API's rate limit",
        "The API asked to slow down for longer than promptctl waits.";
    QUOTA = "P306", Fixed, "the quota is used up",
        "The account has no credit left. Retrying does not help.";
    API_UNREACHABLE = "P307", Fixed, "the API could not be reached",
        "The connection failed or timed out.";
    API_FAILED = "P308", Fixed, "the API failed",
        "The API answered with an error of its own, or with something that is not an answer.";
    STREAM_CUT = "P309", Fixed, "the answer broke off",
        "The stream ended before the API said that the answer was complete.";
    UNKNOWN_PROVIDER = "P310", Fixed, "a provider that is not configured",
        "The part of `model:` before `/` names a provider whose base URL comes from the user's own configuration, never from the repository.";
    INVALID_OUTPUT = "P311", Fixed, "the answer does not fit the JSON Schema",
        "The answer was asked for as JSON and is not, or does not fit `jsonSchema`.";
    STORED_PROMPT_GONE = "P312", Fixed, "the stored prompt is gone",
        "OpenAI's stored prompts end on 2026-11-30. The local version answers instead unless `--no-fallback` is given.";
    INCOMPLETE = "P313", Fixed, "the answer is incomplete",
        "The model stopped at a limit or a filter before it was done.";
    REFUSED = "P314", Fixed, "the model refused",
        "The model declined to answer; its words are shown.";
    UNKNOWN_PRICE = "P315", Fixed, "no price is known for the model",
        "The cost is recorded as unknown, never as 0.";
    BUDGET = "P316", Fixed, "a budget would be exceeded",
        "The configuration's `budgets:` refuse the call.";
    NO_MODEL = "P317", Fixed, "the prompt names no model",
        "Give `model:` in the file or `--model` on the command line.";
    MODEL_ENDS = "P318", Varies, "a model that is shut down, or will be",
        "The provider has announced the model's last day; calls fail after it. Try another model with `promptctl run --model`, then change `model:`.";
    UNLISTED_MODEL = "P319", Warning, "a model that promptctl does not know",
        "The list of prices has no such model, so its name may be misspelt. A model of your own is fine: `lint: {P319: off}` in promptctl.yaml, or a comment `# promptctl: allow P319`.";
    BAD_LOG_LINE = "P320", Fixed, "a line of the execution log is not a record",
        "A line is torn or was written by something else. It is skipped and reported.";
    UNKNOWN_EXECUTION = "P321", Fixed, "no execution of that id",
        "`promptctl log list` shows the ids that this machine's log holds.";
    PARAMETER_REFUSED = "P322", Varies, "a parameter that the model refuses",
        "Reasoning models take no `temperature` and `topP`, other models no `reasoningEffort`. The API answers such a request with an error.";

    BAD_INPUT = "P323", Fixed, "an input that is not one",
        "A line of the inputs of a batch, or of what `log append` and `outcome` read, is not what it must be. Nothing was sent or written.";
    NOT_REPRODUCIBLE = "P324", Fixed, "an execution that cannot be rendered again",
        "The same text needs the commit, the values of the variables and what the caller added. A prompt that was not committed, values kept as hashes and commits that this clone lacks stand in the way.";

    UNSENT_PARAMETER = "P325", Warning, "a parameter that is left out of the request",
        "The Responses API has no `stop`, `seed`, `frequencyPenalty` and `presencePenalty`, which files made for GitHub Models have: they stay in the file and are never sent.";
    BAD_EXTRA_BODY = "P326", Varies, "a field of `extraBody` that OpenAI's API refuses",
        "`extraBody` is sent as it stands. Fields that the API documents have a type and limits there, such as `metadata` with at most 16 texts of 512 characters; fields that promptctl does not know pass unchecked.";

    IN_THE_WAY = "P330", Fixed, "a file or setting of yours stands in the way",
        "`promptctl init` never overwrites a workflow, a hook or a setting of git that it did not write. The hint says how to have both.";

    PLAIN_HTTP = "P335", Fixed, "an API that is spoken to without encryption",
        "The base URL begins with `http://` and leads to another machine: whoever stands in between reads the key, the prompts and the answers. Write `https://`, or reach the server through a tunnel that ends on this machine.";

    NEWER_RECORD = "P340", Fixed, "a line of the execution log that a newer version wrote",
        "The line has a `schema` that this version does not know. It is skipped and stays where it is: read it with the newer version.";
    MODEL_NOT_OFFERED = "P341", Fixed, "a model that this key cannot use",
        "The API's list of models, as this key sees it, lacks the prompt's model. `promptctl models` shows the list, `promptctl edit NAME --set model=…` takes another.";
    BAD_PLACEHOLDER = "P342", Fixed, "a placeholder for messages that nothing can fill",
        "`- placeholder: history` stands for the messages of the variable `history`. It names one variable and holds nothing else; `input.schema` declares the variable as a list of `{role, content}`: `history: {type: array, items: {type: object, required: [role, content], properties: {role: {enum: [user, assistant]}}}}`. Without the `enum`, whoever fills the variable can say something as the system.";
    BAD_MESSAGES = "P343", Fixed, "a value that is no list of messages",
        "The variable of a placeholder is a list of `{role, content}`: roles are `system`, `developer`, `user` and `assistant`; a content is a text or a list of `input_text`, and in a user's message of `input_image` and `input_file` too. No value, null and an empty list are no messages. The texts are sent as they are: nothing in them is a template.";

    SHARED_ID = "P350", Fixed, "two prompts with one id",
        "`serve` finds a prompt by the id of the stored prompt that it was imported from. Where two live prompts have one id, each call would be a guess: the snapshot is refused, and the last good one is served.";
    CANNOT_LISTEN = "P351", Fixed, "the address cannot be listened on",
        "Another process has the port, or the address is none of this machine's. `--listen 127.0.0.1:8378` takes another one.";
    EXPOSED = "P352", Fixed, "an address that others can reach, without keys",
        "Whoever reaches the gateway could call through it. `--auth keys` asks every caller for a key; `--public-pass-through` says that passing the callers' own keys on is meant.";
    BAD_SNAPSHOT = "P353", Fixed, "a snapshot that cannot be used",
        "`serve --snapshot` reads what `promptctl get --all --versions --format json` prints. The file is not that, or its content is not what its digests say.";
    PROVIDER_MISMATCH = "P354", Fixed, "the prompt's model belongs to another provider",
        "The gateway passes calls on to one API. A caller's key goes to no other: name the model of that API in the call, or serve the prompt from a gateway of its own with `--provider`.";

    OUTPUT_LOST = "P375", Fixed, "standard output could not be written",
        "The disk that standard output goes to is full, or the device refused it: what was printed is not whole. What the command changed besides stays changed, and a call that was made is in the execution log. A reader that went away, as `head` does, is no error.";

    BAD_EVALUATOR = "P401", Fixed, "an evaluator that cannot work",
        "The evaluator has no check that promptctl knows, its check lacks a value, or it asks for a field that a case lacks: `contains: \"{{expected}}\"` wants `expected` of every case that it looks at. Give the case the field (`promptctl cases add` has `--expected` and `--field NAME=VALUE`), or the evaluator `when: {tags: [...]}`, so that it looks only at cases with such a tag. A case with `case.skip` is asked for nothing.";
    SAME_CASE = "P402", Varies, "two cases with one id",
        "Results are kept by the id of a case, so two cases cannot share one. Give each a `case.id` of its own, or remove one. A warning where both are the same in everything, as in two datasets: it is asked once.";
    CONTRADICTORY_CASES = "P403", Varies, "two cases that ask the same and expect something else",
        "Both give the prompt the same values, so an answer that passes one fails the other. Correct `expected` of one of them, or remove it. A warning where the prompt has neither `eval:` nor `datasets:`, as files made for GitHub Models.";
    LENIENT_JUDGE = "P404", Warning, "a judge that passes too easily",
        "An `llm` or `uses` without `atLeast` passes with any score above 0, as at GitHub: 2 of 5 stars pass. `atLeast: 0.75` says from which score an answer is good enough.";
    UNDECIDED = "P405", Fixed, "an evaluator that could not decide",
        "The case counts as failed, and the verdict is at best incomplete. A judge that failed, an evaluator that asks a model where none can be asked, and one whose case lacks a field decide nothing: the report says which. `eval --scores FILE` takes the scores of another program.";
    CASE_UNJUDGED = "P406", Varies, "a case that nothing judges",
        "No evaluator looks at the answer, so that the case can neither pass nor fail. Give the prompt `evaluators:`, or the case `case.evaluators`; with `when: {tags: [...]}` an evaluator looks only at cases with such a tag. A warning for a case among others that are judged; a note, which `validate --verbose` shows, where the prompt has no evaluators at all.";
    BAD_DATASET = "P407", Varies, "a dataset that cannot be read",
        "`datasets:` names files of cases, from the top of the repository: `.jsonl` with a case a line, `.json` and `.yaml` with a list of cases, `.csv` with a header (RFC 4180), all UTF-8. A case may have 1 MB, and a prompt 100,000 cases. Links, and files outside of the repository, are not followed. A warning where git ignores the file: nobody else has it.";
    BUDGET_ENDED = "P408", Fixed, "the limit on the cost ended the evaluation",
        "What was asked until then is in the report and in the cache, and the verdict is at best incomplete. Run the same again with a higher `--max-cost`: only what is missing is asked.";
    NO_EVIDENCE = "P409", Fixed, "evidence is missing for what `requireEval` asks",
        "The environment releases only what was evaluated: a tag `NAME/_eval/N` for this very content and the cases and evaluators of its commit. `promptctl eval NAME --record` makes it; the message says what lacks. A rollback never needs it.";
    CASE_TOO_ALIKE = "P411", Warning, "a case too like another",
        "Both say nearly the same and expect the same, so that the second tells nothing that the first does not, and counts twice in every rate. Remove one, or make it ask something else. Where they differ in capitals and punctuation alone and expect something else, one of them is most likely wrong: correct its `expected`.";

    SHOWS_NOTHING = "P412", Warning, "an evaluation that every answer passes",
        "What lets every answer pass says nothing about any of them: `minPassRate: 0`, evaluators that are all `required: false`, or a check that no answer can fail, such as `contains: \"\"`, `contains: \"{{completion}}\"` and `matches: \".*\"`. Say what a good answer has that a bad one lacks.";
    BODY_OVERRIDES = "P413", Warning, "a field of `extraBody` that overrides the file",
        "`extraBody` is merged into the request last, so that its `model`, `input` or `max_output_tokens` is sent in place of what the file says where everybody looks. Say it there, and leave it out here.";
    UNSOUND_FIGURES = "P418", Warning, "figures of a judge that do not count",
        "What `promptctl judge --record` keeps beside a judge names the file of labels and what the judge chose. The judge counts as calibrated where a tracked file of these labels is there and the figures follow from both. Add the file of labels to git, or make the figures again.";
    NO_LOG = "P420", Fixed, "a log that is not there",
        "`--log` names files of records, one JSON object a line, or archives of them. A log that this repository has not begun yet is empty; one that somebody names must be there.";
    TOO_MANY_GROUPS = "P421", Fixed, "more groups than can be told apart",
        "`stats --by` tells up to 100,000 groups apart, so that no question takes all memory. Ask for fewer executions (`--since`, `--prompt`), or for groups that have more in common.";

    DOUBTFUL_OUTCOME = "P426", Fixed, "an outcome that fits several executions",
        "`outcome -` finds executions by `id`, by `response_id` or by a label, `label:KEY`. A label that several executions have says of none what became of it: they are listed, and nothing is kept. Name the one that is meant by its id.";
    BROUGHT_LOG = "P427", Fixed, "a check that would go by a log that git tracks",
        "A log that git tracks comes with the repository: whoever sends a pull request could write calls into it that keep an alert from firing, so `stats --fail-on` and `compare --fail-on` refuse it. Take it out of git (`git rm --cached .promptctl/executions.jsonl`), or name it with `--log` to take it at its word. Past sums (`history.jsonl`) that git tracks do not count, unless their log is named so.";
    EVALUATOR_SLIP = "P428", Warning, "a slip in an evaluator",
        "The evaluator works, and most likely not as it was meant: a key that nothing reads looks like one that counts, or two evaluators of a prompt have one name, so that results cannot be told apart. Correct the key, or give each a name of its own.";

    NOT_TRANSLATABLE = "P501", Fixed, "a part of a foreign prompt that a prompt file cannot hold",
        "The message names the part. Nothing of that prompt was written, because another text would have been.";
    SOURCE_DROPPED = "P502", Fixed, "a part of a foreign prompt that was left out",
        "The prompt was written without it, as the message says.";
    SOURCE_CHANGED = "P503", Fixed, "a part of a foreign prompt that was written in another way",
        "The prompt means the same, as far as can be known; the message says what changed.";
    NEEDS_NAME = "P504", Fixed, "a name is needed",
        "A variable, or the prompt, has a name that a prompt file cannot hold, or none. Variables are named by letters, digits and `_`; `--var-name NAME` names one that the API does not tell, `--name NAME` names the prompt.";
    NOT_STORED = "P505", Fixed, "no stored prompt of that id",
        "An id is visible to its own project only. `--key-env VARIABLE` names the variable that holds the key of another project; several are tried in turn.";
    NOT_RECOVERED = "P506", Fixed, "a stored prompt could not be read whole",
        "What the API answered for one version does not say its text for certain. The versions before it that were read whole are written; the same command goes on from there later.";
    COST_LIMIT = "P507", Fixed, "the calls could cost more than allowed",
        "`--max-cost` counts every call as if the model answered in full, which it does not: each call is closed at its first event. Raise it to go on.";
    EDITED_HERE = "P508", Fixed, "the prompt was edited here since it was imported",
        "What is new at OpenAI is not written over it. Compare the two, then import under another `--name`, or edit the prompt.";
    STORED_ID = "P510", Fixed, "the id of a stored prompt in a file",
        "OpenAI's stored prompts end on 2026-11-30; from then on a call that sends such an id fails. `promptctl help stored-prompts` tells how to bring the prompts here. A line that must keep its id says `promptctl: allow P510` in a comment; `scan --ids --write-baseline` lists all that are in use today.";
    BAD_BASELINE = "P511", Fixed, "a baseline that cannot be read",
        "`.promptctl-baseline` lists the ids of stored prompts that `scan --fail` lets pass: an id and its file on each line, and comments after `#`. `promptctl scan --ids --write-baseline` writes it.";
    NOT_WHOLE = "P512", Fixed, "something would be lost, and --strict was given",
        "`import --strict` writes nothing unless every prompt comes whole. Without it the others are written, and what was left out is reported.";
    GATEWAY_ASKED = "P513", Fixed, "a gateway of promptctl's answers in the place of OpenAI",
        "`import` asks OpenAI for its stored prompts, and `OPENAI_BASE_URL` names a `promptctl serve`, which answers from what was imported. Nothing was paid and nothing written: unset the variable for the import.";
    PROMPT_IN_CODE = "P514", Fixed, "a prompt in source code",
        "A text that the program sends to a model stands in its code, where it has no version, no test and no rollback. `promptctl scan --lift` writes it as a prompt file and prints the code that takes its place. A comment `promptctl: allow P514` on the line of the call, or above it, lets it stay; `scan --write-baseline` lists all of today.";
    STORED_CALL = "P520", Warning, "a prompt that calls a stored prompt at OpenAI",
        "`openai.promptId` makes `run` send the id instead of the messages. OpenAI's stored prompts end on 2026-11-30: `promptctl import ID` brings the text here, `promptctl edit NAME --unset openai` sends the messages from then on.";
    UNKNOWN_FORMAT = "P521", Fixed, "a file of a format that is not known, or of several",
        "`import` knows a file by its name, or by what stands in it. `--from FORMAT` names the format; `promptctl help moving-in` lists them.";
    TARGET_LACKS = "P522", Fixed, "what another tool's format cannot say",
        "The message names what it is. `export --lossy` leaves it out and lists it; `--to dotprompt` keeps Handlebars, `--to json` everything.";
    DOUBTFUL_TEXT = "P524", Fixed, "a text in code of which it is not sure what the program sends",
        "`scan --lift` writes only what the program surely sends: a name counts as known if every place that sets or changes it is a plain statement on the way to the call. Loops and branches, closures, parameters, other names of a list and escapes that are not understood make it doubtful. Put the text in one constant, with the values where the call stands, and lift again; or write the prompt by hand.";
    UNREAD_CALL = "P525", Fixed, "a call to a model that sends what `scan` cannot read",
        "What the call sends is made in another file, comes from a database or from whoever calls its function: `scan` sees the call and not the text. It is a note, and `scan --fail` lets it pass; look at such calls by hand, because a prompt may stand behind them. A comment `promptctl: allow P525` on the line of the call, or above it, says that none does.";
    CHANGED_IN_CODE = "P526", Fixed, "a prompt was lifted, and its text in the code has changed since",
        "The prompt file and the code disagree, and the program sends what the code says. `promptctl scan --lift --only NAME` merges the code's change into the file; then let the code read the prompt from there, so that there is one text. `scan --fail` fails on it whatever the baseline lists.";
}
