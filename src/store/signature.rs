//! Signatures of tags: made and checked by the `git` program, with what it is set up to use.

use std::io::Write as _;

use git2::Oid;

use super::Store;
use super::process::write_failure;
use super::tagging::NewTag;
use crate::error::{Exit, Failure};
use crate::prompt::code;

/// Whether the tags of a release are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signing {
    /// As git is set up.
    #[default]
    AsSetUp,
    /// They must be.
    Required,
    /// If git can; a rollback goes without a signature rather than not at all.
    Tried,
}

/// The keys whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// The text of the file, in the format of git's `gpg.ssh.allowedSignersFile`.
    pub(super) text: String,
    /// The file and the commit that it was read from, for people.
    pub(super) place: String,
}

impl Signers {
    /// The file that lists them.
    pub fn place(&self) -> &str {
        &self.place
    }
}

/// Who signed a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The principal that the file of signers gives the key, such as `ada@example.com`.
    pub principal: String,
    /// The key's fingerprint, such as `SHA256:…`.
    pub key: String,
}

/// The objects of new tags, and why they are not signed where that was tried in vain.
pub(super) struct WrittenTags {
    pub(super) objects: Vec<Oid>,
    pub(super) unsigned: Option<String>,
}

impl Store {
    /// Writes the objects of tags, signed as it is wanted.
    ///
    /// # Errors
    /// As [`Store::write_tags_with_git`]; and git cannot sign where that is required.
    pub(super) fn write_signed(
        &self,
        tags: &[NewTag],
        signing: Signing,
    ) -> Result<WrittenTags, Failure> {
        let written = |objects, unsigned| WrittenTags { objects, unsigned };
        match signing {
            Signing::AsSetUp => {
                let tagger = self.tagger();
                Ok(written(self.write_tags(tags, tagger.as_ref())?, None))
            }
            Signing::Required => self
                .write_tags_with_git(tags, Some(true))
                .map(|objects| written(objects, None))
                .map_err(cannot_sign),
            Signing::Tried => match self.write_tags_with_git(tags, Some(true)) {
                Ok(objects) => Ok(written(objects, None)),
                Err(failure) => Ok(written(
                    self.write_tags_with_git(tags, Some(false))?,
                    Some(words_of_signing(&failure.message)),
                )),
            },
        }
    }

    /// Who signed a tag object, which must be one of `signers`.
    ///
    /// # Errors
    /// It is not signed, or by nobody whose key counts; the words go on after the tag's name.
    pub(super) fn signer_of(&self, object: Oid, signers: &Signers) -> Result<Signer, String> {
        let said = self
            .verify_tag(object, signers)
            .map_err(|failure| format!("could not be verified: {}", failure.message))?;
        let place = &signers.place;
        // git checks a signature by the program of its kind: only what ssh-keygen says counts,
        // since what gpg trusts differs from machine to machine.
        if said.err.contains("[GNUPG:]") {
            return Err(format!(
                "is signed with OpenPGP, and only the SSH keys of {place} count"
            ));
        }
        if said.err.contains("no signature found") {
            return Err("is not signed".to_owned());
        }
        let signer = said.err.lines().next().and_then(good_signature);
        match signer {
            Some((Some(principal), key)) if said.ok => Ok(Signer { principal, key }),
            Some((_, key)) => Err(format!("is signed by a key that is not in {place}: {key}")),
            None => Err(format!(
                "has a signature that git does not accept: {}",
                said.err.trim().replace('\n', "; ")
            )),
        }
    }

    fn verify_tag(&self, object: Oid, signers: &Signers) -> Result<super::process::Said, Failure> {
        let folder = self.repo.commondir();
        let mut file =
            tempfile::NamedTempFile::new().map_err(|error| write_failure(folder, &error))?;
        file.write_all(signers.text.as_bytes())
            .and_then(|()| file.flush())
            .map_err(|error| write_failure(file.path(), &error))?;
        self.git()
            .arg("-c")
            .arg(format!(
                "gpg.ssh.allowedSignersFile={}",
                file.path().display()
            ))
            .args(["verify-tag", "--raw"])
            .arg(object.to_string())
            .say()
    }
}

/// What `ssh-keygen` says of a good signature: the principal, if the key has one, and the key.
fn good_signature(line: &str) -> Option<(Option<String>, String)> {
    let rest = line.strip_prefix("Good \"git\" signature ")?;
    let key = rest.rsplit_once(" key ")?.1.to_owned();
    let principal = rest
        .strip_prefix("for ")
        .and_then(|rest| rest.rsplit_once(" with "))
        .map(|(principal, _)| principal.to_owned());
    Some((principal, key))
}

fn cannot_sign(failure: Failure) -> Failure {
    // What is wrong besides the signature says so itself.
    if failure.code != Some(code::HOOK_REFUSED) {
        return failure;
    }
    Failure::new(
        code::CANNOT_SIGN,
        format!(
            "the release must be signed, and git could not sign it: {}",
            words_of_signing(&failure.message)
        ),
    )
    .exit(Exit::Verdict)
    .hint("git config gpg.format ssh")
    .hint("git config user.signingkey ~/.ssh/id_ed25519.pub")
    .hint("git config tag.gpgSign true")
    .hint("nothing was changed; --global sets it up for all your repositories")
}

/// What git and gpg say beside the reason.
const NOISE: [&str; 6] = [
    "[GNUPG:]",
    "The tag message has been left",
    "unable to sign the tag",
    "gpg failed to sign the data:",
    "gpg: directory",
    "gpg: keybox",
];

/// What git said about signing, without what is meant for programs.
fn words_of_signing(message: &str) -> String {
    let message = message.strip_prefix("git failed: ").unwrap_or(message);
    let words: Vec<&str> = message
        .split("; ")
        .filter(|words| {
            let is_noise = NOISE.iter().any(|noise| words.starts_with(noise));
            !is_noise
        })
        .collect();
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_ssh_keygen_are_read() {
        assert_eq!(
            good_signature("Good \"git\" signature for a with b with ED25519 key SHA256:x"),
            Some((Some("a with b".to_owned()), "SHA256:x".to_owned()))
        );
        assert_eq!(
            good_signature("Good \"git\" signature with RSA key SHA256:x"),
            Some((None, "SHA256:x".to_owned()))
        );
        assert_eq!(good_signature("[GNUPG:] GOODSIG x"), None);
    }

    #[test]
    fn what_git_says_for_programs_is_left_out() {
        assert_eq!(
            words_of_signing(
                "git failed: gpg failed to sign the data:; gpg: no key; [GNUPG:] FAILURE sign 17; unable to sign the tag; The tag message has been left in x"
            ),
            "gpg: no key"
        );
    }
}
