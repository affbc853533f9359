-- Run in a headless Neovim, old or new, with the plugin in 'runtimepath', in a project
-- folder whose server this starts and stops. DEVDOCTOR_TEST says which part is played.

local PATIENCE = 20000

local function wait(what, is)
  assert(vim.wait(PATIENCE, is, 10), what .. ' did not come')
end

local function equal(got, wanted, what)
  assert(got == wanted, ('%s: %s, not %s'):format(what, vim.inspect(got), vim.inspect(wanted)))
end

local told = {}
vim.notify = function(words)
  told[#told + 1] = words
end

local function shown(name)
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_get_name(buffer) == 'devdoctor://' .. name then
      return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
    end
  end
end

-- What is asked, and what the window must hold.
local function ask(line, name, ...)
  vim.cmd(line)
  wait(line, function()
    return shown(name) ~= nil
  end)
  for _, words in ipairs({ ... }) do
    assert(shown(name):find(words, 1, true), ('%s: no `%s` in\n%s'):format(line, words, shown(name)))
  end
  assert(not vim.bo.modifiable, 'the answer can be written to')
  vim.cmd('bwipeout')
end

local function health()
  vim.cmd('checkhealth devdoctor')
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  vim.cmd('bwipeout!')
  return text
end

-- What any client does; it is refused.
local function knock(port)
  local client, done = vim.loop.new_tcp(), false
  client:connect('127.0.0.1', port, function()
    client:close()
    done = true
  end)
  wait('an answer', function()
    return done
  end)
end

local doctor = require('devdoctor')

local parts = {}

-- With a daemon: the text follows a real server, and every command answers.
function parts.present()
  doctor.statusline()
  wait('a first text', function()
    return doctor.statusline() == '⏺ 0 of 1 up'
  end)
  equal(doctor.level(), 'well', 'the level')

  local server = vim.fn.jobstart({ 'python3', '-m', 'http.server', '3000', '--bind', '127.0.0.1' })
  local began = vim.loop.hrtime()
  -- A client that asked would be refused, and that is news.
  wait('the port', function()
    local file = assert(io.open('/proc/net/tcp'))
    local text = file:read('*a')
    file:close()
    return text:find('0100007F:0BB8 00000000:0000 0A', 1, true) ~= nil
  end)
  local listened = vim.loop.hrtime()
  wait('the server in the text', function()
    return doctor.statusline() == '⏺ 1 up'
  end)
  io.stderr:write(('up: seen %d ms after it listened, %d ms after its start\n'):format(
    (vim.loop.hrtime() - listened) / 1e6,
    (vim.loop.hrtime() - began) / 1e6
  ))
  if vim.fn.has('nvim-0.8') == 1 then
    vim.o.statusline = "%{v:lua.require'devdoctor'.statusline()}"
    equal(vim.api.nvim_eval_statusline(vim.o.statusline, {}).str, '⏺ 1 up', 'the statusline')
  end

  ask('DevDoctor ports', 'ports', 'PORT', '3000', '127.0.0.1', 'this machine')
  ask('DevDoctor check', 'check', 'shop', 'as expected', 'package.json:')
  ask(
    'DevDoctor why 127.0.0.1:3000',
    'why 127.0.0.1:3000',
    'ok: 127.0.0.1:3000: reachable',
    'listens on 127.0.0.1:3000'
  )
  equal(vim.inspect(vim.fn.getcompletion('DevDoctor ', 'cmdline')), vim.inspect({ 'check', 'mute', 'ports', 'unmute', 'why' }), 'commands')
  equal(vim.inspect(vim.fn.getcompletion('DevDoctor why ', 'cmdline')), vim.inspect({ '3000' }), 'ports')

  vim.fn.jobstop(server)
  local stopped = vim.loop.hrtime()
  wait('the end of the server in the text', function()
    return doctor.statusline() == '⏺ 0 of 1 up'
  end)
  io.stderr:write(('down: seen after %d ms\n'):format((vim.loop.hrtime() - stopped) / 1e6))
  ask('DevDoctor why 3000', 'why 3000', '[DD2', '3000', 'fix: ')

  -- A client is refused: the text says why, until nobody wants to hear of it.
  local function refused()
    return doctor.statusline():find('^⚠ 3000 refused: ') ~= nil
  end
  wait('the alert', function()
    knock(3000)
    return refused()
  end)
  equal(doctor.level(), 'problem', 'the level')
  vim.cmd('DevDoctor mute 3000')
  wait('that it is mute', function()
    return #told == 1 and doctor.statusline() == '⏺ 0 of 1 up'
  end)
  equal(told[1], 'devdoctor is silent about port 3000', 'mute')
  equal(doctor.level(), 'well', 'the level of what is muted')
  vim.cmd('DevDoctor unmute 3000')
  wait('that it is not', function()
    return #told == 2 and refused()
  end)

  -- Another folder, another project.
  local blog = vim.env.HOME .. '/blog'
  vim.fn.mkdir(blog, 'p')
  local package = '{ "name": "blog", "scripts": { "dev": "vite --port 4000" } }'
  vim.fn.writefile({ package }, blog .. '/package.json')
  local shop = vim.fn.getcwd()
  vim.cmd('cd ' .. blog)
  wait('the other folder in the text', function()
    return doctor.statusline() == '⏺ 0 of 1 up'
  end)
  equal(vim.inspect(vim.fn.getcompletion('DevDoctor why ', 'cmdline')), vim.inspect({ '4000' }), 'its ports')
  vim.cmd('cd ' .. shop)
  wait('the first folder again', refused)

  vim.cmd('DevDoctor why not.a.target:x')
  wait('what is wrong with the target', function()
    return #told == 3
  end)
  assert(told[3]:find('^devdoctor: '), told[3])

  local text = health()
  assert(text:find('answers, with protocol 1', 1, true), text)
  assert(not text:find('ERROR', 1, true), text)
end

-- With no daemon: nothing is said unless it is asked for. Then one comes and goes.
function parts.absent()
  local began = vim.loop.hrtime()
  doctor.statusline()
  vim.wait(600)
  equal(doctor.statusline(), '', 'the text with no daemon')
  equal(doctor.level(), nil, 'the level with no daemon')
  equal(#told, 0, 'words that nobody asked for')
  assert((vim.loop.hrtime() - began) / 1e6 < PATIENCE, 'it waited')
  vim.cmd('DevDoctor ports')
  wait('why there is no answer', function()
    return #told == 1
  end)
  equal(told[1], 'devdoctor: no daemon runs; start it with `devdoctor daemon start`', 'with no daemon')
  assert(health():find('no daemon runs', 1, true), 'the health check does not say that no daemon runs')

  -- Whoever starts one is found without being asked again.
  local daemon = vim.fn.jobstart({ vim.env.DEVDOCTOR, 'daemon', 'run' })
  wait('the daemon in the text', function()
    return doctor.statusline() == '⏺ 0 of 1 up'
  end)
  vim.fn.jobstop(daemon)
  wait('its end in the text', function()
    return doctor.statusline() == ''
  end)
end

-- What no daemon of ours does: the test plays the other end.
function parts.strange()
  local uv = vim.uv or vim.loop
  local client = require('devdoctor.client')
  local hello = '{"devdoctor":"0.1.0","protocol":1}\n'
  for number, case in ipairs({
    { '{"devdoctor":"9.0.0","protocol":2}\n', 'stranger', 'The daemon is newer: update the plugin' },
    { '{"devdoctor":"0.0.1","protocol":0}\n', 'stranger', 'The plugin is newer: update devdoctor' },
    { 'SSH-2.0-OpenSSH\n', 'failed', 'no JSON' },
    { '[1]\n', 'failed', 'no devdoctor' },
    { '{"jsonrpc":"2.0","id":null,"error":{"code":-32003,"message":"too many"}}\n', 'failed', 'too many' },
    { ('x'):rep(client.LONGEST_LINE + 1), 'failed', 'bytes' },
    { hello .. ('y'):rep(client.LONGEST_LINE + 1), 'failed', 'bytes' },
    { hello .. 'null\n', 'failed', 'no JSON' },
  }) do
    local path = ('%s/%d.sock'):format(vim.env.HOME, number)
    local server, guests = uv.new_pipe(false), {}
    assert(server:bind(path))
    server:listen(8, function()
      local guest = uv.new_pipe(false)
      guests[#guests + 1] = guest
      server:accept(guest)
      guest:read_start(function() end)
      guest:write(case[1])
    end)
    local link
    local one = client.new(path, nil, {
      link = function(now)
        -- The first that tells what is wrong; it tries again.
        link = link or now.why and now
      end,
      status = function() end,
    })
    one:retry()
    wait('what is wrong in case ' .. number, function()
      return link
    end)
    equal(link.kind, case[2], 'case ' .. number)
    assert(link.why:find(case[3], 1, true), link.why)
    one:stop()
    server:close()
    for _, guest in ipairs(guests) do
      guest:close()
    end
  end

  local place = require('devdoctor.place')
  local function at(env, files, set)
    return place.socket(set or '', {
      system = 'Linux',
      uid = 1000,
      env = function(name)
        return env[name]
      end,
      look = function(file)
        return files[file]
      end,
    })
  end
  local mine = { type = 'directory', uid = 1000, mode = 448 }
  local theirs = { type = 'directory', uid = 0, mode = 448 }
  local run = { XDG_RUNTIME_DIR = '/run/user/0', TMPDIR = '/var/tmp' }
  equal(at(run, { ['/run/user/0'] = mine }), '/run/user/0/devdoctor/daemon.sock', 'ours')
  equal(at(run, { ['/run/user/0'] = theirs, ['/run/user/1000'] = mine }), '/run/user/1000/devdoctor/daemon.sock', 'theirs')
  equal(at(run, {}), '/var/tmp/devdoctor-1000/daemon.sock', 'none')
  equal(at({ DEVDOCTOR_SOCKET = '/x' }, {}), '/x', 'the variable')
  equal(at({ DEVDOCTOR_SOCKET = '/x' }, {}, '/y'), '/y', 'the setting')
  for _, bad in ipairs({
    { {}, { ['/tmp/devdoctor-1000'] = theirs } },
    { {}, { ['/tmp/devdoctor-1000'] = { type = 'directory', uid = 1000, mode = 488 } } },
    { {}, { ['/tmp/devdoctor-1000'] = { type = 'link', uid = 1000, mode = 511 } } },
    { {}, { ['/x'] = { type = 'socket', uid = 1, mode = 384 } }, '/x' },
    { {}, {}, 'x' },
    { {}, {}, '/' .. ('x'):rep(107) },
  }) do
    local path, why = at(unpack(bad))
    assert(path == nil and type(why) == 'string', vim.inspect(bad))
  end

  local report = require('devdoctor.report')
  equal(report.clean('a\27[31m\nb\226\128\174c\194\155d\239\187\191日'), 'a�[31m�b�c�d�日', 'clean')
  equal(report.shell_line({ 'a b', "it's", '$HOME', '', 'x=1' }), [['a b' 'it'\''s' '$HOME' '' x=1]], 'a command')
  for _, junk in ipairs({ {}, { findings = { {} } }, { services = { {} } }, { ports = { {} } }, { unseen = { {} } } }) do
    assert(type(report.why(junk)) == 'table' and type(report.check(junk)) == 'table')
    assert(type(report.ports(junk)) == 'table')
  end
end

local ok, err = pcall(parts[vim.env.DEVDOCTOR_TEST])
if not ok then
  io.stderr:write(tostring(err) .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('quitall!')
