#!/usr/bin/env node
// SPDX-License-Identifier: MPL-2.0
// Says "Hello, World!" in HTTP, by Node's own server.
'use strict';
const http = require('http');

const [host, port] = process.argv[2].split(':');
const server = http.createServer((request, reply) => {
  reply.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 13 });
  reply.end('Hello, World!');
});
server.listen({ host, port: Number(port), backlog: 4096 }, () => {
  console.log(`listening on ${host}:${server.address().port}`);
});
process.on('SIGINT', () => process.exit(0));
