//! Signatures of tags: made and checked by the `git` program, with what it is set up to use.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::release::Release;
use super::store::Store;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::repository::{GitOutput, NewTag, ObjectId, TagError, write_failure};

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
    pub(crate) text: String,
    /// The file and the commit that it was read from, for people.
    pub(crate) place: String,
}

impl Signers {
    /// Nobody: where the list that `place` should hold cannot be read.
    pub fn nobody(place: &str) -> Self {
        Self {
            text: String::new(),
            place: place.to_owned(),
        }
    }

    /// Whether a key counts only for some time: no line lists it without a range.
    pub(super) fn is_limited(&self, fingerprint: &str) -> bool {
        let mut ranges = self.text.lines().filter_map(|line| {
            let (key, is_limited) = listed_key(line)?;
            (key == fingerprint).then_some(is_limited)
        });
        // A key that stands in no line was signed for by an authority, whose word may be limited.
        ranges.all(|is_limited| is_limited)
    }

    /// The file that lists them.
    pub fn path(&self) -> &str {
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
pub(crate) struct WrittenTags {
    pub(crate) objects: Vec<ObjectId>,
    pub(crate) unsigned: Option<String>,
}

impl Store {
    /// Writes the objects of tags, signed as it is wanted.
    ///
    /// # Errors
    /// As [`Store::write_tags_with_git`]; and git cannot sign where that is required.
    pub(crate) fn write_signed(
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
                Err(error) => Ok(written(
                    self.write_tags_with_git(tags, Some(false))?,
                    Some(error.why.unwrap_or(error.failure.message)),
                )),
            },
        }
    }

    /// Who signed a tag object, which must be one of `signers`.
    ///
    /// # Errors
    /// It is not signed, or by nobody whose key counts; the words go on after the tag's name.
    pub(crate) fn signer_of(&self, object: ObjectId, signers: &Signers) -> Result<Signer, String> {
        let output = self
            .verify_tag(object, signers)
            .map_err(|failure| format!("could not be verified: {}", failure.message))?;
        let place = &signers.place;
        // git checks a signature by the program of its kind: only what ssh-keygen says counts,
        // since what gpg trusts differs from machine to machine.
        if output.speaks_of_openpgp() {
            return Err(format!(
                "is signed with OpenPGP, and only the SSH keys of {place} count"
            ));
        }
        if output.found_no_signature() {
            return Err("is not signed".to_owned());
        }
        let signer = output.err.lines().next().and_then(good_signature);
        match signer {
            Some((Some(principal), key)) if output.ok => Ok(Signer { principal, key }),
            Some((_, key)) => Err(format!("is signed by a key that is not in {place}: {key}")),
            None => Err(format!(
                "has a signature that git does not accept: {}",
                output.err.trim().replace('\n', "; ")
            )),
        }
    }

    /// Whether the signature of a release counts, where one is required. `entries` are the row.
    pub(crate) fn is_signed(
        &self,
        release: &Release,
        entries: &[Release],
        signers: Option<&Signers>,
    ) -> bool {
        signers.is_none_or(|signers| self.release_signer(release, entries, signers).is_ok())
    }

    /// Who signed a release. Who makes a tag chooses its time, so that a key that counts only for some
    /// time must fit between the release below and now.
    ///
    /// # Errors
    /// As [`Store::signer_of`].
    pub(crate) fn release_signer(
        &self,
        release: &Release,
        entries: &[Release],
        signers: &Signers,
    ) -> Result<Signer, String> {
        let signer = self.signer_of(release.object, signers)?;
        if !signers.is_limited(&signer.key) {
            return Ok(signer);
        }
        let is_below = |entry: &&Release| entry.number < release.number;
        let below = entries.iter().rev().find(is_below);
        if let Some(below) = below.filter(|below| below.time > release.time) {
            return Err(format!(
                "is signed by a key that counts for some time only, and dated before release {} below it",
                below.number
            ));
        }
        if release.time > self.settings.now + A_DAY {
            return Err(
                "is signed by a key that counts for some time only, and dated ahead of now"
                    .to_owned(),
            );
        }
        Ok(signer)
    }

    fn verify_tag(&self, object: ObjectId, signers: &Signers) -> Result<GitOutput, Failure> {
        let folder = self.common_dir();
        let mut file =
            tempfile::NamedTempFile::new().map_err(|error| write_failure(folder, error))?;
        file.write_all(signers.text.as_bytes())
            .and_then(|()| file.flush())
            .map_err(|error| write_failure(file.path(), error))?;
        self.git()
            .arg("-c")
            .arg(format!(
                "gpg.ssh.allowedSignersFile={}",
                file.path().display()
            ))
            .args(["verify-tag", "--raw", "--end-of-options"])
            .arg(object.to_string())
            .run()
    }
}

/// How far ahead of now a tag may be dated: clocks differ.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// The fingerprint of the key of a line of allowed signers, and whether the line limits its time.
fn listed_key(line: &str) -> Option<(String, bool)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let is_kind = |word: &&str| {
        ["ssh-", "ecdsa-", "sk-"]
            .iter()
            .any(|kind| word.starts_with(kind))
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    // The first word lists principals.
    let kind = 1 + words.iter().skip(1).position(is_kind)?;
    let key = STANDARD.decode(words.get(kind + 1)?).ok()?;
    let hash = STANDARD_NO_PAD.encode(Sha256::digest(key));
    let options = words[1..kind].join(" ").to_ascii_lowercase();
    let is_limited = options.contains("valid-after") || options.contains("valid-before");
    Some((format!("SHA256:{hash}"), is_limited))
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

fn cannot_sign(error: TagError) -> Failure {
    // What is wrong besides the signature says so itself.
    let Some(why) = error.why else {
        return error.failure;
    };
    Failure::new(
        code::CANNOT_SIGN,
        format!("the release must be signed, and git could not sign it: {why}"),
    )
    .exit(Exit::Verdict)
    .hint("git config gpg.format ssh")
    .hint("git config user.signingkey ~/.ssh/id_ed25519.pub")
    .hint("git config tag.gpgSign true")
    .hint("nothing was changed; --global sets it up for all your repositories")
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
    fn a_key_is_limited_where_every_line_of_it_has_a_range() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
        let print = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";
        let signers = |text: &str| Signers {
            text: text.to_owned(),
            place: String::new(),
        };
        let plain = format!("a@b ssh-ed25519 {key} work");
        let ranged = format!("a@b namespaces=\"git\",valid-before=\"20300101\" ssh-ed25519 {key}");
        assert!(!signers(&plain).is_limited(print));
        assert!(signers(&ranged).is_limited(print));
        assert!(!signers(&format!("{ranged}\n{plain}")).is_limited(print));
        assert!(signers("# nobody\n").is_limited(print));
    }
}
