#!/usr/bin/env node
// SPDX-License-Identifier: MPL-2.0
// An echo server on Node: one event loop, and pipe, which minds what a slow reader has not taken yet.
'use strict';
const net = require('net');

function listen(address) {
  const [host, port] = address.split(':');
  const server = net.createServer({ noDelay: true }, (connection) => {
    connection.on('error', () => connection.destroy());
    connection.pipe(connection);
  });
  server.listen({ host, port: Number(port), backlog: 4096 }, () => {
    console.log(`listening on ${host}:${server.address().port}`);
  });
  process.on('SIGINT', () => process.exit(0));
}

if (process.argv[2] === '--version') {
  console.log(`Node ${process.versions.node}`);
} else {
  listen(process.argv[2]);
}
