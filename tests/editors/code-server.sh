#!/bin/sh
# Brings code-server, which is VS Code in a browser, into this folder, for the Node.js
# that is first in PATH: this is the last one for version 20. The plain `npm install`
# would download ripgrep from elsewhere, and build a terminal that the test does not open:
# hence no scripts, but the few that build what the server loads.
set -eu
version=4.100.3
rm -rf node_modules package.json package-lock.json
printf '{ "private": true }\n' >package.json
quiet='--no-audit --no-fund --loglevel=error --legacy-peer-deps'
# shellcheck disable=SC2086
npm install $quiet --ignore-scripts "code-server@$version"
(
    cd node_modules/code-server/lib/vscode
    # shellcheck disable=SC2086
    npm install $quiet --omit=dev --ignore-scripts
    # shellcheck disable=SC2086
    (cd extensions && npm install $quiet --omit=dev --ignore-scripts)
    npm rebuild --loglevel=error @vscode/spdlog native-watchdog @parcel/watcher kerberos
)
npm rebuild --loglevel=error argon2
node node_modules/code-server/out/node/entry.js --version
