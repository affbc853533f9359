// The servers that the browser meets. What is written first says that it listens.
//
//   node serve.mjs ROLE PORT [FOLDER]
//
// ROLE: `hsts` (TLS, with key.pem and cert.pem of FOLDER, and the header), `moved` (a
// redirect that is for good), `kept` (one that is for a day), `worker` (a page with a service worker), `public` (TLS, a
// page that asks a server of this machine), `cors` (what such a page may read).

import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [role, port, folder] = process.argv.slice(2);

const WORKER = `
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(new Response('by the worker')));
`;

const HEADERS = {
  hsts: { 'strict-transport-security': 'max-age=31536000; includeSubDomains' },
  cors: { 'access-control-allow-origin': '*' },
};

function answer(request, response) {
  if (role === 'moved' && request.url === '/') {
    response.writeHead(301, { location: '/gone' });
    return response.end();
  }
  if (role === 'kept' && request.url === '/') {
    response.writeHead(302, { location: '/gone', 'cache-control': 'max-age=86400' });
    return response.end();
  }
  if (request.url === '/sw.js') {
    response.writeHead(200, { 'content-type': 'text/javascript' });
    return response.end(WORKER);
  }
  response.writeHead(200, { 'content-type': 'text/html', ...HEADERS[role] });
  return response.end('by the server');
}

const tls = role === 'hsts' || role === 'public';
const server = tls
  ? https.createServer(
      { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) },
      answer,
    )
  : http.createServer(answer);
server.listen(Number(port), () => console.log('listening'));
