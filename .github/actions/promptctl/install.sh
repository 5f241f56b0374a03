#!/usr/bin/env bash
# Installs promptctl for the jobs of GitHub Actions: called by action.yml, which sets VERSION,
# BINARY and REPOSITORY.
set -euo pipefail

fail() {
    echo "::error title=promptctl::$1"
    exit 1
}

case "${RUNNER_OS:-}-${RUNNER_ARCH:-}" in
    Linux-X64) target=x86_64-unknown-linux-musl ;;
    Linux-ARM64) target=aarch64-unknown-linux-musl ;;
    macOS-X64) target=x86_64-apple-darwin ;;
    macOS-ARM64) target=aarch64-apple-darwin ;;
    Windows-X64) target=x86_64-pc-windows-msvc ;;
    *) target="" ;;
esac
case "$target" in
    *-windows-*) program=promptctl.exe packed=zip ;;
    *) program=promptctl packed=tar.gz ;;
esac

into="${RUNNER_TEMP:?}/promptctl"
rm -rf "$into"
mkdir -p "$into/bin" "$into/download"

fetch() {
    curl --fail --silent --show-error --location --proto '=https' --retry 3 "$@"
}

sums() {
    if command -v sha256sum >/dev/null; then
        sha256sum --check --quiet "$1"
    else
        shasum -a 256 --check --quiet "$1"
    fi
}

if [ -n "${BINARY:-}" ]; then
    [ -f "$BINARY" ] || fail "there is no file $BINARY: build promptctl before this step"
    cp "$BINARY" "$into/bin/$program"
else
    [ -n "$target" ] || fail "no release is built for ${RUNNER_OS:-?} on ${RUNNER_ARCH:-?}: build promptctl with cargo, and name it by the input binary"
    releases="https://github.com/$REPOSITORY/releases"
    case "$VERSION" in
        latest)
            newest=$(fetch --output /dev/null --write-out '%{url_effective}' "$releases/latest") ||
                fail "the newest release of $REPOSITORY could not be found"
            VERSION="${newest##*/}"
            ;;
        [0-9]*) VERSION="v$VERSION" ;;
    esac
    case "$VERSION" in
        v[0-9]*) ;;
        *) fail "$VERSION is not a version: write one such as v0.1.0, or latest" ;;
    esac
    name="promptctl-$VERSION-$target"
    cd "$into/download"
    for file in "$name.$packed" SHA256SUMS; do
        fetch --output "$file" "$releases/download/$VERSION/$file" ||
            fail "$file of $VERSION could not be fetched: $releases lists what there is"
    done
    awk -v file="$name.$packed" '$2 == file || $2 == "*" file' SHA256SUMS >wanted
    [ -s wanted ] || fail "SHA256SUMS of $VERSION does not name $name.$packed"
    sums wanted || fail "$name.$packed is not what SHA256SUMS says: nothing was installed"
    case "$packed" in
        zip) 7z x -bso0 "$name.zip" ;;
        *) tar -xzf "$name.tar.gz" ;;
    esac
    mv "$name/$program" "$into/bin/"
fi

chmod +x "$into/bin/$program"
version=$("$into/bin/$program" --version) || fail "promptctl does not run here"
echo "$into/bin" >>"$GITHUB_PATH"
echo "version=${version##* }" >>"$GITHUB_OUTPUT"
echo "$version is on the path"
