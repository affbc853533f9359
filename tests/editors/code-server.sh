#!/bin/sh
# Brings code-server, which is VS Code in a browser, into a folder; does nothing if it is
# there already. It is the last one for Node.js 20. The plain `npm install` would download
# ripgrep from elsewhere, and build a terminal that the test does not open: hence no
# scripts, but the few that build what the server loads.
set -eu
version=4.100.3
folder=$1
stamp=$folder/brought-$version
if [ -e "$stamp" ]; then exit 0; fi
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
printf '{ "private": true }\n' >package.json
quiet='--no-audit --no-fund --loglevel=error --legacy-peer-deps'
# shellcheck disable=SC2086
{
    npm install $quiet --ignore-scripts "code-server@$version"
    cd node_modules/code-server/lib/vscode
    npm install $quiet --omit=dev --ignore-scripts
    (cd extensions && npm install $quiet --omit=dev --ignore-scripts)
    npm rebuild --loglevel=error @vscode/spdlog native-watchdog @parcel/watcher kerberos
    cd "$folder"
    npm rebuild --loglevel=error argon2
}
node node_modules/code-server/out/node/entry.js --version >/dev/null
: >"$stamp"
