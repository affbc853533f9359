-- What is up in this folder, in the statusline, and `:DevDoctor`. Everything that is
-- said comes from the daemon: nothing is diagnosed here.

local client = require('devdoctor.client')
local report = require('devdoctor.report')

local M = {}

local SIGNS = { well = '⏺', unknown = '?', warning = '⚠', problem = '⚠' }

-- Settings, see setup().
local settings = { socket = nil }
-- The connection of the folder that Neovim stands in, from its first use.
local doctor
-- How things stand: what the daemon said last, nil where nothing is known.
local status
-- What the statusline shows.
local text = ''

local function draw()
  local link = doctor and doctor.link or { kind = 'off' }
  local now = ''
  if status and link.kind == 'up' then
    local sign = SIGNS[status.level] or SIGNS.unknown
    -- A percent sign would begin an item of the statusline.
    now = (sign .. ' ' .. report.clean(status.line)):gsub('%%', '％')
  elseif link.kind == 'stranger' then
    now = 'devdoctor: other version'
  elseif link.kind == 'failed' then
    now = 'devdoctor: no answer'
  end
  if now ~= text then
    text = now
    vim.cmd('redrawstatus!')
  end
end

local function start()
  local folder = vim.fn.getcwd(-1, -1)
  if doctor and doctor.folder == folder then
    return doctor
  end
  if doctor then
    doctor:stop()
  end
  status = nil
  doctor = client.new(settings.socket, folder, {
    link = function(link)
      if link.kind ~= 'up' then
        status = nil
      end
      draw()
    end,
    status = function(now)
      status = type(now) == 'table' and now or nil
      draw()
    end,
  })
  doctor:retry()
  return doctor
end

--- Optional. `opts.socket`: the daemon's socket, where it is not at the usual place.
function M.setup(opts)
  settings.socket = (opts or {}).socket
  if doctor then
    doctor:stop()
    doctor = nil
    start()
  end
end

--- The text for a statusline: `⏺ 3 up`, or `⚠ 3000 refused: …`; empty where no daemon
--- runs. It never waits: it is what was said last, and the statusline is drawn again when
--- something else is said.
function M.statusline()
  if not doctor then
    -- Not while the statusline is drawn.
    vim.schedule(start)
  end
  return text
end

--- How things stand, for a colour: `well`, `unknown`, `warning`, `problem`; nil where
--- nothing is known.
function M.level()
  return status and status.level
end

local function complain(words)
  vim.notify('devdoctor: ' .. report.clean(words), vim.log.levels.ERROR)
end

-- Shows lines in a window of their own, in a buffer that belongs to no file.
local function show(name, lines)
  name = 'devdoctor://' .. name
  local buffer
  for _, other in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_get_name(other) == name then
      buffer = other
    end
  end
  if not buffer then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].bufhidden = 'wipe'
    vim.bo[buffer].filetype = 'devdoctor'
    vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Close' })
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  local window = vim.fn.bufwinid(buffer)
  if window < 0 then
    vim.cmd('botright ' .. math.min(math.max(#lines, 5), 20) .. 'split')
    window = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(window, buffer)
    vim.wo[window].wrap = false
  else
    vim.api.nvim_set_current_win(window)
  end
  vim.api.nvim_win_set_cursor(window, { 1, 0 })
end

-- Asks the daemon, waiting for the connection at first use, and calls back in the main
-- loop with its answer. What goes wrong is told.
local function ask(method, params, back)
  local asked = start()
  local function go()
    asked:call(method, params, function(err, result)
      vim.schedule(function()
        if err then
          return complain(err)
        end
        back(result)
      end)
    end)
  end
  asked:retry()
  -- The first attempt may still be under way.
  local tries = 0
  local function once_connected()
    tries = tries + 1
    if asked.greeted then
      return go()
    elseif asked.link.kind == 'connecting' or (asked.pipe and tries < 40) then
      return vim.defer_fn(once_connected, 25)
    elseif asked.link.why then
      return complain(asked.link.why)
    end
    complain('no daemon runs; start it with `devdoctor daemon start`')
  end
  once_connected()
end

local function port_of(word)
  local port = word and word:match('^:?(%d+)$')
  port = port and tonumber(port)
  return port and port > 0 and port < 65536 and port or nil
end

local function mute(method, words, done)
  local port = port_of(words[2])
  if not port then
    return complain('which port? For instance: DevDoctor ' .. method .. ' 3000')
  end
  ask(method, { port = port }, function()
    vim.notify(('devdoctor %s port %d'):format(done, port))
  end)
end

local COMMANDS = {
  why = function(words)
    local target = words[2]
    if not target then
      return complain('why what? For instance: DevDoctor why 3000')
    end
    ask('why', { target = target, folder = vim.fn.getcwd(-1, -1) }, function(result)
      show('why ' .. target, report.why(result))
    end)
  end,
  ports = function()
    ask('ports', {}, function(result)
      show('ports', report.ports(result))
    end)
  end,
  check = function()
    ask('check', { folder = vim.fn.getcwd(-1, -1) }, function(result)
      show('check', report.check(result))
    end)
  end,
  mute = function(words)
    mute('mute', words, 'is silent about')
  end,
  unmute = function(words)
    mute('unmute', words, 'tells again of')
  end,
}

--- `:DevDoctor WORDS`
function M.command(words)
  local command = COMMANDS[words[1] or 'check']
  if not command then
    return complain('there is no `' .. words[1] .. '`; there are ' .. table.concat(M.complete(''), ', '))
  end
  command(words)
end

--- What may follow in the command line, which begins with the command itself.
function M.complete(lead, line)
  local typed = (line or ''):match('Dev%a*%s+(.*)$') or ''
  local before = vim.split(typed:sub(1, -1 - #lead), '%s+', { trimempty = true })
  local options = {}
  if #before == 0 then
    options = vim.tbl_keys(COMMANDS)
  elseif #before == 1 and before[1] ~= 'ports' and before[1] ~= 'check' then
    for _, service in ipairs(status and status.services or {}) do
      for _, one in ipairs(service.expects or {}) do
        if one.port then
          options[#options + 1] = ('%d'):format(one.port)
        end
      end
    end
  end
  table.sort(options)
  return vim.tbl_filter(function(option)
    return vim.startswith(option, lead)
  end, options)
end

--- Follows Neovim into another folder.
function M.follow()
  if doctor then
    start()
  end
end

--- Ends the connection.
function M.stop()
  if doctor then
    doctor:stop()
    doctor = nil
  end
end

--- The socket of setup(), for the health check.
function M.socket()
  return settings.socket
end

return M
