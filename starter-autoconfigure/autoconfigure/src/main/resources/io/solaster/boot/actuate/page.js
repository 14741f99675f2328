'use strict';
(() => {
  const PERIOD = 1000;
  const CONFIG_PERIOD = 10000;
  const PATIENCE = 5000;
  const HISTORY = 120;
  const MANY = 12;
  const LABELLED = 16;
  const $ = id => document.getElementById(id);

  let before = null;
  let paused = false;
  let lost = 0;
  let told = '';
  let configAt = 0;
  let config = null;
  const history = [];

  /** An element with text or children; nothing that comes from the engine is ever parsed as HTML. */
  function el(name, attributes = {}, ...children) {
    const svg = ['svg', 'circle', 'text', 'path'].includes(name);
    const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== null) made.setAttribute(key, value);
    }
    made.append(...children.filter(child => child !== null && child !== undefined).map(child => child instanceof Node ? child : String(child)));
    return made;
  }
  const text = (node, value) => { if (node.textContent !== value) node.textContent = value; };

  // Wherever the endpoint is mapped to, this script lies beside what it asks for.
  const HERE = document.currentScript.src.replace(/[^/]*$/, '');
  function count(value) {
    if (value >= 1e9) return (value / 1e9).toFixed(1) + ' G';
    if (value >= 1e6) return (value / 1e6).toFixed(1) + ' M';
    if (value >= 1e4) return (value / 1e3).toFixed(1) + ' k';
    return String(Math.round(value));
  }
  const percent = part => (part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0) + ' %';
  function seconds(value) {
    if (value < 0.001) return Math.round(value * 1e6) + ' µs';
    if (value < 1) return (value * 1e3).toFixed(1) + ' ms';
    return value.toFixed(value < 10 ? 1 : 0) + ' s';
  }

  async function ask(part) {
    const answer = await fetch(HERE + part, { cache: 'no-store', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(answer.status === 401 || answer.status === 403 ? 'you are no longer signed in' : 'it answered ' + answer.status);
    return answer.json();
  }

  async function tick() {
    const began = performance.now();
    if (!paused && !document.hidden) {
      try {
        const live = await ask('live');
        if (Date.now() - configAt > CONFIG_PERIOD) {
          config = await ask('config');
          configAt = Date.now();
          drawConfig();
        }
        lost = 0;
        draw(live);
        text($('connection'), '');
      } catch (failure) {
        lost++;
        if (lost === 2) text($('connection'), 'No answer: ' + (failure.name === 'TimeoutError' ? 'it takes longer than 5 s' : failure.message) + '. What is shown is old.');
        $('connection').className = lost > 1 ? 'lost' : 'quiet';
      }
    }
    setTimeout(tick, Math.max(100, PERIOD - (performance.now() - began)));
  }

  function draw(live) {
    const same = before && before.report.engine === live.report.engine;
    const passed = same ? (Date.parse(live.at) - Date.parse(before.at)) / 1000 : 0;
    const rate = (now, then) => passed > 0 && now >= then ? (now - then) / passed : 0;
    const report = live.report;
    const past = same ? before.report : report;
    drawHead(report);
    drawShards(report, past, rate);
    drawTrend(report);
    drawGroups(report, past, rate);
    drawServers(report, past, rate);
    drawMesh(live, same ? before : live, rate);
    drawStalls(live);
    drawPlan(report);
    before = live;
    document.body.dataset.updates = Number(document.body.dataset.updates || 0) + 1;
  }

  function drawHead(report) {
    text($('engine'), report.engine);
    text($('state'), report.state);
    $('state').className = 'badge ' + report.state;
    document.title = report.engine + ': ' + report.state;
    const connections = report.shards.reduce((sum, shard) => sum + shard.connections, 0);
    text($('summary'), `${report.shards.length} shard${report.shards.length === 1 ? '' : 's'}${report.plan.pinned ? ', pinned' : ''}, ${report.transport}, ${count(connections)} connection${connections === 1 ? '' : 's'}`);
    const notices = [...report.problems.map(p => ['down', p]), ...report.impairments.map(i => ['degraded', i])];
    // A live region: written only when something else is to be said, so that no reader hears of digits.
    const kind = JSON.stringify(notices.map(([state, words]) => [state, words.replace(/[\d.]+ s\b/g, '')]));
    if (kind !== told) {
      told = kind;
      $('notices').replaceChildren(...notices.map(([state, words]) => el('p', { class: 'notice ' + state }, el('span', {}, words))));
    }
  }

  const RADIUS = 40;
  const AROUND = 2 * Math.PI * RADIUS;

  function shardCard(id) {
    const value = el('circle', { class: 'value', cx: 50, cy: 50, r: RADIUS, transform: 'rotate(-90 50 50)', 'stroke-dasharray': AROUND, 'stroke-dashoffset': AROUND });
    const label = el('text', { x: 50, y: 50, 'aria-hidden': 'true' });
    const dial = el('svg', { class: 'dial', viewBox: '0 0 100 100', role: 'meter', 'aria-label': 'Utilization of shard ' + id, 'aria-valuemin': 0, 'aria-valuemax': 100 }, el('circle', { cx: 50, cy: 50, r: RADIUS }), value, label);
    const figures = {};
    const list = el('dl');
    for (const [key, name] of [['tasks', 'Tasks/s'], ['connections', 'Connections'], ['pending', 'Queue'], ['stalls', 'Stalls']]) {
      figures[key] = el('dd', { 'data-figure': key });
      list.append(el('dt', {}, name), figures[key]);
    }
    const state = el('small');
    const card = el('li', { class: 'shard', 'data-shard': id }, el('h3', {}, 'Shard ' + id, state), dial, list);
    return { card, value, label, dial, figures, state };
  }
  let cards = [];

  function drawShards(report, past, rate) {
    if (cards.length !== report.shards.length) {
      cards = report.shards.map(shard => shardCard(shard.id));
      $('shards').replaceChildren(...cards.map(it => it.card));
      $('shards').className = 'shards' + (cards.length > MANY ? ' many' : '');
    }
    report.shards.forEach((shard, i) => {
      const it = cards[i];
      const utilization = shard.state === 'stopped' ? 0 : shard.utilization;
      it.value.setAttribute('stroke-dashoffset', AROUND * (1 - utilization));
      it.value.setAttribute('class', utilization > 0.9 ? 'value hot' : 'value');
      text(it.label, String(Math.round(utilization * 100)));
      it.dial.setAttribute('aria-valuenow', Math.round(utilization * 100));
      it.dial.setAttribute('aria-valuetext', percent(utilization));
      text(it.figures.tasks, count(rate(shard.tasks, past.shards[i].tasks)));
      text(it.figures.connections, count(shard.connections));
      text(it.figures.pending, count(shard.pending));
      text(it.figures.stalls, count(shard.stalls));
      text(it.state, shard.state === 'running' ? (cards.length > MANY ? '' : 'CPU ' + shard.cpu) : shard.state === 'stuck' ? 'stuck ' + seconds(shard.atWorkSeconds) : shard.state);
      it.state.className = shard.state === 'running' ? 'quiet' : shard.state;
      it.card.title = `Shard ${shard.id} on CPU ${shard.cpu}, NUMA node ${shard.numaNode}: ${percent(utilization)}`;
    });
  }

  /** The mean of the shards, in a band from the least to the most used: readable with 2 shards and with 64. */
  function drawTrend(report) {
    const all = report.shards.map(shard => shard.utilization);
    history.push({ mean: all.reduce((a, b) => a + b, 0) / all.length, least: Math.min(...all), most: Math.max(...all) });
    if (history.length > HISTORY) history.shift();
    const x = i => (600 - (history.length - 1 - i) * 600 / (HISTORY - 1)).toFixed(1);
    const y = part => (118 - part * 114).toFixed(1);
    const line = history.map((point, i) => x(i) + ',' + y(point.mean)).join(' L');
    const band = history.map((point, i) => x(i) + ',' + y(point.most)).concat(history.map((point, i) => x(i) + ',' + y(point.least)).reverse()).join(' L');
    $('trend').replaceChildren(el('path', { class: 'band', d: 'M' + band + ' Z' }), el('path', { class: 'mean', d: 'M' + line }));
    const now = history[history.length - 1];
    text($('trend-text'), `Now ${percent(now.mean)} on average, from ${percent(now.least)} to ${percent(now.most)}. The band spans the shards; the upper edge is 100 %.`);
  }

  function rows(table, keys, cells) {
    const body = table.tBodies[0];
    while (body.rows.length > keys.length) body.lastElementChild.remove();
    keys.forEach((key, i) => {
      let row = body.rows[i];
      if (!row || row.dataset.key !== key) {
        const made = cells(i, null);
        made.dataset.key = key;
        row ? row.replaceWith(made) : body.append(made);
      } else {
        cells(i, row);
      }
    });
  }

  function drawGroups(report, past, rate) {
    const shares = report.groups.reduce((sum, group) => sum + group.shares, 0);
    const ran = report.groups.map(group => rate(group.runtimeSeconds, (past.groups.find(p => p.name === group.name) || group).runtimeSeconds));
    const all = ran.reduce((a, b) => a + b, 0);
    rows($('groups'), report.groups.map(group => group.name), (i, row) => {
      const group = report.groups[i];
      const then = past.groups.find(p => p.name === group.name) || group;
      const made = row || el('tr', {}, el('th', { scope: 'row' }, group.name),
        el('td', { class: 'wide' }, el('span', { class: 'bar entitled' }, el('i')), el('span', { class: 'bar' }, el('i'))),
        ...[0, 1, 2, 3, 4].map(() => el('td', { class: 'n' })));
      const entitled = shares ? group.shares / shares : 0;
      const used = all > 0 ? ran[i] / all : 0;
      const bars = made.querySelectorAll('i');
      bars[0].style.width = entitled * 100 + '%';
      bars[1].style.width = used * 100 + '%';
      const cells = made.cells;
      text(cells[2], `${group.shares} (${percent(entitled)})`);
      text(cells[3], percent(used));
      text(cells[4], count(rate(group.tasks, then.tasks)));
      text(cells[5], count(group.queued));
      text(cells[6], percent(Math.min(1, rate(group.starveSeconds, then.starveSeconds) / report.shards.length)));
      return made;
    });
  }

  function drawServers(report, past, rate) {
    rows($('servers'), report.servers.map(server => server.name), (i, row) => {
      const server = report.servers[i];
      const then = past.servers.find(p => p.name === server.name) || server;
      const made = row || el('tr', { 'data-server': server.name }, el('th', { scope: 'row' }, server.name), ...[0, 1, 2].map(() => el('td')), ...[0, 1, 2, 3].map(() => el('td', { class: 'n' })));
      const cells = made.cells;
      text(cells[1], `${server.protocol}://${server.host}:${server.port}`);
      text(cells[2], server.group);
      text(cells[3], server.state + (server.drainedShards.length ? `, but on shard ${server.drainedShards.join(', ')}` : ''));
      cells[3].className = server.state;
      text(cells[4], count(server.connections));
      text(cells[5], count(rate(server.requests, then.requests)));
      text(cells[6], count(rate(server.failed, then.failed)));
      text(cells[7], count(server.requests));
      cells[4].dataset.figure = 'connections';
      cells[7].dataset.figure = 'requests';
      cells[7].dataset.exact = server.requests;
      cells[4].dataset.exact = server.connections;
      return made;
    });
  }

  let heat = [];
  function drawMesh(live, then, rate) {
    const size = live.mesh.length;
    const rates = live.mesh.map((row, from) => row.map((sent, to) => rate(sent, then.mesh[from] ? then.mesh[from][to] : sent)));
    const most = Math.max(0, ...rates.flat());
    const total = rates.flat().reduce((a, b) => a + b, 0);
    text($('mesh-text'), size === 0 ? 'Too many shards to show each pair.' : size === 1 ? 'One shard sends no messages.' : `${count(total)} messages a second from shard to shard; the busiest lane has ${count(most)}. Rows send, columns receive.`);
    $('mesh').hidden = $('mesh-details').hidden = size < 2;
    if (size < 2) return;
    const labelled = size <= LABELLED;
    if (heat.length !== size * size) {
      const every = size > 32 ? 8 : size > LABELLED ? 4 : 1;
      $('mesh').style.gridTemplateColumns = `2rem repeat(${size}, minmax(0, 1fr))`;
      $('mesh').className = labelled ? 'heat' : 'heat fine';
      $('mesh').style.maxWidth = size < 8 ? (2 + 4 * size) + 'rem' : '';
      heat = [];
      const cells = [el('span')];
      for (let to = 0; to < size; to++) cells.push(el('span', {}, to % every === 0 ? to : ''));
      for (let from = 0; from < size; from++) {
        cells.push(el('span', {}, from % every === 0 ? from : ''));
        for (let to = 0; to < size; to++) {
          const cell = el('b', { class: from === to ? 'self' : '' });
          heat.push(cell);
          cells.push(cell);
        }
      }
      $('mesh').replaceChildren(...cells);
    }
    rates.flat().forEach((value, i) => {
      if (heat[i].className === 'self') return;
      const part = most > 0 ? value / most : 0;
      heat[i].style.backgroundColor = part > 0 ? `rgba(var(--heat), ${(0.12 + 0.73 * part).toFixed(2)})` : '';
      heat[i].title = `${Math.floor(i / size)} to ${i % size}: ${count(value)} a second`;
      if (labelled && size <= 8) text(heat[i], count(value));
    });
    if ($('mesh-details').open) {
      $('mesh-table').tHead.replaceChildren(el('tr', {}, el('th', { scope: 'col' }, 'From'), ...rates.map((_, to) => el('th', { scope: 'col', class: 'n' }, to))));
      $('mesh-table').tBodies[0].replaceChildren(...rates.map((row, from) => el('tr', {}, el('th', { scope: 'row' }, from), ...row.map((value, to) => el('td', { class: 'n' }, from === to ? '' : count(value))))));
    }
  }

  let stallsShown = '';
  function drawStalls(live) {
    const all = Object.entries(live.stalls).flatMap(([shard, list]) => list.map(stall => ({ shard, ...stall }))).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    const known = JSON.stringify(all.map(stall => [stall.shard, stall.at, stall.ended, stall.seconds]));
    if (known === stallsShown) return;
    stallsShown = known;
    const open = new Set([...$('stalls').querySelectorAll('details[open]')].map(details => details.dataset.key));
    $('stalls').replaceChildren(...(all.length === 0 ? [el('p', { class: 'quiet' }, 'No task has held a shard for longer than the stall threshold.')] : all.map(stall => {
      const key = stall.shard + ' ' + stall.at;
      const details = el('details', { 'data-key': key, open: open.has(key) ? '' : undefined },
        el('summary', {}, el('strong', {}, 'Shard ' + stall.shard), ` for ${seconds(stall.seconds)}${stall.ended ? '' : ', still'}, ${stall.group ? 'group ' + stall.group : 'its own work'}, at `, el('time', { datetime: stall.at }, new Date(stall.at).toLocaleTimeString())),
        el('pre', { tabindex: 0, 'aria-label': 'Stack of shard ' + stall.shard }, stall.stack || 'It ended while its stack was looked at.'));
      return details;
    })));
  }

  function drawPlan(report) {
    const facts = [['Shards', report.shards.map(shard => `${shard.id} on CPU ${shard.cpu}`).slice(0, 64).join(', ')], ['Pinned', report.plan.pinned ? 'yes' : 'no'], ['Housekeeping', report.plan.housekeeping ? 'CPUs ' + report.plan.housekeeping : 'no CPUs of its own'], ['Idle shards', report.plan.spin ? 'look for work before they sleep' : 'sleep at once'], ['Transport', report.transportReason]];
    const known = JSON.stringify([facts, report.plan.reasons]);
    if ($('plan').dataset.known === known) return;
    $('plan').dataset.known = known;
    $('plan').replaceChildren(...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
    $('reasons').replaceChildren(...report.plan.reasons.map(reason => el('li', {}, reason)));
  }

  function drawConfig() {
    const last = config.lastReload;
    text($('reload'), last ? `Last reload at ${new Date(last.at).toLocaleString()}: ${last.applied ? last.changed.length + ' key(s) applied' : 'refused, ' + last.problem}${last.restart.length ? '; a restart is needed for ' + last.restart.join(', ') : ''}.` : 'Not reloaded since the start.');
    const words = $('filter').value.trim().toLowerCase();
    const keys = Object.keys(config.values).filter(key => key.includes(words) && (!$('set').checked || config.values[key].origin));
    $('config').tBodies[0].replaceChildren(...keys.map(key => {
      const { value, origin, reloadable } = config.values[key];
      return el('tr', { class: origin ? '' : 'default' }, el('td', {}, key), el('td', {}, value === null ? '' : Array.isArray(value) ? value.join(', ') : value), el('td', {}, origin || 'default'), el('td', {}, reloadable ? 'is applied at once' : 'needs a restart'));
    }));
  }

  $('pause').addEventListener('click', () => {
    paused = !paused;
    $('pause').setAttribute('aria-pressed', paused);
    before = null;
  });
  $('filter').addEventListener('input', () => config && drawConfig());
  $('set').addEventListener('change', () => config && drawConfig());
  tick();
})();
