// The reference of benchmarks/turns.py: a small menu of ussd-menu-builder behind express, its session in
// Redis (one read, one write a turn), in a cluster of as many processes as our web server has.
// A menu is built for each request: with one shared menu object the library mixes callers up.
'use strict';
const cluster = require('cluster');
const [port, processes, socket] = process.argv.slice(2);

if (cluster.isPrimary) {
  for (let n = 0; n < Number(processes); n++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  const express = require('express');
  const Redis = require('ioredis');
  const UssdMenu = require('ussd-menu-builder');
  const redis = new Redis(socket);
  const app = express();
  app.use(express.urlencoded({ extended: false }));

  function build() {
    const menu = new UssdMenu();
    menu.sessionConfig({
      start: (id) => redis.set(`n:${id}`, '{}', 'EX', 300).then(() => undefined),
      get: (id, key) => redis.get(`n:${id}`).then((kept) => JSON.parse(kept || '{}')[key]),
      set: (id, key, value) => redis.set(`n:${id}`, JSON.stringify({ [key]: value }), 'EX', 300).then(() => undefined),
      end: () => Promise.resolve(),
    });
    const turn = (text) => () =>
      menu.session.get('place').then(() => menu.session.set('place', text)).then(() => menu.con(text));
    menu.startState({
      run: turn('Jalur Aman\n1 Cek PT\n2 Lapor\n3 Kerja resmi\n4 Acara\n5 Syarat\n6 Bantuan\n7 Pengaturan'),
      next: { 1: 'check', 5: 'steps', 6: 'help' },
    });
    menu.state('check', { run: turn('Ketik nama PT:'), next: { '*.*': 'answer' } });
    menu.state('answer', { run: turn('Tidak ada di daftar.\n1 Lapor\n0 Kembali'), next: { 0: 'check' } });
    menu.state('steps', { run: turn('Syarat\n1 Langkah\n2 Dokumen\n3 Biaya\n0 Kembali'), next: { 1: 'list' } });
    menu.state('list', { run: turn('1 Paspor\n2 Kontrak\n3 Visa\n0 Kembali'), next: { 1: 'item' } });
    menu.state('item', { run: turn('Paspor dibuat di kantor imigrasi.\n0 Kembali'), next: { 0: 'list' } });
    menu.state('help', { run: turn('Bantuan\n1 Kerja\n2 Kekerasan\n3 Luar negeri\n0 Kembali'), next: { 1: 'item' } });
    return menu;
  }

  app.post('/ussd', (request, response) => build().run(request.body, (answer) => response.type('text/plain').send(answer)));
  app.listen(Number(port), '127.0.0.1');
}
