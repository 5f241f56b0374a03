#!/bin/sh
# Prints the Homebrew formula of a release: homebrew.sh TAG OWNER/REPOSITORY SHA256SUMS
set -eu
tag=$1
address=https://github.com/$2/releases/download/$tag
sums=$3

archive() {
    file=promptctl-$tag-$1.tar.gz
    sum=$(awk -v file="$file" '$2 == file { print $1 }' "$sums")
    if [ -z "$sum" ]; then
        echo "$sums has no line for $file" >&2
        exit 1
    fi
    printf '      url "%s/%s"\n      sha256 "%s"\n' "$address" "$file" "$sum"
}

cat <<FORMULA
class Promptctl < Formula
  desc "Versioned prompts for language models, kept as YAML files in a git repository"
  homepage "https://github.com/$2"
  version "${tag#v}"
  license any_of: ["MIT", "Apache-2.0"]

FORMULA
for system in macos:apple-darwin linux:unknown-linux-musl; do
    echo "  on_${system%%:*} do"
    for processor in arm:aarch64 intel:x86_64; do
        echo "    on_${processor%%:*} do"
        archive "${processor#*:}-${system#*:}"
        echo "    end"
    done
    echo "  end"
    echo
done
cat <<'FORMULA'
  def install
    bin.install "promptctl"
    bash_completion.install "completions/promptctl.bash" => "promptctl"
    zsh_completion.install "completions/_promptctl"
    fish_completion.install "completions/promptctl.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/promptctl --version")
  end
end
FORMULA
