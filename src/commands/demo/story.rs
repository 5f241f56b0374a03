//! What the demo shows.

pub(super) const PROMPT: &str = "\
name: Support triage
description: Sorts an incoming ticket and drafts the first reply.
model: openai/gpt-5-mini
modelParameters:
  maxTokens: 800        # room for the draft
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
      locale: {type: string, default: en}
messages:
  - role: system
    content: |
      You sort support tickets. Answer in {{locale}}.
      Say which queue the ticket belongs to: billing or tech.
  - role: user
    content: \"{{ticket}}\"
";

pub(super) const PATCH: &str = "\
--- a/prompts/support/triage.prompt.yml
+++ b/prompts/support/triage.prompt.yml
@@ -16,5 +16,5 @@
 messages:
   - role: system
     content: |
-      You sort support tickets. Answer in {{locale}}.
+      You sort support tickets, kindly and briefly. Answer in {{locale}}.
       Say which queue the ticket belongs to: billing or tech.
";

pub(super) const TICKET: &str = "I was charged twice for March.\n";

/// A paragraph of the demonstration: what is shown, and the commands that show it.
pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) commands: &'static [&'static str],
}

/// Files that lie ready, and what is done with them.
pub(super) struct Story {
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) scenes: &'static [Scene],
}

pub(super) const IDENTITY: &str = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n";

pub(super) const STORY: Story = Story {
    files: &[
        ("ticket.prompt.yml", PROMPT),
        ("friendlier.patch", PATCH),
        ("ticket.txt", TICKET),
    ],
    scenes: SCENES,
};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        title: "A repository of prompts, with a remote that says what is live",
        commands: &[
            "git init --quiet --bare origin.git",
            "promptctl init team-prompts",
            "cd team-prompts",
            "git remote add origin ../origin.git",
            "promptctl seed core",
        ],
    },
    Scene {
        title: "The first version, published",
        commands: &[
            "promptctl new support/triage --file ../ticket.prompt.yml -m \"First triage prompt\"",
            "promptctl publish support/triage -m \"Approved by support\"",
        ],
    },
    Scene {
        title: "A second version by command, a third by hand",
        commands: &[
            "promptctl edit support/triage --set modelParameters.maxTokens=600 -m \"Shorter answers\"",
            "git apply ../friendlier.patch",
            "promptctl bump",
            "git commit --quiet -am \"Friendlier\"",
            "promptctl diff support/triage@v1 support/triage@v3",
        ],
    },
    Scene {
        title: "Releases: the third to staging, the second to production, and back at 3 a.m.",
        commands: &[
            "promptctl publish support/triage --env staging --create-env",
            "promptctl publish support/triage@v2",
            "promptctl rollback support/triage -m \"Refuses refunds\"",
            "promptctl releases support/triage",
            "promptctl history support/triage",
            "promptctl status",
        ],
    },
    Scene {
        title: "What a model sees, a call (offline), and its record",
        commands: &[
            "promptctl render support/triage@production --var ticket=@../ticket.txt",
            "promptctl run support/triage@production --var ticket=@../ticket.txt --model echo",
            "promptctl log",
        ],
    },
    Scene {
        title: "All of it is plain git",
        commands: &["git tag --list -n1"],
    },
];
