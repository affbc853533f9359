-- Where the daemon's socket is: the rules of `src/ipc/place` of devdoctor.

local uv = vim.uv or vim.loop

local M = {}

local PIPES = '\\\\.\\pipe\\'

--- This machine, as the rules see it.
function M.machine()
  return {
    system = uv.os_uname().sysname,
    uid = uv.getuid and uv.getuid() or nil,
    -- Not `vim.env`, which may not be asked while a connection is waited for.
    env = function(name)
      local value = uv.os_getenv(name)
      return value ~= '' and value or nil
    end,
    -- A link is not followed if `link` is set.
    look = function(path, link)
      return (link and uv.fs_lstat or uv.fs_stat)(path)
    end,
  }
end

local function pipe(named, machine)
  if named then
    if named:sub(1, #PIPES) ~= PIPES or #named == #PIPES then
      return nil, 'the socket must be the name of a pipe, ' .. PIPES .. '…, not `' .. named .. '`'
    end
    return named
  end
  local function word(name)
    -- Whatever is beyond ASCII is taken for a letter.
    return ((machine.env(name) or ''):gsub('[^%w._\128-\255]', '-'))
  end
  return PIPES .. 'devdoctor-' .. word('USERDOMAIN') .. '-' .. word('USERNAME')
end

local function private_folder(machine)
  local function absolute(name)
    local value = machine.env(name)
    return value and value:sub(1, 1) == '/' and value or nil
  end
  -- The variable may be another user's: `sudo -E` and `su` leave it as it is.
  local function ours(folder)
    local found = folder and machine.look(folder)
    return found and found.type == 'directory' and found.uid == machine.uid
  end
  for _, folder in ipairs({ absolute('XDG_RUNTIME_DIR') or '', '/run/user/' .. machine.uid }) do
    if folder ~= '' and ours(folder) then
      return (folder:gsub('/+$', '')) .. '/devdoctor'
    end
  end
  return ((absolute('TMPDIR') or '/tmp'):gsub('/+$', '')) .. '/devdoctor-' .. machine.uid
end

-- The folder, if it is there, is ours and open to nobody else.
local function not_private(folder, machine)
  local found = machine.look(folder, true)
  if not found then
    return nil
  end
  if found.type ~= 'directory' then
    return folder .. ' is no folder, and somebody else may have laid it there; remove it'
  end
  if found.uid ~= machine.uid then
    return folder .. ' belongs to the user with the number ' .. found.uid .. ', who could pose as the daemon'
  end
  if found.mode % 64 ~= 0 then
    return folder .. ' is open to others; run `chmod 700 ' .. folder .. '`'
  end
end

--- The socket's path, or nil and why there is none to be trusted. `set` is what the
--- user's settings say, if anything.
function M.socket(set, machine)
  machine = machine or M.machine()
  local named = set ~= '' and set or machine.env('DEVDOCTOR_SOCKET')
  if machine.system:find('Windows') or machine.system:find('MINGW') then
    return pipe(named, machine)
  end
  local path = named
  if named then
    if named:sub(1, 1) ~= '/' then
      return nil, 'the socket must be an absolute path, not `' .. named .. '`'
    end
  else
    local folder = private_folder(machine)
    local bad = not_private(folder, machine)
    if bad then
      return nil, bad
    end
    path = folder .. '/daemon.sock'
  end
  local found = machine.look(path, true)
  if found and found.type == 'socket' and found.uid ~= machine.uid then
    return nil, path .. ' belongs to the user with the number ' .. found.uid .. ": it is another's daemon"
  end
  local most = machine.system == 'Linux' and 107 or 103
  if #path > most then
    return nil, path .. ' is too long for a socket, which may have ' .. most .. ' bytes'
  end
  return path
end

return M
