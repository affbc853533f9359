-- One connection to the daemon, made again whenever it is lost. Nothing here waits.

local place = require('devdoctor.place')
local uv = vim.uv or vim.loop

local M = {}

--- The version of the protocol that this plugin speaks.
M.PROTOCOL = 1
--- The most that one line may hold, in bytes, as on the daemon's side.
M.LONGEST_LINE = 16 * 1024 * 1024

-- How long is waited before the next attempt, in milliseconds: at first, and at most.
local FIRST_WAIT, LONGEST_WAIT = 250, 15000
-- How long the daemon may take to greet and to answer a call, in milliseconds.
local GREETING, ANSWER = 5000, 60000

local Client = {}
Client.__index = Client

--- A client of this socket (nil for the usual place), for this folder (nil for all).
--- `told.link(link)` gets how the daemon is reached, `told.status(status)` how things
--- stand, both in the main loop. A link is `{ kind, why }`; its kind is
--- `connecting`, `off`, `failed`, `stranger` (another protocol) or `up`.
function M.new(socket, folder, told)
  return setmetatable({
    socket = socket,
    folder = folder,
    told = told,
    link = { kind = 'connecting' },
    waiting = {},
    last_call = 0,
    wait = FIRST_WAIT,
  }, Client)
end

--- Connects now, whatever was to be waited for.
function Client:retry()
  if self.ended or self.pipe then
    return
  end
  self.wait = FIRST_WAIT
  self:attempt()
end

--- Ends it for good.
function Client:stop()
  self.ended = true
  if self.next then
    self.next:stop()
  end
  self:drop('the editor ends')
end

-- Calls back in the main loop, unless all has ended meanwhile.
function Client:tell(what, value)
  vim.schedule(function()
    if not self.ended then
      self.told[what](value)
    end
  end)
end

function Client:set_link(link)
  self.link = link
  self:tell('link', link)
end

local function close(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

-- Calls back once after this time; closes itself.
local function after(ms, act)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    close(timer)
    act()
  end)
  return {
    stop = function()
      close(timer)
    end,
  }
end

function Client:attempt()
  if self.next then
    self.next:stop()
    self.next = nil
  end
  local path, bad = place.socket(self.socket or '')
  if not path then
    return self:lost({ kind = 'failed', why = bad })
  end
  local pipe = uv.new_pipe(false)
  self.pipe = pipe
  pipe:connect(path, function(err)
    if self.pipe ~= pipe then
      return
    end
    if err then
      local absent = err:find('ENOENT') or err:find('ECONNREFUSED')
      return self:lost(absent and { kind = 'off' } or { kind = 'failed', why = err })
    end
    self.greeting = after(GREETING, function()
      self:lost({ kind = 'failed', why = 'it said nothing for ' .. GREETING / 1000 .. ' s' })
    end)
    local parts, held = {}, 0
    pipe:read_start(function(error, chunk)
      if self.pipe ~= pipe then
        return
      end
      if error or not chunk then
        return self:lost({ kind = 'off' })
      end
      local from = 1
      while true do
        local to = chunk:find('\n', from, true)
        local part = chunk:sub(from, to and to - 1)
        held = held + #part
        if held > M.LONGEST_LINE then
          return self:lost({ kind = 'failed', why = 'a line of more than ' .. M.LONGEST_LINE .. ' bytes' })
        end
        parts[#parts + 1] = part
        if not to then
          return
        end
        local bad_line = self:take(table.concat(parts))
        if bad_line or self.pipe ~= pipe then
          return bad_line and self:lost(bad_line)
        end
        parts, held, from = {}, 0, to + 1
      end
    end)
  end)
end

-- Takes a line; gives why no more is to be taken.
function Client:take(line)
  local ok, json = pcall(vim.json.decode, line, { luanil = { object = true, array = true } })
  if not ok or type(json) ~= 'table' then
    return { kind = 'failed', why = 'what it says is no JSON' }
  end
  if not self.greeted then
    return self:greet(json)
  end
  if json.method == 'status' then
    self:tell('status', json.params)
  elseif json.id ~= nil then
    local waiting = self.waiting[json.id]
    if waiting then
      self.waiting[json.id] = nil
      waiting.timer:stop()
      local refused = type(json.error) == 'table' and tostring(json.error.message) or nil
      waiting.back(refused, json.result)
    end
  end
end

function Client:greet(hello)
  self.greeting:stop()
  if type(hello.protocol) ~= 'number' or type(hello.devdoctor) ~= 'string' then
    -- A daemon that takes no more clients says so instead of greeting.
    local refused = type(hello.error) == 'table' and hello.error.message
    return { kind = 'failed', why = type(refused) == 'string' and refused or 'it is no devdoctor' }
  end
  if hello.protocol ~= M.PROTOCOL then
    return { kind = 'stranger', why = M.strange(hello) }
  end
  self.greeted = true
  self:set_link({ kind = 'up', version = hello.devdoctor })
  local pipe = self.pipe
  self:call('subscribe', { folder = self.folder }, function(err, status)
    if not err then
      -- Only now is it one that is worth coming back to at once.
      self.wait = FIRST_WAIT
      self:tell('status', status)
    elseif self.pipe == pipe then
      self:set_link({ kind = 'failed', why = err })
    end
  end)
end

--- Which of the two is newer.
function M.strange(hello)
  return ('The daemon (devdoctor %s) speaks protocol %d, this plugin %d. %s'):format(
    hello.devdoctor,
    hello.protocol,
    M.PROTOCOL,
    hello.protocol > M.PROTOCOL and 'The daemon is newer: update the plugin.'
      or 'The plugin is newer: update devdoctor.'
  )
end

--- Asks the daemon. `back(err, result)` is called once, not in the main loop.
function Client:call(method, params, back)
  if not self.greeted then
    return back('no daemon runs')
  end
  self.last_call = self.last_call + 1
  local id = self.last_call
  self.waiting[id] = {
    back = back,
    timer = after(ANSWER, function()
      self.waiting[id] = nil
      back(('the daemon did not answer `%s` in %d s'):format(method, ANSWER / 1000))
    end),
  }
  if next(params) == nil then
    params = vim.empty_dict()
  end
  self.pipe:write(vim.json.encode({ jsonrpc = '2.0', id = id, method = method, params = params }) .. '\n')
end

function Client:drop(why)
  if self.greeting then
    self.greeting:stop()
  end
  close(self.pipe)
  self.pipe = nil
  self.greeted = false
  local waiting = self.waiting
  self.waiting = {}
  for _, one in pairs(waiting) do
    one.timer:stop()
    one.back(why)
  end
end

-- The connection is lost, or could not be made: another attempt comes later.
function Client:lost(link)
  self:drop('the daemon ended the connection')
  if self.ended then
    return
  end
  self:set_link(link)
  self.next = after(self.wait, function()
    self:attempt()
  end)
  self.wait = math.min(self.wait * 2, LONGEST_WAIT)
end

return M
